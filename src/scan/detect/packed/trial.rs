//! Whether bytes can be raw deflate (RFC 1951), which has no header: most of what base64 holds is not, and shows it in its
//! first bits.

use flate2::{Decompress, FlushDecompress};
use zeroize::Zeroize;

/// One decoder for all that is tried in a window.
#[derive(Default)]
pub(super) struct Trial {
    decoder: Option<Decompress>,
}

impl Trial {
    /// Whether enough comes out for a key.
    pub(super) fn opens(&mut self, content: &[u8]) -> bool {
        if !may_begin_block(content) {
            return false;
        }
        let decoder = self.decoder.get_or_insert_with(|| Decompress::new(false));
        decoder.reset(false);
        let mut out = [0; LEAST_CONTENT];
        let fault = decoder.decompress(content, &mut out, FlushDecompress::None).is_err();
        out.zeroize();
        !fault && decoder.total_out() == LEAST_CONTENT as u64
    }
}

/// Section 3.2.3: the type of the first block, and what must be true of its header.
fn may_begin_block(content: &[u8]) -> bool {
    let Some(head) = content.first_chunk().map(|head| u128::from_le_bytes(*head)) else { return false };
    let bits = |at: u32, count: u32| head >> at & ((1 << count) - 1);
    match bits(1, 2) {
        // Stored: the length stands there twice, the second time negated.
        0 => bits(8, 16) == !bits(24, 16) & 0xffff,
        1 => true,
        // Own codes: how many there are, and lengths of the code for their lengths that leave no code over.
        2 => {
            let lengths = 4 + u32::try_from(bits(13, 4)).expect("four bits");
            let used = (0..lengths).map(|place| bits(17 + 3 * place, 3)).filter(|len| *len > 0);
            bits(3, 5) <= 29 && bits(8, 5) <= 29 && used.map(|len| 128_u32 >> len).sum::<u32>() == 128
        }
        _ => false,
    }
}

/// Shorter than a key.
pub(super) const LEAST_CONTENT: usize = 32;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    #[test]
    fn what_any_level_makes_of_text_and_of_noise_opens() {
        let text = "key = \"".to_owned() + &"0123456789abcdefghijklmnopqrstuvwxyz\n".repeat(40);
        let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
        let mut trial = Trial::default();
        for content in [text.as_bytes(), &text.as_bytes()[..60], &noise, &noise[..50]] {
            for level in 0..=9 {
                let mut encoder = DeflateEncoder::new(vec![], Compression::new(level));
                encoder.write_all(content).expect("in memory");
                let packed = encoder.finish().expect("in memory");
                assert!(trial.opens(&packed), "{} bytes, level {level}", content.len());
            }
        }
    }

    #[test]
    fn noise_seldom_opens() {
        let mut trial = Trial::default();
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        let opened = (0..1000).filter(|_| trial.opens(&std::array::from_fn::<u8, 200, _>(|_| noise()))).count();
        assert!(opened < 20, "{opened} of 1000");
    }
}
