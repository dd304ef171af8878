//! Text in UTF-16 and UTF-32: what stands between its zeros.

use std::ops::Range;

use zeroize::Zeroizing;

use super::mask::{self, BLOCK};

/// Content without its zeros, and where each byte of it came from.
pub(super) struct Narrow {
    bytes: Zeroizing<Vec<u8>>,
    places: Vec<usize>,
}

impl Narrow {
    /// The content, if a quarter of it is zeros, and some of it is text between zeros.
    pub(super) fn of(window: &[u8]) -> Option<Self> {
        let zeros = || memchr::memchr_iter(0, window).count();
        if window.is_empty() || zeros() < window.len() / 4 || !is_wide(window) {
            return None;
        }
        let kept = || window.iter().enumerate().filter(|(_, byte)| **byte != 0);
        let bytes = Zeroizing::new(kept().map(|(_, byte)| *byte).collect::<Vec<_>>());
        let places = kept().map(|(at, _)| at).collect();
        Some(Self { bytes, places })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where bytes came from; there is at least one.
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        self.places[span.start]..self.places[span.end - 1] + 1
    }
}

/// Whether somewhere nothing but zeros stands between characters: in each of a few groups of eight bytes, zeros are at
/// the same places, which leave four or two characters. Numbers in binary do so for a group or two.
fn is_wide(window: &[u8]) -> bool {
    let (mut before, mut alike) = (0, 0);
    let blocks = (0..window.len()).step_by(BLOCK).map(|at| mask::of(&mask::block(window, at), |byte| byte != 0));
    for filled in blocks.flat_map(u64::to_le_bytes) {
        alike = if filled == before { alike + 1 } else { 1 };
        before = filled;
        let enough = match filled {
            0xaa | 0x55 => 3,
            0x88 | 0x44 | 0x22 | 0x11 => 6,
            _ => continue,
        };
        if alike >= enough {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_sixteen_characters_is_wide_wherever_it_stands() {
        for (width, order) in [(2, 0), (2, 1), (4, 0), (4, 3)] {
            for at in 0..16 {
                let mut window = vec![0; 16 * width + 64];
                for (place, character) in window[at..].chunks_exact_mut(width).zip(b"0123456789abcdef") {
                    place[order] = *character;
                }
                assert!(is_wide(&window), "{width} {order} {at}");
            }
        }
    }
}
