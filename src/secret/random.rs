//! Random bytes, of which every one comes from the operating system.

use zeroize::{Zeroize, Zeroizing};

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError(#[source] pub(crate) getrandom::Error);

/// Fills `bytes` from the operating system. Every random byte of the library comes through here.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(RandomError)
}

/// `N` random bytes that need no secrecy: nonces and identifiers.
pub(crate) fn random_array<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// Random bytes of one piece of work, drawn from the operating system some thousand at a time. Nobody is given the same twice, and what was
/// given is wiped here.
pub(crate) struct Drawn {
    pool: Zeroizing<Vec<u8>>,
    used: usize,
}

impl Drawn {
    /// For about so many bytes, of which nothing is drawn before it is needed.
    pub(crate) fn about(bytes: usize) -> Self {
        let pool = Zeroizing::new(vec![0; bytes.clamp(MIN, MAX)]);
        Self { used: pool.len(), pool }
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if bytes.len() > self.pool.len() {
            return fill_random(bytes);
        }
        if bytes.len() > self.pool.len() - self.used {
            fill_random(&mut self.pool)?;
            self.used = 0;
        }
        let given = &mut self.pool[self.used..self.used + bytes.len()];
        bytes.copy_from_slice(given);
        given.zeroize();
        self.used += bytes.len();
        Ok(())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], RandomError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// Enough for one API key: less at a time is hardly faster.
const MIN: usize = 160;
/// Nor is more.
const MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice_and_what_was_given_is_wiped() {
        for about in [0, 161, 1_000, 5_000] {
            let (mut drawn, mut seen) = (Drawn::about(about), HashSet::new());
            for _ in 0..2_000 {
                assert!(seen.insert(drawn.array::<16>().expect("random")), "{about}");
                assert!(drawn.pool[..drawn.used].iter().all(|byte| *byte == 0));
            }
            let mut long = [0; 10_000];
            drawn.fill(&mut long).expect("random");
            assert!(long.windows(16).all(|window| window != [0; 16]), "{about}");
        }
    }
}
