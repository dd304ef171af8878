//! Finds master keys in content: those it knows in any writing, those whose fingerprints it knows, and literals that
//! stand where a master key would.

mod bits;
mod candidate;
mod classes;
mod dump;
mod escapes;
mod exact;
mod find;
mod generic;
mod listing;
mod mask;
mod needle;
mod numbers;
mod packed;
mod pieces;
mod position;
mod radix;
mod sequence;
mod value;
mod wide;

use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::master_key::Fingerprint;
use crate::master_keys::MasterKeys;
use crate::versions::MasterKeyVersion;

use exact::Exact;
use find::{Find, Sweep};
use packed::{Budget, Layer, Over, Place};
use wide::Narrow;

/// What to look for in content. Built once, used by any number of threads.
///
/// ```
/// # use strongroom::scan::Scanner;
/// # use strongroom::{MasterKey, MasterKeys};
/// let key = MasterKey::generate()?;
/// let source = format!("# settings\nKEY = \"{}\"\n", key.to_text().expose());
/// let scanned = Scanner::exact(&MasterKeys::single(key)).scan("settings.py", source.as_bytes());
/// assert_eq!((scanned.hits[0].line, scanned.hits[0].kind), (2, "base64"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Scanner {
    exact: Exact,
    known: Vec<(MasterKeyVersion, Fingerprint)>,
    generic: bool,
}

impl Scanner {
    /// Finds these keys, in any writing.
    pub fn exact(keys: &MasterKeys) -> Self {
        Self { exact: Exact::new(keys), ..Self::default() }
    }

    /// Finds the keys with these fingerprints: whatever decodes to 32 bytes is fingerprinted and compared.
    pub fn fingerprints(known: impl IntoIterator<Item = (MasterKeyVersion, Fingerprint)>) -> Self {
        Self { known: known.into_iter().collect(), ..Self::default() }
    }

    /// Finds literals that decode to 32 bytes and stand where a master key would.
    pub fn generic() -> Self {
        Self { generic: true, ..Self::default() }
    }

    /// Finds what either of the two finds, in one pass.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let known = self.known.into_iter().chain(other.known).collect();
        Self { exact: self.exact.with(other.exact), known, generic: self.generic || other.generic }
    }

    /// Scans content that is in memory. `name` is its path: some files are full of what only looks like keys.
    pub fn scan(&self, name: &str, content: &[u8]) -> Scanned {
        let mut sweep = Sweep::new(name);
        let (mut start, mut over) = (0, Over::default());
        let compressed = !packed::is_gzip(content);
        loop {
            let end = content.len().min(start + WINDOW);
            let finds = self.finds(name, &content[start..], end - start, compressed, &mut over, &mut sweep.cut);
            sweep.window(&content[start..], end - start, finds, OVERLAP, end == content.len());
            if end == content.len() {
                return sweep.done(content.len() as u64);
            }
            over = over.from(end - OVERLAP - start);
            start = end - OVERLAP;
        }
    }

    /// Whether a name may not be shown: it holds a key that is looked for, or what may be one of somebody else.
    pub(in crate::scan) fn is_in_name(&self, name: &[u8]) -> bool {
        let mut likely = false;
        candidate::search(name, &mut |context, candidate| likely |= generic::is_drawn(context, &candidate));
        likely || !self.scan("", name).hits.is_empty()
    }

    /// Scans what a reader gives, in bounded memory.
    pub fn scan_reader(&self, name: &str, mut reader: impl Read) -> io::Result<Scanned> {
        let mut sweep = Sweep::new(name);
        let mut buffer = Zeroizing::new(vec![0; WINDOW]);
        let (mut kept, mut total, mut compressed) = (0, 0, true);
        loop {
            let read = fill(&mut reader, &mut buffer[kept..])?;
            let (filled, last) = (kept + read, kept + read < WINDOW);
            total += read as u64;
            compressed = compressed && !(total == read as u64 && packed::is_gzip(&buffer));
            let over = &mut Over::default();
            let finds = self.finds(name, &buffer[..filled], filled, compressed, over, &mut sweep.cut);
            sweep.window(&buffer[..filled], filled, finds, OVERLAP, last);
            if last {
                return Ok(sweep.done(total));
            }
            buffer.copy_within(WINDOW - OVERLAP.., 0);
            kept = OVERLAP;
        }
    }

    /// Of what begins in the first `len` bytes. What is gzip as a whole is unpacked by who reads the file.
    fn finds(
        &self,
        name: &str,
        content: &[u8],
        len: usize,
        compressed: bool,
        over: &mut Over,
        cut: &mut u64,
    ) -> Vec<Find> {
        let window = &content[..len];
        let mut finds = self.plain(name, window, self.generic);
        let mut budget = Budget::default();
        let mut opened = |layer, place: Place<'_>, content: &[u8], budget: &mut Budget| {
            self.opened(name, layer, place, content, DEPTH, budget, &mut finds);
        };
        packed::each(content, len, compressed, over, &mut budget, &mut opened);
        if let Some(narrow) = Narrow::of(window) {
            packed::each(
                narrow.bytes(),
                narrow.bytes().len(),
                false,
                &mut Over::default(),
                &mut budget,
                &mut |layer, place, content, budget| {
                    opened(layer, &|span| narrow.span(place(span)), content, budget);
                },
            );
        }
        *cut += budget.cut;
        finds
    }

    /// What stands in the window as it is.
    fn plain(&self, name: &str, window: &[u8], generic: bool) -> Vec<Find> {
        let mut finds = vec![];
        self.exact.search(window, &mut finds);
        if generic || !self.known.is_empty() {
            candidate::search(window, &mut |context, candidate| {
                finds.extend(candidate.known(&self.known));
                if generic {
                    finds.extend(generic::judge(name, window, context, &candidate));
                }
            });
        }
        finds
    }

    /// What stands in content that was packed at `place`, and in what is packed there. Names that are encoded with a
    /// literal were read where the literal was.
    #[expect(clippy::too_many_arguments, reason = "one step of a recursion")]
    fn opened(
        &self,
        name: &str,
        layer: Layer,
        place: Place<'_>,
        content: &[u8],
        depth: u32,
        budget: &mut Budget,
        finds: &mut Vec<Find>,
    ) {
        let mut inner = self.plain(name, content, self.generic && layer == Layer::Compressed);
        if depth > 1 {
            let over = &mut Over::default();
            packed::each(content, content.len(), true, over, budget, &mut |layer, place, content, budget| {
                self.opened(name, layer, place, content, depth - 1, budget, &mut inner);
            });
        }
        finds.extend(inner.into_iter().map(|find| Find { span: place(find.span.clone()), ..find }));
    }
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Scanner({} keys, {} fingerprints, generic {})", self.exact.len(), self.known.len(), self.generic)
    }
}

/// What a scan of one content found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Scanned {
    /// In the order of their places.
    pub hits: Vec<Hit>,
    /// How many more there were, silenced by a comment on their line.
    pub allowed: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many layers of packed content were not unpacked to their end, because too much came out.
    pub cut: u64,
}

/// A place where a master key lies. It holds nothing of the key but its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// From 1.
    pub line: u64,
    /// In bytes, from 1.
    pub column: u64,
    /// What found it.
    pub mode: ScanMode,
    /// The writing or the rule: `base64`, `byte-array`, `fernet`. Stable.
    pub kind: &'static str,
    /// The version of the key, where the key is known.
    pub version: Option<MasterKeyVersion>,
    /// The fingerprint of the 32 bytes, where they are 32.
    pub fingerprint: Option<Fingerprint>,
}

/// How a key was found, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScanMode {
    /// It is a key that the scanner was given.
    Exact,
    /// Its fingerprint is one that the scanner was given.
    Fingerprint,
    /// It stands where a master key would.
    Generic,
}

impl ScanMode {
    /// `exact`, `fingerprint`, `generic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Fingerprint => "fingerprint",
            Self::Generic => "generic",
        }
    }
}

/// Reads until the buffer is full or there is no more.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What is searched at a time: small enough for the caches.
const WINDOW: usize = 512 * 1024;

/// How many layers of packed content are opened one inside the other.
const DEPTH: u32 = 4;

/// What two windows share: longer than any writing of a key that is recognised.
const OVERLAP: usize = 16 * 1024;
