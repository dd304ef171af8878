//! Content inside of content: what base64, hexadecimal and the encodings of mail hold, and what is compressed anywhere.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::candidates::runs;
use super::escapes;

pub(super) mod budget;
mod encoded;
mod inflate;
pub(super) mod layer;
mod mail;
mod trial;

pub(super) use inflate::is_gzip;

use budget::Budget;
use layer::{Layer, Opened};
use trial::LEAST_CONTENT;

/// Up to where texts of each form have been read: one may go on behind its window, and is read once.
#[derive(Clone, Copy, Default)]
pub(super) struct Over {
    gzip: usize,
    percent: usize,
    runs: usize,
}

impl Over {
    /// As seen from a window that begins at `at` of this one.
    pub(super) fn from(self, at: usize) -> Self {
        let [gzip, percent, runs] = [self.gzip, self.percent, self.runs].map(|over| over.saturating_sub(at));
        Self { gzip, percent, runs }
    }
}

/// Tells `opened` what begins in the window, the first `len` bytes of the content, one layer of it. Who unpacks the
/// content as a whole leaves out what is compressed.
pub(super) fn each(
    content: &[u8],
    len: usize,
    compressed: bool,
    over: &mut Over,
    budget: &mut Budget,
    opened: Opened<'_>,
) {
    let window = &content[..len];
    if compressed {
        inflate::each(content, len, budget, opened);
    }
    mail::each(window, budget, opened);
    escaped(window, budget, opened);
    // One for all: what is set aside is wiped, byte after byte.
    let mut text = encoded::Text::default();
    // gzip in base64 begins with the same characters always: whatever cuts it up, its beginning is known.
    let mut begun = vec![];
    for at in GZIP_IN_BASE64.find_iter(window) {
        if at >= over.gzip {
            begun.push(at);
            over.gzip = base64(content, &(at..at + 4), false, &mut text, budget, opened);
        }
    }
    for at in PERCENT.find_iter(window) {
        if at >= over.percent && encoded::is_escape(&window[at..]) {
            let start = encoded::start(window, at);
            over.percent = base64(content, &(start..at), true, &mut text, budget, opened).max(at + 1);
        }
    }
    for run in runs(window, LEAST_ENCODED) {
        if run.end > over.runs && begun.binary_search(&run.start).is_err() {
            over.runs = base64(content, &(run.start.max(over.runs)..run.end), true, &mut text, budget, opened);
        }
    }
}

/// Base64 or hexadecimal around a run, with what precedes it if it may be the middle of something.
fn base64(
    content: &[u8],
    run: &Range<usize>,
    middle: bool,
    text: &mut encoded::Text,
    budget: &mut Budget,
    opened: Opened<'_>,
) -> usize {
    text.read(content, run, middle);
    let decoded = text.decoded();
    if decoded.len() >= LEAST_CONTENT {
        inflate::bare(decoded, &text.span(), budget, opened);
        opened(Layer::Encoded, &|part| text.part(&part), decoded, budget);
    }
    text.span().end
}

/// gzip in a string with escapes, as sources embed files.
fn escaped(window: &[u8], budget: &mut Budget, opened: Opened<'_>) {
    let begins = |at: &usize| memmem::find(&window[at + 3..window.len().min(at + 10)], b"x8b").is_some();
    for (number, at) in ESCAPED_GZIP.find_iter(window).filter(begins).enumerate() {
        if number == MOST_ESCAPED {
            budget.cut += 1;
            return;
        }
        let start = at - window[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        let region = &window[start..window.len().min(start + LONGEST_ESCAPED)];
        let mut text = escapes::decode(region);
        // In a string inside of a string, each backslash stands twice.
        for _ in 0..2 {
            let Some(first) = text.first().filter(|first| !is_gzip(first.bytes())) else { break };
            text = escapes::decode(first.bytes());
        }
        for decoded in text.iter().filter(|decoded| is_gzip(decoded.bytes())) {
            inflate::gzip(decoded.bytes(), &(start..start + region.len()), budget, opened);
        }
    }
}

/// The base64 of fewer bytes than a key with a header around it was read as it is.
const LEAST_ENCODED: usize = 60;

/// How many strings with escapes are decoded in a window, and how much of one.
const MOST_ESCAPED: usize = 16;
const LONGEST_ESCAPED: usize = 128 * 1024;

static GZIP_IN_BASE64: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"H4sI"));
static PERCENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"%2"));
static ESCAPED_GZIP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"x1f"));
