//! One finding for each secret, with all its places.

use std::collections::HashMap;

use super::detect::hit::{Sameness, ScanMode};
use super::report::{Found, GitObject, ScanPlace};
use crate::master_key::Fingerprint;
use crate::versions::MasterKeyVersion;

/// Gathers places by the secret that lies there.
///
/// ```
/// # use strongroom::scan::{Scan, ScanEvent, Scanner, Secrets};
/// # use strongroom::{MasterKey, MasterKeys};
/// # let folder = tempfile::tempdir()?;
/// let key = MasterKey::generate()?;
/// for name in ["a.py", "b.py"] {
///     std::fs::write(folder.path().join(name), format!("KEY = '{}'\n", key.to_text().expose()))?;
/// }
/// let scan = Scan::new(Scanner::exact(&MasterKeys::single(key)));
/// let mut secrets = Secrets::default();
/// scan.tree(&[folder.path().to_owned()], |event| {
///     if let ScanEvent::Found(found) = event {
///         secrets.add(found);
///     }
/// });
/// let secrets = secrets.into_ranked();
/// assert_eq!((secrets.len(), secrets[0].places.len()), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Secrets {
    all: Vec<Secret>,
    /// How many places are kept, of all of them.
    kept: usize,
    known: HashMap<Identity, usize>,
}

/// A secret that was found, and where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Secret {
    /// The surest mode that found it.
    pub mode: ScanMode,
    /// The version of the key, where the key is known.
    pub version: Option<MasterKeyVersion>,
    /// The fingerprint of the 32 bytes, where they are 32.
    pub fingerprint: Option<Fingerprint>,
    /// Why the checks of master keys would refuse it.
    pub weak: Option<&'static str>,
    /// Where it lies, in the order of places and paths: the first [`Secrets::MOST_PLACES`] that were told.
    pub places: Vec<Found>,
    /// How many places there are.
    pub count: u64,
    oldest: Option<GitObject>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Identity {
    Key(Fingerprint),
    Text(Sameness),
}

impl Secrets {
    /// So many places of one secret are kept; the others are counted.
    pub const MOST_PLACES: usize = 10_000;

    /// So many secrets are kept, and beside the first place of each so many places of all of them: a scan that finds a key in every
    /// file ends as well.
    pub const MOST: usize = 100_000;

    /// Adds a place.
    pub fn add(&mut self, found: Found) {
        let hit = &found.hit;
        let identity = hit.fingerprint.map_or(Identity::Text(hit.sameness), Identity::Key);
        let at = match self.known.get(&identity) {
            Some(at) => *at,
            None if self.all.len() == Self::MOST => return,
            None => {
                self.known.insert(identity, self.all.len());
                self.all.push(Secret::of(&found));
                self.all.len() - 1
            }
        };
        let secret = &mut self.all[at];
        let keep = secret.places.is_empty() || secret.places.len() < Self::MOST_PLACES && self.kept < Self::MOST;
        self.kept += usize::from(keep);
        secret.add(found, keep);
    }

    /// How many secrets there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The gravest first: keys that are known, those that anybody can guess, the others; and then by their first places.
    pub fn into_ranked(self) -> Vec<Secret> {
        let mut secrets = self.all;
        for secret in &mut secrets {
            secret.places.sort_by_cached_key(order);
        }
        secrets.sort_by_cached_key(|secret| {
            let guessed = secret.mode == ScanMode::Generic && secret.weak.is_none();
            (secret.mode == ScanMode::Generic, guessed, secret.version, secret.places.first().map(order))
        });
        secrets
    }
}

impl Secret {
    fn of(found: &Found) -> Self {
        let hit = &found.hit;
        let (mode, version, fingerprint, weak) = (hit.mode, hit.version, hit.fingerprint, hit.weak);
        Self { mode, version, fingerprint, weak, places: vec![], count: 0, oldest: None }
    }

    fn add(&mut self, found: Found, keep: bool) {
        self.mode = self.mode.min(found.hit.mode);
        self.version = self.version.or(found.hit.version);
        self.weak = self.weak.or(found.hit.weak);
        self.count += 1;
        if let Some(object) = &found.object
            && let Some(at) = object.committed_at
            && self.oldest.as_ref().is_none_or(|oldest| oldest.committed_at.is_some_and(|oldest| at < oldest))
        {
            self.oldest = Some(object.clone());
        }
        if keep {
            self.places.push(found);
        }
    }

    /// The object in git's history that held it first, by the committers' clocks.
    pub fn oldest(&self) -> Option<&GitObject> {
        self.oldest.as_ref()
    }
}

/// By place and path, whatever the order of the threads.
fn order(found: &Found) -> impl Ord + use<> {
    let object = found.object.as_ref().map(|object| object.id.clone());
    let hit = &found.hit;
    let place: ScanPlace = found.place;
    (place, found.path.clone(), object, hit.line, hit.column, hit.kind, hit.mode, found.inside.clone())
}
