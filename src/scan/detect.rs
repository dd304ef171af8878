//! Finds master keys in content: those it knows in any writing, those whose fingerprints it knows, and literals that
//! stand where a master key would.

mod bits;
mod candidate;
mod candidates;
pub(in crate::scan) mod classes;
mod dump;
mod escapes;
mod exact;
mod find;
mod generic;
pub(in crate::scan) mod hit;
mod listing;
pub(in crate::scan) mod marks;
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
pub(in crate::scan) mod window;

use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::master_key::Fingerprint;
use crate::master_keys::MasterKeys;
use crate::versions::MasterKeyVersion;

use exact::Exact;
use find::{Find, Sweep};
use hit::Scanned;
use marks::Marks;
use packed::Over;
use packed::budget::Budget;
use packed::layer::{Layer, Place};
use wide::Narrow;
use window::{OVERLAP, WINDOW, fill};

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
    marks: Marks,
}

impl Scanner {
    /// Finds these keys, in any writing.
    ///
    /// # Panics
    ///
    /// If they are more than 10,000.
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
        let (generic, marks) = (self.generic || other.generic, self.marks.max(other.marks));
        Self { exact: self.exact.with(other.exact), known, generic, marks }
    }

    /// Which comments beside a key allow it. Of two scanners that become one, what the stricter heeds.
    #[must_use]
    pub fn marks(mut self, marks: Marks) -> Self {
        self.marks = marks;
        self
    }

    /// Scans content that is in memory. `name` is its path: some files are full of what only looks like keys.
    pub fn scan(&self, name: &str, content: &[u8]) -> Scanned {
        self.scan_as(name, content, !packed::is_gzip(content))
    }

    /// The same. What is compressed inside is left out for who opens the content as a whole.
    pub(in crate::scan) fn scan_as(&self, name: &str, content: &[u8], compressed: bool) -> Scanned {
        let mut sweep = Sweep::new(self.marks);
        let (mut start, mut over, mut budget) = (0, Over::default(), Budget::default());
        loop {
            let end = content.len().min(start + WINDOW);
            let finds = self.finds(name, &content[start..], end - start, compressed, &mut over, &mut budget);
            sweep.window(&content[start..], end - start, finds, OVERLAP, end == content.len());
            if end == content.len() {
                return sweep.done(content.len() as u64, budget.cut);
            }
            over = over.from(end - OVERLAP - start);
            start = end - OVERLAP;
        }
    }

    /// Whether a name holds a key that is looked for.
    pub(in crate::scan) fn is_in_name(&self, name: &[u8]) -> bool {
        !self.scan("", name).hits.is_empty()
    }

    /// Scans what a reader gives, in bounded memory.
    pub fn scan_reader(&self, name: &str, reader: impl Read) -> io::Result<Scanned> {
        self.scan_reader_as(name, reader, true)
    }

    pub(in crate::scan) fn scan_reader_as(
        &self,
        name: &str,
        mut reader: impl Read,
        mut compressed: bool,
    ) -> io::Result<Scanned> {
        let mut sweep = Sweep::new(self.marks);
        let mut budget = Budget::default();
        // What is short needs no room for more.
        let mut buffer = Zeroizing::new(vec![0; FIRST_WINDOW]);
        let (mut kept, mut total) = (0, 0);
        loop {
            let mut read = fill(&mut reader, &mut buffer[kept..])?;
            if buffer.len() == FIRST_WINDOW && kept + read == FIRST_WINDOW {
                let mut longer = Zeroizing::new(vec![0; WINDOW]);
                longer[..FIRST_WINDOW].copy_from_slice(&buffer);
                read += fill(&mut reader, &mut longer[FIRST_WINDOW..])?;
                buffer = longer;
            }
            let (filled, last) = (kept + read, kept + read < WINDOW);
            total += read as u64;
            compressed = compressed && !(total == read as u64 && packed::is_gzip(&buffer));
            let over = &mut Over::default();
            let finds = self.finds(name, &buffer[..filled], filled, compressed, over, &mut budget);
            sweep.window(&buffer[..filled], filled, finds, OVERLAP, last);
            if last {
                return Ok(sweep.done(total, budget.cut));
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
        budget: &mut Budget,
    ) -> Vec<Find> {
        let window = &content[..len];
        let mut finds = self.plain(name, window, self.generic);
        budget.next_window(len as u64);
        let mut opened = |layer, place: Place<'_>, content: &[u8], budget: &mut Budget| {
            self.opened(name, layer, place, content, DEPTH, budget, &mut finds);
        };
        packed::each(content, len, compressed, over, budget, &mut opened);
        if let Some(narrow) = Narrow::of(window) {
            packed::each(
                narrow.bytes(),
                narrow.bytes().len(),
                false,
                &mut Over::default(),
                budget,
                &mut |layer, place, content, budget| {
                    opened(layer, &|span| narrow.span(place(span)), content, budget);
                },
            );
        }
        finds
    }

    /// What stands in the window as it is.
    fn plain(&self, name: &str, window: &[u8], generic: bool) -> Vec<Find> {
        let mut finds = vec![];
        self.exact.search(window, &mut finds);
        if generic || !self.known.is_empty() {
            candidates::search(window, &mut |context, candidate| {
                finds.extend(candidate.known(&self.known));
                if generic {
                    finds.extend(generic::judge(name, window, context, &candidate));
                }
            });
            if generic {
                generic::derived(name, window, &mut finds);
            }
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

/// What is set aside at first of a stream, which may be a short member of an archive.
const FIRST_WINDOW: usize = 16 * 1024;

/// How many layers of packed content are opened one inside the other.
const DEPTH: u32 = 4;
