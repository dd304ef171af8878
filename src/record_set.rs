//! A digest over all records of a generation, that follows each change without reading the others.
//!
//! MSet-Add-Hash (Clarke, Devadas, van Dijk, Gassend, Suh: Incremental Multiset Hash Functions and Their Application
//! to Memory Integrity Checking, ASIACRYPT 2003): the sum modulo 2^256 of a keyed hash of each record, hidden by the
//! keyed hash of a fresh nonce, beside the number of records.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::keyring::MacKey;
use crate::record::Record;
use crate::secret::{RandomError, random_array};
use crate::versions::Generation;

/// The sum over a set of records, or the difference that a batch of changes makes to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordSet {
    count: u64,
    sum: Sum,
}

impl RecordSet {
    /// Counts a record in.
    pub(crate) fn add(&mut self, key: &MacKey, record: &Record<'_>) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.plus(element(key, record));
    }

    /// Counts a record out.
    pub(crate) fn remove(&mut self, key: &MacKey, record: &Record<'_>) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.minus(element(key, record));
    }

    /// Both together; exact for differences as well.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { count: self.count.wrapping_add(other.count), sum: self.sum.plus(other.sum) }
    }

    /// The number of records, when this is the sum over a set.
    pub(crate) fn count(self) -> u64 {
        self.count
    }

    /// A digest that tells two sets apart and says nothing else of them.
    pub(crate) fn digest(self, key: &MacKey) -> [u8; 32] {
        key.mac(&[&[2], &self.count.to_be_bytes(), &self.sum.to_bytes()])
    }

    /// As stored, hidden behind a fresh nonce: equal sums do not look equal, and differences tell nothing.
    pub(crate) fn masked(self, key: &MacKey, generation: Generation) -> Result<MaskedRecordSet, RandomError> {
        let nonce: [u8; 16] = random_array()?;
        let sum = self.sum.plus(mask(key, &nonce)).to_bytes().into();
        Ok(MaskedRecordSet { generation, count: self.count, nonce: nonce.into(), sum })
    }
}

/// A record set as stored in `head` and `rotation` (docs/format.md, Record set).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct MaskedRecordSet {
    #[n(0)]
    pub(crate) generation: Generation,
    #[n(1)]
    count: u64,
    #[n(2)]
    nonce: ByteArray<16>,
    #[n(3)]
    sum: ByteArray<32>,
}

impl MaskedRecordSet {
    pub(crate) fn unmask(&self, key: &MacKey) -> RecordSet {
        RecordSet { count: self.count, sum: Sum::from_bytes(&self.sum).minus(mask(key, &self.nonce)) }
    }

    /// For who has not the key: the number of records and nothing of the sum.
    pub(crate) fn counted(&self) -> RecordSet {
        RecordSet { count: self.count, sum: Sum::default() }
    }
}

/// An integer modulo 2^256, lowest limb first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum([u64; 4]);

impl Sum {
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte));
        }
        Self(limbs)
    }

    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(8).zip(self.0).for_each(|(bytes, limb)| bytes.copy_from_slice(&limb.to_le_bytes()));
        bytes
    }

    fn plus(self, other: Self) -> Self {
        let mut carry = false;
        Self(std::array::from_fn(|at| {
            let (value, first) = self.0[at].overflowing_add(other.0[at]);
            let (value, second) = value.overflowing_add(u64::from(carry));
            carry = first || second;
            value
        }))
    }

    fn minus(self, other: Self) -> Self {
        let negated = Self(other.0.map(|limb| !limb));
        self.plus(negated).plus(Self([1, 0, 0, 0]))
    }
}

/// Over every stored byte: whoever has a part key can choose another text for the same tag.
fn element(key: &MacKey, record: &Record<'_>) -> Sum {
    Sum::from_bytes(&key.mac(&[&[1], record.bytes()]))
}

fn mask(key: &MacKey, nonce: &[u8; 16]) -> Sum {
    Sum::from_bytes(&key.mac(&[&[0], nonce]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::{KeyEncryptionKeys, Keyring};
    use crate::master_key::MasterKey;
    use crate::master_keys::MasterKeys;
    use crate::record::{Plain, seal};
    use crate::suite::Suite;
    use crate::time::Timestamp;
    use crate::token::ApiKeyId;
    use crate::vault_id::VaultId;
    use crate::versions::{generation, version};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn subtraction_undoes_addition(a: [u64; 4], b: [u64; 4]) {
            let (a, b) = (Sum(a), Sum(b));
            prop_assert_eq!(a.plus(b).minus(b), a);
            prop_assert_eq!(a.minus(a), Sum::default());
            prop_assert_eq!(Sum::from_bytes(&a.to_bytes()), a);
        }
    }

    #[test]
    fn addition_carries_through_all_limbs() {
        let all = Sum([u64::MAX; 4]);
        assert_eq!(all.plus(Sum([1, 0, 0, 0])), Sum::default());
        assert_eq!(Sum::default().minus(Sum([1, 0, 0, 0])), all);
    }

    #[test]
    fn the_order_of_additions_does_not_matter() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let forward = sum(key, records.iter());
        assert_eq!(forward, sum(key, records.iter().rev()));
        let (left, right) = records.split_at(7);
        assert_eq!(forward, sum(key, right.iter()).plus(sum(key, left.iter())));
        assert_eq!(forward.count(), 20);
        assert_ne!(forward, RecordSet::default());
    }

    #[test]
    fn removing_what_was_added_leaves_nothing() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let mut set = sum(key, records.iter());
        for bytes in records.iter().rev().skip(1) {
            set.remove(key, &parsed(bytes));
        }
        assert_eq!(set, sum(key, records.last()), "all but the last are out");
        set.remove(key, &parsed(&records[19]));
        assert_eq!(set, RecordSet::default());
    }

    #[test]
    fn a_difference_carries_one_set_to_another() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let mut change = RecordSet::default();
        change.remove(key, &parsed(&records[0]));
        change.add(key, &parsed(&records[19]));
        assert_eq!(sum(key, records[..19].iter()).plus(change), sum(key, records[1..].iter()));
        let mut removal = RecordSet::default();
        removal.remove(key, &parsed(&records[0]));
        assert_eq!(sum(key, records.iter()).plus(removal), sum(key, records[1..].iter()));
    }

    #[test]
    fn a_lost_doubled_or_resealed_record_changes_the_sum() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let whole = sum(key, records.iter());
        let resealed = sealed(&keyring, 19);
        let changed = [
            sum(key, records[1..].iter()),
            sum(key, records.iter().chain(&records[..1])),
            sum(key, records[..19].iter().chain([&resealed])),
            sum(key, records[..19].iter().chain(&records[..1])),
        ];
        assert!(changed.iter().all(|set| *set != whole));
    }

    #[test]
    fn masks_hide_the_sum_and_come_off_under_their_key_alone() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let set = sum(key, records.iter());
        let masked = [(); 2].map(|()| set.masked(key, generation(1)).expect("random"));
        assert!(masked.iter().all(|masked| masked.unmask(key) == set && masked.generation == generation(1)));
        assert_ne!(masked[0].sum, masked[1].sum, "equal sums do not look equal");
        assert_ne!(masked[0].nonce, masked[1].nonce);
        assert_ne!(*masked[0].sum, set.sum.to_bytes());
        let (other, _) = sample();
        assert_ne!(masked[0].unmask(other.active().record_set()), set);
        let mut exchanged = masked[0].clone();
        exchanged.nonce = masked[1].nonce;
        assert_ne!(exchanged.unmask(key), set);
    }

    #[test]
    fn a_masked_set_reads_back() {
        let (keyring, records) = sample();
        let key = keyring.active().record_set();
        let masked = sum(key, records.iter()).masked(key, generation(3)).expect("random");
        assert_eq!(minicbor::decode::<MaskedRecordSet>(&crate::keyring::encode(&masked)).ok(), Some(masked));
    }

    fn sample() -> (Keyring, Vec<Vec<u8>>) {
        let vault = VaultId::random().expect("random");
        let master = MasterKeys::single(MasterKey::generate().expect("random"));
        let keks = KeyEncryptionKeys::derive(&master, vault);
        let keyring = Keyring::create(Suite::default(), vault, version(1), &keks, Timestamp::now()).expect("create");
        let records = (0..20).map(|at| sealed(&keyring, at)).collect();
        (keyring, records)
    }

    fn sealed(keyring: &Keyring, at: u8) -> Vec<u8> {
        let secret = (at.is_multiple_of(2)).then_some("secret");
        let plain = Plain { imported: false, attributes: b"attributes", secret };
        seal(keyring, ApiKeyId::from_bytes([at; 16]), &plain).expect("random")
    }

    fn sum<'r>(key: &MacKey, records: impl IntoIterator<Item = &'r Vec<u8>>) -> RecordSet {
        let mut set = RecordSet::default();
        records.into_iter().for_each(|bytes| set.add(key, &parsed(bytes)));
        set
    }

    fn parsed(bytes: &[u8]) -> Record<'_> {
        Record::parse(bytes).expect("a record")
    }
}
