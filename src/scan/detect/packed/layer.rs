//! What comes out of packed content, and where it stood.

use std::ops::Range;

use super::budget::Budget;

/// What content was taken out of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::detect) enum Layer {
    Compressed,
    Encoded,
}

/// Where a part of what was taken out stands.
pub(in crate::scan::detect) type Place<'p> = &'p dyn Fn(Range<usize>) -> Range<usize>;

/// Takes content with the layer it came from and the places of its parts.
pub(in crate::scan::detect) type Opened<'o> = &'o mut dyn FnMut(Layer, Place<'_>, &[u8], &mut Budget);
