//! Content inside of content: what base64, hexadecimal and the encodings of mail hold, and what is compressed anywhere.

use std::ops::Range;

use super::candidate::runs;

mod encoded;
mod inflate;
mod mail;

pub(super) use inflate::Budget;

/// What content was taken out of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Compressed,
    Encoded,
}

/// Takes content with the layer it came from and where that stands in the window.
pub(super) type Opened<'o> = &'o mut dyn FnMut(Layer, Range<usize>, &[u8], &mut Budget);

/// Tells `opened` what is packed in the window, one layer of it.
pub(super) fn each(window: &[u8], budget: &mut Budget, opened: Opened<'_>) {
    inflate::each(window, budget, opened);
    mail::each(window, budget, opened);
    let mut over = 0;
    for run in runs(window, LEAST_ENCODED) {
        if run.start < over {
            continue;
        }
        let text = encoded::lines(window, run);
        over = text.end;
        let content = encoded::decode(&window[text.clone()]);
        if content.len() >= LEAST_CONTENT {
            inflate::bare(&content, text.clone(), budget, opened);
            opened(Layer::Encoded, text.clone(), &content, budget);
        }
        // gzip in base64 begins with the same characters always, and something may stand before it.
        if let Some(place) = memchr::memmem::find(&window[text.clone()], b"H4sI").filter(|place| place % 4 > 0) {
            let text = text.start + place..text.end;
            opened(Layer::Encoded, text.clone(), &encoded::decode(&window[text]), budget);
        }
    }
}

/// The base64 of fewer bytes than a key with a header around it was read as it is.
const LEAST_ENCODED: usize = 60;

/// Shorter than a key.
const LEAST_CONTENT: usize = 32;
