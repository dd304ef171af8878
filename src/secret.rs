//! Secret bytes and texts: wiped when dropped, never printed, compared in constant time.

mod hex;
mod random;

use std::fmt;

use ctutils::CtEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(crate) use hex::{hex, hex_id, is_hex};
pub use random::RandomError;
pub(crate) use random::{Drawn, fill_random, random_array};

/// `N` secret bytes. They stay in one place on the heap, so that moving the value leaves no copy behind.
pub(crate) struct SecretBytes<const N: usize>(Box<[u8; N]>);

impl<const N: usize> SecretBytes<N> {
    /// Takes what `fill` writes into the bytes, without a copy on the way.
    pub(crate) fn fill_with<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// Fresh bytes from the operating system.
    pub(crate) fn random() -> Result<Self, RandomError> {
        Self::fill_with(|bytes| fill_random(bytes))
    }

    /// The one door to the bytes.
    pub(crate) fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for SecretBytes<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for SecretBytes<N> {}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[REDACTED]")
    }
}

/// A secret text: a token, the secret inside one, a written master key. It is neither printed nor written by accident; this does
/// not compile:
///
/// ```compile_fail,E0277
/// fn written(token: &strongroom::SecretText) -> impl serde::Serialize {
///     token
/// }
/// ```
pub struct SecretText(String);

impl SecretText {
    /// Takes the text over; its buffer is wiped when this value is dropped.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The one door to the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[REDACTED]")
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub(crate) fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Runs `work`, then wipes the stack it used: ciphers and key derivation leave copies in their frames.
pub(crate) fn on_wiped_stack<T>(work: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn apart<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    let done = apart(work);
    zeroize::zeroize_stack::<STACK_USED>();
    done
}

/// More than key derivation, unwrapping and base64 together take.
const STACK_USED: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_prints_itself() {
        let bytes = SecretBytes::<32>::random().expect("random");
        let text = SecretText::new("canary".into());
        assert_eq!(format!("{bytes:?} {text:?}"), "[REDACTED] [REDACTED]");
    }

    #[test]
    fn comparison_sees_every_byte_and_the_length() {
        assert!(same_bytes(b"abc", b"abc"));
        assert!(!same_bytes(b"abc", b"abd"));
        assert!(!same_bytes(b"abc", b"abcd"));
    }
}
