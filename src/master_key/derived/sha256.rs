//! SHA-256 of a short text in one step.

use sha2::{Digest, Sha256};

/// The digest of a text, in one step where it is short.
#[inline]
pub(super) fn sha256(text: &[u8]) -> [u8; 32] {
    padded(text).map_or_else(|| Sha256::digest(text).into(), |block| digest_of_block(SHA256_START, block, text.len()))
}

/// The digest of a text and a newline.
#[inline]
pub(super) fn sha256_of_line(text: &[u8]) -> [u8; 32] {
    let Some(mut block) = padded(text).filter(|_| text.len() < 55) else {
        return Sha256::new_with_prefix(text).chain_update(b"\n").finalize().into();
    };
    block[text.len()..text.len() + 2].copy_from_slice(&[b'\n', 0x80]);
    digest_of_block(SHA256_START, block, text.len() + 1)
}

/// The digest of a short text behind so many bytes that led to a state.
#[inline]
pub(super) fn digest_from(state: [u32; 8], before: usize, text: &[u8]) -> [u8; 32] {
    let block = padded(text).expect("it is short");
    digest_of_block(state, block, before + text.len())
}

/// The last step: a padded block, and how long the whole text is.
#[inline]
pub(super) fn digest_of_block(mut state: [u32; 8], mut block: [u8; 64], len: usize) -> [u8; 32] {
    block[56..].copy_from_slice(&(8 * len as u64).to_be_bytes());
    sha2::block_api::compress256(&mut state, &[block]);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// The only block of a text that is short enough, but for its length.
#[inline]
pub(super) fn padded(text: &[u8]) -> Option<[u8; 64]> {
    let mut block = [0; 64];
    block.get_mut(..text.len()).filter(|_| text.len() < 56)?.copy_from_slice(text);
    block[text.len()] = 0x80;
    Some(block)
}

pub(super) const SHA256_START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
pub(super) const SHA224_START: [u32; 8] =
    [0xc105_9ed8, 0x367c_d507, 0x3070_dd17, 0xf70e_5939, 0xffc0_0b31, 0x6858_1511, 0x64f9_8fa7, 0xbefa_4fa4];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    #[test]
    fn texts_of_every_length_are_digested_as_their_functions_say() {
        let text: [u8; 64] = random_array().expect("random");
        for len in 0..=64 {
            let text = &text[..len];
            assert_eq!(sha256(text), <[u8; 32]>::from(Sha256::digest(text)), "{len}");
            let line = [text, b"\n"].concat();
            assert_eq!(sha256_of_line(text), <[u8; 32]>::from(Sha256::digest(line)), "{len}");
        }
    }
}
