//! Shamir's secret sharing over GF(2^8), byte by byte (docs/format.md, Shares of master keys). The arithmetic is that of
//! vsss-rs, which takes the same time whatever the bytes are.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use vsss_rs::{DefaultShare, Gf256, IdentifierGf256, Polynomial};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::{RandomError, SecretBytes, fill_random};

/// The polynomials at 1, 2, ... `number`: of degree `threshold - 1`, with the bytes of the key at 0.
pub(super) fn points(
    key: &[u8; VALUE_LEN],
    threshold: u8,
    number: u8,
) -> Result<Vec<SecretBytes<VALUE_LEN>>, RandomError> {
    let mut random = Drawn::new(VALUE_LEN * usize::from(threshold - 1))?;
    let length = usize::from(threshold);
    let polynomials: Vec<_> = key.iter().map(|byte| Coefficients::draw(*byte, length, &mut random)).collect();
    let point = |x: u8| {
        SecretBytes::fill_with(|bytes| {
            bytes.iter_mut().zip(&polynomials).for_each(|(byte, polynomial)| *byte = polynomial.at(x));
            Ok(())
        })
    };
    (1..=number).map(point).collect()
}

/// What the polynomials through these points are at 0. `None` when two of them are at the same place, or one is at 0.
pub(super) fn at_zero(points: &[(u8, &[u8; VALUE_LEN])]) -> Option<SecretBytes<VALUE_LEN>> {
    let points: Zeroizing<Vec<Vec<u8>>> =
        Zeroizing::new(points.iter().map(|(x, value)| [&[*x], value.as_slice()].concat()).collect());
    let key = Zeroizing::new(Gf256::combine_bytes(&*points).ok()?);
    SecretBytes::fill_with(|bytes| {
        bytes.copy_from_slice(key.get(..VALUE_LEN).ok_or(())?);
        Ok::<(), ()>(())
    })
    .ok()
}

/// One polynomial; wiped when dropped.
struct Coefficients(Vec<DefaultShare<IdentifierGf256, IdentifierGf256>>);

impl Coefficients {
    fn draw(constant: u8, length: usize, random: &mut Drawn) -> Self {
        let mut drawn = Self(Polynomial::create(length));
        let constant = IdentifierGf256(Gf256(constant));
        drawn.0.fill(&constant, random, length).expect("as many places as coefficients were made");
        drawn
    }

    fn at(&self, x: u8) -> u8 {
        self.0.evaluate(&IdentifierGf256(Gf256(x)), self.0.len()).0.0
    }
}

impl Drop for Coefficients {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Bytes drawn from the operating system beforehand, where that can fail; each coefficient is one of them.
struct Drawn {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
}

impl Drawn {
    fn new(len: usize) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new(vec![0; len]);
        fill_random(&mut bytes)?;
        Ok(Self { bytes, used: 0 })
    }

    fn next(&mut self) -> u8 {
        let byte = self.bytes.get(self.used).expect("one byte was drawn for each coefficient");
        self.used += 1;
        *byte
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    /// vsss-rs takes the lowest byte of it for a coefficient.
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next().into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next().into())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.next());
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

pub(super) const VALUE_LEN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coefficient_is_uniform_zero_included() {
        // The value at 1 of a polynomial of degree 1 is constant + coefficient: over many draws each byte comes evenly.
        let mut counts = [0_u32; 256];
        for _ in 0..2_000 {
            let points = points(&[0x5a; VALUE_LEN], 2, 2).expect("random");
            points[0].expose().iter().for_each(|byte| counts[usize::from(byte ^ 0x5a)] += 1);
        }
        // 64,000 draws: the mean is 250 and the standard deviation 15.8; eight of them never happen by chance.
        assert!(counts.iter().all(|count| count.abs_diff(250) < 127), "{counts:?}");
    }

    #[test]
    fn each_coefficient_of_a_higher_degree_is_drawn_anew() {
        let mut random = Drawn::new(4).expect("random");
        let drawn = random.bytes.clone();
        let polynomial = Coefficients::draw(7, 5, &mut random);
        let coefficients: Vec<u8> = polynomial.0.iter().skip(1).map(|share| share.identifier.0.0).collect();
        assert_eq!((coefficients, random.used), (drawn.to_vec(), 4));
        assert_eq!(polynomial.at(0), 7);
    }

    #[test]
    fn points_at_one_place_or_at_zero_give_nothing() {
        let value = [1; VALUE_LEN];
        assert!(at_zero(&[(1, &value), (1, &value)]).is_none());
        assert!(at_zero(&[(0, &value), (1, &value)]).is_none());
        assert!(at_zero(&[(1, &value), (2, &value)]).is_some());
    }
}
