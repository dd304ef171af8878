//! Every check of one text that should be a master key, well-formed or not.

use std::fmt;

use super::finding::{Finding, Severity};
use super::fingerprint::Fingerprint;
use super::key::MasterKey;
use super::quick::quick;
use super::{format, published, relations, slips};
use crate::key_list::{self, ListError};
use crate::secret::{SecretBytes, on_wiped_stack};
use crate::versions::MasterKeyVersion;

/// A text that should be a master key, under judgement: it cannot be used as one.
///
/// ```
/// # use strongroom::strength::Suspect;
/// # use strongroom::MasterKey;
/// let good = MasterKey::generate()?;
/// assert!(Suspect::read(good.to_text().expose()).quick_findings().is_empty());
/// let hex = Suspect::read(&"0123456789abcdef".repeat(4));
/// assert_eq!(hex.quick_findings()[0].id, "format-hex");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Suspect {
    key: Option<SecretBytes<32>>,
    malformed: Option<Finding>,
}

impl Suspect {
    /// Reads a text. Where it is misspelled and its 32 bytes can be told nevertheless, they are judged too.
    pub fn read(text: &str) -> Self {
        let format::Reading { key, malformed } = on_wiped_stack(|| format::read(text));
        Self { key, malformed }
    }

    /// Reads one key, or a list in the syntax of [`MasterKeys::parse`](crate::MasterKeys::parse), with the version that
    /// each stands for. What is no entry of a list is a suspect as well, of which nothing but that is known.
    pub fn read_list(text: &str) -> Vec<(Option<MasterKeyVersion>, Self)> {
        let faulty = |fault: ListError| {
            let id = match fault {
                ListError::Empty => "format-empty",
                ListError::Version { .. } => "format-version",
                ListError::Mistaken(_) => "format-mistaken",
                ListError::Quote => "format-quoted",
                _ => "format-entry",
            };
            let what = match fault {
                ListError::Entry { .. } => "it is not VERSION:KEY".to_owned(),
                ListError::Version { .. } => "its version is not a number from 1".to_owned(),
                fault => fault.to_string(),
            };
            let malformed = Finding::malformed(id, what, "give one key, or a list of versions and keys");
            (None, Self { key: None, malformed: Some(malformed) })
        };
        let list = match key_list::plain(text) {
            Ok(list) => list,
            Err(fault) => return vec![faulty(fault)],
        };
        if !key_list::is_list(&list) {
            // What is wrong with one key is best said of it as it was written.
            let bare = Self::read(list.trim());
            return vec![(None, if bare.key.is_some() { bare } else { Self::read(text) })];
        }
        let text = list.as_str();
        let entry = |entry: key_list::Entry<'_>| {
            entry.map_or_else(faulty, |(_, version, key)| (Some(version), Self::read(key)))
        };
        match key_list::each_entry(text) {
            Ok(entries) => entries.into_iter().map(entry).collect(),
            Err(fault) => vec![faulty(fault)],
        }
    }

    /// A key that is in use.
    pub fn of(key: &MasterKey) -> Self {
        let copied = SecretBytes::fill_with(|bytes| {
            bytes.copy_from_slice(key.expose());
            Ok::<(), std::convert::Infallible>(())
        });
        Self { key: copied.ok(), malformed: None }
    }

    /// The fingerprint, if there are 32 bytes.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.key.as_ref().map(|key| Fingerprint::of(key.expose()))
    }

    /// Format, structure, and the list of published keys: microseconds.
    pub fn quick_findings(&self) -> Vec<Finding> {
        let strength = self.key.iter().flat_map(|key| on_wiped_stack(|| quick(key.expose())));
        self.malformed.iter().cloned().chain(strength).collect()
    }

    /// The quick ones, and whether the key is derived from a word, a password or a small seed: about a second.
    #[cfg(feature = "strength")]
    pub fn findings(&self, now: crate::time::Timestamp) -> Vec<Finding> {
        self.search(|key| super::derived::check(key, now))
    }

    /// Everything that [`Suspect::findings`] tries, and much further: every second since 2015, long lists of compounds, more
    /// iterations. A minute or two, on all processors; `watch` hears now and then which share is done, in thousandths, and may
    /// stop it: `None` then, for nothing can be said of a key for which not everything was tried.
    #[cfg(feature = "strength")]
    pub fn findings_thorough<V: crate::arguments::Verdict>(
        &self,
        now: crate::time::Timestamp,
        mut watch: impl FnMut(u32) -> V,
    ) -> Option<Vec<Finding>> {
        let mut stopped = false;
        let findings = self.search(|key| {
            super::derived::check_thoroughly(key, now, &mut |done| {
                let flow = watch(done).flow();
                stopped |= flow.is_break();
                flow
            })
        });
        (!stopped).then_some(findings)
    }

    #[cfg(feature = "strength")]
    fn search(&self, derived: impl FnOnce(&[u8; 32]) -> Option<Finding>) -> Vec<Finding> {
        let mut findings = self.quick_findings();
        if let Some(key) = &self.key {
            super::derived::describe_texts(key.expose(), &mut findings);
            // A key that is refused already has its remedy.
            if !findings
                .iter()
                .any(|finding| finding.severity == Severity::Refuse && !finding.id.starts_with("format-"))
            {
                findings.extend(self.nearly_published().or_else(|| derived(key.expose())));
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    /// Whether this key and another follow from one another; `other` is how the message calls the other.
    pub fn relation(&self, other: &Self, name: &str) -> Option<Finding> {
        let (one, two) = (self.key.as_ref()?, other.key.as_ref()?);
        let slip = on_wiped_stack(|| slips::slip(one.expose(), two.expose()));
        if let Some(how) = slip {
            let what = format!("{name} is nearly the same key, which {how}: probably a slip of the pen");
            return Some(Finding::new("mistyped", Severity::Refuse, what).remedy(COPY_AGAIN));
        }
        let how = on_wiped_stack(|| relations::relation(two.expose(), one.expose()))?;
        Some(Finding::new("related", Severity::Refuse, format!("against {name} it is {how}: who knows one knows both")))
    }

    /// Whether this is a published key that was copied with a slip of the pen: milliseconds.
    pub(crate) fn nearly_published(&self) -> Option<Finding> {
        self.key.as_ref().and_then(|key| on_wiped_stack(|| published::check_slips(key.expose())))
    }

    /// Whether the value of an environment variable holds this key in some spelling. The value is not kept or shown.
    pub fn held_by(&self, variable: &str, value: &[u8]) -> Option<Finding> {
        let held = self.key.as_ref().is_some_and(|key| on_wiped_stack(|| relations::held_in(key.expose(), value)));
        held.then(|| {
            let what =
                format!("the environment variable {variable} holds it as well: every child process can read it there");
            Finding::new("environment", Severity::Warn, what)
                .remedy("remove that variable, or give that use a key of its own")
        })
    }
}

impl fmt::Debug for Suspect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fingerprint() {
            Some(print) => write!(out, "Suspect({print})"),
            None => out.write_str("Suspect"),
        }
    }
}

const COPY_AGAIN: &str = "copy the new key again from where it was made, and compare its fingerprint with the one that `strongroom \
    master-key generate` showed; or make a new one";
