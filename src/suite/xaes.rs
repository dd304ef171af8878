//! XAES-256-GCM (C2SP): a fresh AES-256-GCM key for each 12-byte nonce prefix.
//!
//! The derivation is written here, over the `aes` and `aes-gcm` crates, because the derived key has to be kept
//! between values that share a prefix; the `xaes-256-gcm` crate keeps it to itself. The tests hold the two equal.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroize;

use super::gcm::Gcm;
use super::parts::{KEY_LEN, Nonce};

/// A key, ready to derive the AES-256-GCM key of a nonce prefix.
pub(crate) struct Xaes {
    aes: Aes256,
    subkey: [u8; BLOCK_LEN],
}

impl Xaes {
    /// Steps 1 and 2 of the specification: the CMAC subkey K1 (RFC 4493 section 2.3).
    pub(super) fn new(key: &[u8; KEY_LEN]) -> Self {
        let aes = Aes256::new(key.into());
        let mut block = aes::Block::default();
        aes.encrypt_block(&mut block);
        let value = u128::from_be_bytes(block.into());
        let reduction = (value >> 127) * 0b1000_0111;
        let subkey = ((value << 1) ^ reduction).to_be_bytes();
        block.zeroize();
        Self { aes, subkey }
    }

    /// Steps 3 to 5: the AES-256-GCM key of all nonces that start with `prefix`.
    pub(super) fn derive(&self, prefix: [u8; PREFIX_LEN]) -> Gcm {
        let mut key = [0; KEY_LEN];
        for (half, counter) in key.chunks_exact_mut(BLOCK_LEN).zip([1, 2]) {
            let mut block = [0; BLOCK_LEN];
            block[..4].copy_from_slice(&[0, counter, b'X', 0]);
            block[4..].copy_from_slice(&prefix);
            block.iter_mut().zip(self.subkey).for_each(|(byte, subkey)| *byte ^= subkey);
            let mut block = block.into();
            self.aes.encrypt_block(&mut block);
            half.copy_from_slice(&block);
            block.zeroize();
        }
        let cipher = Gcm::new(&key);
        key.zeroize();
        cipher
    }
}

impl Drop for Xaes {
    fn drop(&mut self) {
        self.subkey.zeroize();
    }
}

/// The prefix that picks the key, and the nonce used under it.
pub(super) fn split(nonce: &Nonce) -> ([u8; PREFIX_LEN], [u8; PREFIX_LEN]) {
    let (mut prefix, mut rest) = ([0; PREFIX_LEN], [0; PREFIX_LEN]);
    prefix.copy_from_slice(&nonce[..PREFIX_LEN]);
    rest.copy_from_slice(&nonce[PREFIX_LEN..]);
    (prefix, rest)
}

pub(super) const PREFIX_LEN: usize = 12;
const BLOCK_LEN: usize = 16;
