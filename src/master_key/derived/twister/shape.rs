//! How a twister is seeded, and how much of it is looked at.

/// How a seed becomes a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Seeding {
    /// `init_by_array`: Python and Ruby.
    Array,
    /// `init_genrand`: NumPy's `RandomState`, PHP, C++.
    Single,
}

pub(super) const WIDTH: usize = ROWS * LANES;
pub(super) const ROWS: usize = 2;
pub(super) const LANES: usize = 32;
pub(super) const OUTPUTS: usize = 12;
/// So many of them say no to nearly every candidate of a draw that rejects every second word.
pub(super) const FIRST_LOOK: usize = 6;
/// Output 13 takes words 13, 14 and 410.
pub(super) const LAST_NEEDED: usize = 410;
