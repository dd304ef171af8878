//! A master key, and why a text is none.

use std::fmt;

use base64ct::{Base64Url, Encoding};

use super::finding::{Finding, Severity};
use super::fingerprint::Fingerprint;
use super::waivers::Waivers;
use super::{format, quick};
use crate::secret::{RandomError, SecretBytes, SecretText, fill_random, on_wiped_stack, same_bytes};

/// 32 secret bytes, written as 44 characters of URL-safe base64: what `Fernet.generate_key()` prints.
///
/// A value of this type has passed the strict parser and the strength checks.
pub struct MasterKey {
    bytes: SecretBytes<32>,
    /// Made at random, or judged: nothing that anybody could guess.
    random: bool,
}

impl MasterKey {
    /// A new random key from the operating system.
    pub fn generate() -> Result<Self, RandomError> {
        let bytes = SecretBytes::fill_with(|bytes| fill_random(bytes))?;
        Ok(Self { bytes, random: true })
    }

    /// Reads the 44 characters strictly, and refuses a key that the quick strength checks refuse.
    ///
    /// ```
    /// # use strongroom::master::MasterKeyError;
    /// # use strongroom::MasterKey;
    /// let key = MasterKey::generate()?;
    /// assert_eq!(MasterKey::parse(key.to_text().expose())?.fingerprint(), key.fingerprint());
    /// assert!(matches!(
    ///     MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ///     Err(MasterKeyError::Weak { .. })
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        Self::parse_accepting(text, &Waivers::none())
    }

    /// The same, where `waivers` may cover refusals: so a vault under a weak key opens, to be rotated away from it.
    pub fn parse_accepting(text: &str, waivers: &Waivers) -> Result<Self, MasterKeyError> {
        let format::Reading { key, malformed } = on_wiped_stack(|| format::read(text));
        let key = match (key.map(Self::given), malformed) {
            (Some(key), Some(finding)) if waivers.waives(&finding, key.fingerprint()) => key,
            (_, Some(finding)) => return Err(MasterKeyError::Malformed(finding)),
            (Some(key), None) => key,
            (None, None) => unreachable!("what is not malformed was read"),
        };
        key.accepted(waivers)
    }

    /// From bytes that were written in another way, under the same checks.
    #[cfg(feature = "escrow")]
    pub(crate) fn from_bytes_accepting(bytes: SecretBytes<32>, waivers: &Waivers) -> Result<Self, MasterKeyError> {
        Self::given(bytes).accepted(waivers)
    }

    fn given(bytes: SecretBytes<32>) -> Self {
        Self { bytes, random: false }
    }

    fn accepted(self, waivers: &Waivers) -> Result<Self, MasterKeyError> {
        let fingerprint = self.fingerprint();
        let counts = |finding: &Finding| finding.severity == Severity::Refuse && !waivers.waives(finding, fingerprint);
        let findings: Vec<_> = self.findings().into_iter().filter(counts).collect();
        if findings.is_empty() { Ok(self) } else { Err(MasterKeyError::Weak { fingerprint, findings }) }
    }

    /// Says that this key was made at random, by [`MasterKey::generate`] before it was written down, or by a key service. The full
    /// strength checks, which take about a second before a key becomes the active one, are then left out for it.
    #[must_use]
    pub fn known_random(self) -> Self {
        Self { random: true, ..self }
    }

    /// What the quick strength checks say of this key. [`Suspect`](crate::strength::Suspect) has the others.
    pub fn findings(&self) -> Vec<Finding> {
        on_wiped_stack(|| quick::quick(self.bytes.expose()))
    }

    /// A name for the key that is safe to show: 8 bytes derived from it, the same in every vault.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.bytes.expose())
    }

    /// The 44 characters.
    pub fn to_text(&self) -> SecretText {
        SecretText::new(Base64Url::encode_string(self.bytes.expose()))
    }

    /// Whether two values are the same key, in constant time.
    pub fn same_as(&self, other: &Self) -> bool {
        same_bytes(self.bytes.expose(), other.bytes.expose())
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        self.bytes.expose()
    }

    /// It was judged, and needs it no more.
    pub(crate) fn trust(&mut self) {
        self.random = true;
    }

    pub(crate) fn is_known_random(&self) -> bool {
        self.random
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey({})", self.fingerprint())
    }
}

/// Why a text is no master key. Never holds any part of the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// Not the one spelling of 32 bytes; the finding says what it is instead.
    #[error("{}", .0.what)]
    Malformed(Finding),
    /// The strength checks refuse it.
    #[error("the master key {fingerprint} is weak: {}", listed(findings))]
    Weak {
        /// The key they refuse, for a waiver.
        fingerprint: Fingerprint,
        /// Why.
        findings: Vec<Finding>,
    },
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{} ({})", finding.what, finding.id)).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=";

    #[test]
    fn a_key_has_one_spelling() {
        assert_eq!(MasterKey::parse(GOOD).expect("good").to_text().expose(), GOOD);
        let cases = [
            ("padding missing", GOOD.trim_end_matches('=').to_owned()),
            ("standard alphabet", GOOD.replace('_', "/").replace('-', "+")),
            ("stray character that Python's decoder drops", GOOD.replace("q3V", "q 3V")),
            ("stray character in place", GOOD.replace("q3V", "q!V")),
            ("trailing newline", format!("{GOOD}\n")),
            ("last character not canonical", GOOD.replace("E=", "F=")),
            ("31 bytes", "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAQ==".to_owned()),
            ("33 bytes", "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbEE".to_owned()),
            ("empty", String::new()),
            ("44 bytes that are not ASCII", "é".repeat(22)),
        ];
        for (what, text) in cases {
            assert!(MasterKey::parse(&text).is_err(), "{what}");
        }
    }

    #[test]
    fn errors_never_echo_the_text() {
        for text in ["secret-canary", &GOOD.replace('q', "!")] {
            let error = MasterKey::parse(text).expect_err("malformed");
            assert!(!format!("{error} {error:?}").contains(&text[1..]), "{error}");
        }
    }

    #[test]
    fn the_fingerprint_follows_the_key() {
        let key = MasterKey::parse(GOOD).expect("good");
        let other = MasterKey::generate().expect("random");
        assert_ne!(key.fingerprint(), other.fingerprint());
        assert_eq!(key.fingerprint().to_string().parse(), Ok(key.fingerprint()));
        assert!(!key.same_as(&other));
    }
}
