//! Putting shares together: what does not belong together is named, and the key is proven before anybody gets it.

use super::error::CombineError;
use super::polynomial;
use super::share::KeyShare;
use crate::master_key::{Fingerprint, MasterKey, Waivers};
use crate::secret::{SecretBytes, on_wiped_stack};
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

/// A master key put together from its shares, and proven by its fingerprint.
#[derive(Debug)]
#[non_exhaustive]
pub struct Combined {
    /// The key.
    pub key: MasterKey,
    /// Its version.
    pub version: MasterKeyVersion,
    /// The vault whose master key it is, if that was known when it was split.
    pub vault: Option<VaultId>,
    /// Shares that do not fit those the key was made from, although their check does: their places in the list, from 0.
    pub wrong: Vec<usize>,
    /// Shares that repeat one before them.
    pub repeated: Vec<usize>,
}

impl KeyShare {
    /// Puts shares together, and proves the key by its fingerprint. `waivers` may cover what the strength checks refuse.
    ///
    /// With more shares than the threshold one that is wrong is found, and named in [`Combined::wrong`]. A key that the
    /// fingerprint does not prove is never returned.
    pub fn combine(shares: &[Self], waivers: &Waivers) -> Result<Combined, CombineError> {
        combine(shares, waivers)
    }
}

fn combine(shares: &[KeyShare], waivers: &Waivers) -> Result<Combined, CombineError> {
    let first = shares.first().ok_or(CombineError::None)?;
    let strangers: Vec<_> = places(shares, |share| share.set != first.set);
    if !strangers.is_empty() {
        return Err(CombineError::OtherSet { places: strangers });
    }
    let repeats = |at: usize| shares[..at].iter().any(|earlier| same(earlier, &shares[at]));
    let repeated: Vec<_> = (0..shares.len()).filter(|at| repeats(*at)).collect();
    let distinct: Vec<_> = (0..shares.len()).filter(|at| !repeats(*at)).collect();
    let mut indices: Vec<_> = distinct.iter().map(|at| shares[*at].index).collect();
    indices.sort_unstable();
    indices.dedup();
    let threshold = usize::from(first.set.threshold);
    if indices.len() < threshold {
        return Err(CombineError::TooFew { found: indices.len(), threshold, repeated });
    }
    let Proven { key, wrong } = proven(shares, &distinct, threshold, first.set.fingerprint)?;
    let key = MasterKey::from_bytes_accepting(key, waivers)?;
    Ok(Combined { key, version: first.set.version, vault: first.set.vault, wrong, repeated })
}

fn places(shares: &[KeyShare], is: impl Fn(&KeyShare) -> bool) -> Vec<usize> {
    (0..shares.len()).filter(|at| is(&shares[*at])).collect()
}

fn same(left: &KeyShare, right: &KeyShare) -> bool {
    left.index == right.index && crate::secret::same_bytes(left.value.expose(), right.value.expose())
}

/// A key that the fingerprint proves, and the shares that do not fit those it was made from.
struct Proven {
    key: SecretBytes<32>,
    wrong: Vec<usize>,
}

/// Tries as many shares as the threshold says, in every way there is, until the fingerprint proves the key and no other way
/// could fit more of the shares.
fn proven(
    shares: &[KeyShare],
    distinct: &[usize],
    threshold: usize,
    fingerprint: Fingerprint,
) -> Result<Proven, CombineError> {
    let (spare, tries) = (distinct.len() - threshold, (MAX_WORK / (threshold * threshold)).min(MAX_TRIES));
    let (mut chosen, mut best): (Vec<usize>, Option<Proven>) = ((0..threshold).collect(), None);
    for tried in 1.. {
        let subset: Vec<_> = chosen.iter().map(|at| distinct[*at]).collect();
        // Two shares of one index, one of them wrong, never go together.
        if let Some(key) = key_of(shares, &subset, fingerprint) {
            let wrong = misfits(shares, distinct, &subset, fingerprint);
            // Two polynomials with the same key meet at no more than `threshold - 2` shares, so another one fits those and
            // the misfits at most.
            let surely_best = distinct.len() - wrong.len() > threshold - 2 + wrong.len();
            if best.as_ref().is_none_or(|best| wrong.len() < best.wrong.len()) {
                best = Some(Proven { key, wrong });
            }
            if surely_best {
                break;
            }
        }
        match (advance(&mut chosen, distinct.len()), &best) {
            (false, None) => return Err(CombineError::Unproven { spare }),
            (true, None) if tried == tries => return Err(CombineError::TooManyWays { tried }),
            (true, _) if tried < tries => {}
            _ => break,
        }
    }
    best.ok_or(CombineError::Unproven { spare })
}

/// Beside shares that are right, a share is right when it can take the place of one of them.
fn misfits(shares: &[KeyShare], distinct: &[usize], good: &[usize], fingerprint: Fingerprint) -> Vec<usize> {
    let fits = |at: usize| {
        let place = good.iter().position(|known| shares[*known].index == shares[at].index).unwrap_or(0);
        let mut exchanged = good.to_vec();
        exchanged[place] = at;
        key_of(shares, &exchanged, fingerprint).is_some()
    };
    distinct.iter().copied().filter(|at| !good.contains(at) && !fits(*at)).collect()
}

/// The key of these shares, if the fingerprint proves it.
fn key_of(shares: &[KeyShare], subset: &[usize], fingerprint: Fingerprint) -> Option<SecretBytes<32>> {
    let points: Vec<_> = subset.iter().map(|at| (shares[*at].index, shares[*at].value.expose())).collect();
    let key = on_wiped_stack(|| polynomial::at_zero(&points))?;
    (Fingerprint::of(key.expose()) == fingerprint).then_some(key)
}

/// The next choice out of `from` in lexical order; `false` after the last.
fn advance(chosen: &mut [usize], from: usize) -> bool {
    let len = chosen.len();
    let Some(at) = (0..len).rev().find(|at| chosen[*at] < from - len + at) else { return false };
    chosen[at] += 1;
    for next in at + 1..len {
        chosen[next] = chosen[next - 1] + 1;
    }
    true
}

/// About a second of work: the time of one try grows with the square of the threshold. With 5 of 10 shares there are 252 ways, with 8 of 16 there are 12,870.
const MAX_TRIES: usize = 20_000;
const MAX_WORK: usize = 2_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once() {
        let mut chosen = vec![0, 1, 2];
        let mut seen = std::collections::BTreeSet::from([chosen.clone()]);
        while advance(&mut chosen, 6) {
            assert!(chosen.is_sorted() && seen.insert(chosen.clone()));
        }
        assert_eq!(seen.len(), 20);
        assert!(!advance(&mut [0, 1], 2));
    }
}
