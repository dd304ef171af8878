//! Finds keys that are known, in any writing.
//!
//! Three passes look over all of the content: for fragments of a writing's letters and digits, whatever stands between
//! them; for numbers; and for runs of escapes. What they point at is decoded in several ways, and compared as a whole.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::master_key::Fingerprint;
use crate::master_keys::MasterKeys;
use crate::versions::MasterKeyVersion;

use super::escapes::{self, Decoded};
use super::find::Find;
use super::hit::ScanMode;
use super::needle::{Needle, writings};
use super::numbers::Numbers;
use super::sequence::sequences;
use super::wide::Narrow;
use super::{bits, dump, listing, pieces};

mod fragments;
mod raw;
mod run;

use fragments::Fragments;
use raw::{Pattern, Raw};
use run::Run;

/// Known keys with all their writings.
#[derive(Default)]
pub(super) struct Exact {
    keys: Vec<Known>,
    needles: Vec<Needle>,
    fragments: Fragments,
    raw: Raw,
    numbers: Numbers,
}

struct Known {
    version: MasterKeyVersion,
    fingerprint: Fingerprint,
    bytes: Zeroizing<[u8; 32]>,
}

impl Exact {
    pub(super) fn new(keys: &MasterKeys) -> Self {
        let known = keys.iter().map(|(version, key)| Known::new(version, key.fingerprint(), key.expose()));
        Self::of(known.collect())
    }

    pub(super) fn with(self, other: Self) -> Self {
        if other.keys.is_empty() { self } else { Self::of(self.keys.into_iter().chain(other.keys).collect()) }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    fn of(keys: Vec<Known>) -> Self {
        let needles: Vec<_> = keys.iter().enumerate().flat_map(|(key, known)| writings(key, &known.bytes)).collect();
        let fragments = Fragments::of(&needles, keys.len());
        let raw = Raw::of(keys.iter().enumerate().flat_map(|(key, known)| known.patterns(key)).collect());
        let sequences = keys.iter().enumerate().flat_map(|(key, known)| sequences(key, &known.bytes)).collect();
        Self { keys, needles, fragments, raw, numbers: Numbers::new(sequences) }
    }

    /// Adds every place in `window` where a key lies.
    pub(super) fn search(&self, window: &[u8], finds: &mut Vec<Find>) {
        if self.keys.is_empty() {
            return;
        }
        self.raw(window, finds);
        self.text(window, 0, finds);
        self.listed(window, finds);
        if let Some(narrow) = Narrow::of(window) {
            let mut inner = vec![];
            self.listed(narrow.bytes(), &mut inner);
            finds.extend(inner.into_iter().map(|find| Find { span: narrow.span(find.span.clone()), ..find }));
        }
    }

    /// Lists of numbers, and escapes.
    fn listed(&self, window: &[u8], finds: &mut Vec<Find>) {
        self.numbers.search(window, &mut |sequence, span| {
            finds.push(self.find(sequence.key, sequence.kind, span.start, span.end));
        });
        escapes::regions(window, |region| self.escaped(window, region, 0, finds));
        listing::each(window, &mut |span, bytes| self.decoded("dump", &span, bytes, finds));
        bits::each(window, &mut |span, bytes| self.decoded("binary", &span, bytes, finds));
    }

    /// Bytes that a stretch of the content stands for: a key there may be bytes or text.
    fn decoded(&self, kind: &'static str, span: &Range<usize>, bytes: &[u8], finds: &mut Vec<Find>) {
        let mut inner = vec![];
        self.raw(bytes, &mut inner);
        self.text(bytes, DEPTH, &mut inner);
        finds.extend(inner.into_iter().map(|find| Find { span: span.clone(), kind, ..find }));
    }

    /// The bytes themselves.
    fn raw(&self, window: &[u8], finds: &mut Vec<Find>) {
        self.raw.search(window, &mut |pattern, span| {
            finds.push(self.find(pattern.key, pattern.kind, span.start, span.end));
        });
    }

    /// Writings by their letters and digits: the last four of those that were seen are looked up.
    fn text(&self, window: &[u8], depth: u32, finds: &mut Vec<Find>) {
        let mut state = State::default();
        let (mut from, mut recent) = (0, 0);
        while let Some((at, seen)) = self.fragments.next(window, from, recent) {
            (from, recent) = (at + 1, seen);
            for (needle, place) in self.fragments.holding(window, at, recent) {
                self.fragment(window, at, needle, place, depth, &mut state, finds);
            }
        }
    }

    /// A fragment that ends at `at` with the character at `place` of a needle.
    #[expect(clippy::too_many_arguments, reason = "one step of a loop, apart for its length")]
    fn fragment(
        &self,
        window: &[u8],
        at: usize,
        index: usize,
        place: usize,
        depth: u32,
        state: &mut State,
        finds: &mut Vec<Find>,
    ) {
        if state.of(index).is_some_and(|seen| at < seen.done) {
            return;
        }
        let needle = &self.needles[index];
        let run = Run::around(window, at, needle, place);
        if run.len() < needle.weak {
            return;
        }
        let seen = state.needles.entry(index).or_default();
        seen.done = run.end;
        if run.len() == needle.dense.len()
            && let Some(span) = run.whole(window, needle)
        {
            finds.push(self.find(needle.key, needle.kind, span.start, span.end));
            return;
        }
        let (last_end, last_place) = std::mem::replace(&mut seen.last, (run.end, run.place));
        let follows = run.start.saturating_sub(last_end) < PIECES_APART && run.place > last_place && last_end > 0;
        if (run.len() >= needle.strong() || follows) && depth < DEPTH {
            self.around(window, &run, index, depth, state, finds);
        }
    }

    /// Part of a needle was seen: decodes what stands around it, and puts pieces together.
    fn around(&self, window: &[u8], run: &Run, index: usize, depth: u32, state: &mut State, finds: &mut Vec<Find>) {
        let needle = &self.needles[index];
        let region = run.start.saturating_sub(REACH)..window.len().min(run.end + REACH);
        let seen = state.needles.entry(index).or_default();
        if run.end >= seen.joined
            && let Some(span) = pieces::joined(window, region.clone(), needle)
        {
            finds.push(self.find(needle.key, needle.kind, span.start, span.end));
        }
        seen.joined = seen.joined.max(run.end + JOINED_APART);
        let viewed = state.viewed.entry(needle.key).or_default();
        if run.end < *viewed {
            return;
        }
        *viewed = run.end + REACH / 2;
        for dump in dump::lines(&window[region.clone()]) {
            let mut inner = vec![];
            self.raw(dump.bytes(), &mut inner);
            self.text(dump.bytes(), DEPTH, &mut inner);
            finds.extend(inner.into_iter().map(|find| {
                let span = dump.span(find.span.start, find.span.len());
                Find { span: region.start + span.start..region.start + span.end, kind: "hex-dump", ..find }
            }));
        }
        self.escaped(window, region, depth, finds);
    }

    /// Decodes escapes, and looks for bytes and text in what comes out.
    fn escaped(&self, window: &[u8], region: Range<usize>, depth: u32, finds: &mut Vec<Find>) {
        for decoded in escapes::decode(&window[region.clone()]) {
            // What has no escapes was searched as it is.
            if decoded.bytes() == &window[region.clone()] {
                continue;
            }
            let mut inner = vec![];
            self.raw(decoded.bytes(), &mut inner);
            self.text(decoded.bytes(), depth + 1, &mut inner);
            if depth < NESTED {
                escapes::regions(decoded.bytes(), |region| {
                    self.escaped(decoded.bytes(), region, depth + 1, &mut inner);
                });
            }
            finds.extend(inner.into_iter().map(|find| lifted(find, &decoded, region.start)));
        }
    }

    fn find(&self, key: usize, kind: &'static str, start: usize, end: usize) -> Find {
        let Known { version, fingerprint, .. } = self.keys[key];
        Find {
            span: start..end,
            mode: ScanMode::Exact,
            kind,
            version: Some(version),
            fingerprint: Some(fingerprint),
            weak: None,
        }
    }
}

/// A find in decoded bytes, where it stands in the window.
fn lifted(find: Find, decoded: &Decoded, start: usize) -> Find {
    let span = decoded.span(find.span.clone());
    let kind = if matches!(find.kind, "raw" | "raw-reversed") { "escapes" } else { find.kind };
    Find { span: start + span.start..start + span.end, kind, ..find }
}

impl Known {
    fn new(version: MasterKeyVersion, fingerprint: Fingerprint, bytes: &[u8; 32]) -> Self {
        Self { version, fingerprint, bytes: Zeroizing::new(*bytes) }
    }

    fn patterns(&self, key: usize) -> [Pattern; 3] {
        let reversed = Zeroizing::new(self.bytes.iter().rev().copied().collect());
        let characters: Zeroizing<String> = Zeroizing::new(self.bytes.iter().copied().map(char::from).collect());
        [
            Pattern { key, kind: "raw", bytes: Zeroizing::new(self.bytes.to_vec()) },
            Pattern { key, kind: "raw-reversed", bytes: reversed },
            Pattern { key, kind: "raw-utf8", bytes: Zeroizing::new(characters.as_bytes().to_vec()) },
        ]
    }
}

/// What a pass over text remembers of the few needles and keys of which it saw a part.
#[derive(Default)]
struct State {
    needles: HashMap<usize, Seen>,
    /// Up to where the content has been decoded for a key.
    viewed: HashMap<usize, usize>,
}

impl State {
    fn of(&self, needle: usize) -> Option<&Seen> {
        if self.needles.is_empty() { None } else { self.needles.get(&needle) }
    }
}

#[derive(Default)]
struct Seen {
    /// Up to where the needle's fragments have been looked at.
    done: usize,
    /// Where the last fragment ended, and its place in the needle.
    last: (usize, usize),
    /// Up to where the needle's pieces have been put together.
    joined: usize,
}

/// How far around a part of a key its other parts are looked for.
const REACH: usize = 4096;

/// How far two small pieces of a key may stand apart.
const PIECES_APART: usize = 1024;

/// Pieces nearer to each other than this are put together once: content may repeat a part of a key without end.
const JOINED_APART: usize = REACH / 8;

/// How often escapes may be escaped.
const DEPTH: u32 = 4;

/// The same for bytes, of which no part is seen before all escapes are read.
const NESTED: u32 = 2;
