//! What a process has counted and not written yet: in memory, in shards, and no more than so much.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::endpoint::counted_as;
use super::tally::Tally;
use super::usage::Usage;
use crate::api_key::{Refusal, Request};
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// Counts by API key. What belongs to none is under the sentinel's id.
pub(crate) type Pending = BTreeMap<ApiKeyId, Usage>;

/// Counts of the present. A verification takes the lock of one shard for as long as an addition takes.
pub(crate) struct Counters {
    shards: Box<[Shard]>,
    max_keys: usize,
    keys: AtomicUsize,
    endpoint_bytes: AtomicUsize,
}

impl Counters {
    /// Keeps the counts of at most so many API keys apart.
    pub(crate) fn new(max_keys: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, max_keys, keys: AtomicUsize::new(0), endpoint_bytes: AtomicUsize::new(0) }
    }

    /// The API key's token was valid.
    pub(crate) fn valid(&self, id: ApiKeyId, token: &str, request: &Request<'_>, now: Timestamp) {
        let mut shard = self.shard(spread(id));
        let (tally, apart) = self.of_key(&mut shard, id);
        tally.count_valid();
        if apart {
            tally.touch(Some(now), request.address.map(|address| IpAddr::to_canonical(&address)));
            if let Some(endpoint) = &request.endpoint {
                tally.count_endpoint(counted_as(endpoint, token).as_deref(), 1, |bytes| self.has_room(bytes));
            }
        }
    }

    /// A token with the API key's secret was refused.
    pub(crate) fn refused(&self, id: ApiKeyId, refusal: Refusal) {
        let mut shard = self.shard(spread(id));
        self.of_key(&mut shard, id).0.count_refusal(refusal);
    }

    /// A token was refused that is no API key's. Whether the id in it is one's makes no difference here.
    pub(crate) fn refused_of_none(&self, token: &str, refusal: Refusal) {
        let spread =
            token.bytes().take(SPREAD_LEN).fold(token.len(), |sum, byte| sum.wrapping_mul(31) ^ usize::from(byte));
        self.shard(spread).of_none.count_refusal(refusal);
    }

    /// Everything, to be written.
    pub(crate) fn take(&self) -> Pending {
        let mut pending = Pending::new();
        let mut of_none = Usage::default();
        for shard in &self.shards {
            let Counted { keys, of_none: unattributed } = std::mem::take(&mut *shard.lock());
            self.keys.fetch_sub(keys.len(), Ordering::Relaxed);
            let bytes = keys.values().map(Tally::endpoint_bytes).sum();
            self.endpoint_bytes.fetch_sub(bytes, Ordering::Relaxed);
            of_none.add(&unattributed.into_usage());
            for (id, tally) in keys {
                pending.entry(id).or_default().add(&tally.into_usage());
            }
        }
        if of_none != Usage::default() {
            pending.insert(ApiKeyId::SENTINEL, of_none);
        }
        pending
    }

    /// Counts what could not be written, or what another process has counted, as if it had happened here.
    pub(crate) fn put_back(&self, pending: Pending) {
        for (id, mut counted) in pending {
            let mut shard = self.shard(spread(id));
            if id == ApiKeyId::SENTINEL {
                shard.of_none.add(&counted);
                continue;
            }
            let (tally, apart) = self.of_key(&mut shard, id);
            if !apart {
                (counted.last_used_at, counted.last_address) = (None, None);
                (counted.endpoints, counted.other_endpoints) = (BTreeMap::new(), 0);
            }
            for (endpoint, count) in std::mem::take(&mut counted.endpoints) {
                tally.count_endpoint(counted_as(&endpoint, "").as_deref(), count, |bytes| self.has_room(bytes));
            }
            tally.add(&counted);
        }
    }

    /// What is counted of one API key, and not written yet.
    pub(crate) fn peek(&self, id: ApiKeyId) -> Option<Usage> {
        let mut sum = Usage::default();
        for shard in &self.shards {
            let shard = shard.lock();
            let tally = if id == ApiKeyId::SENTINEL { Some(&shard.of_none) } else { shard.keys.get(&id) };
            if let Some(tally) = tally {
                sum.add(&tally.clone().into_usage());
            }
        }
        Some(sum).filter(|sum| *sum != Usage::default())
    }

    /// A shard that nobody holds, near the place of `spread`. Counts add up wherever they are, and waiting for a thread that lost
    /// its processor while it held a lock would keep all others waiting.
    fn shard(&self, spread: usize) -> MutexGuard<'_, Counted> {
        let mut near = (0..TRIED).map(|step| &self.shards[(spread + step) % SHARDS]);
        near.find_map(Shard::try_lock).unwrap_or_else(|| self.shards[spread % SHARDS].lock())
    }

    /// The API key's own counts, and whether they are its own: beyond the limit they are those of none.
    fn of_key<'c>(&self, counted: &'c mut Counted, id: ApiKeyId) -> (&'c mut Tally, bool) {
        match counted.keys.entry(id) {
            Entry::Occupied(known) => (known.into_mut(), true),
            Entry::Vacant(place) if take(&self.keys, 1, self.max_keys) => (place.insert(Tally::default()), true),
            Entry::Vacant(_) => (&mut counted.of_none, false),
        }
    }

    /// Whether one more endpoint, which takes so much memory, may have a count of its own.
    fn has_room(&self, bytes: usize) -> bool {
        take(&self.endpoint_bytes, bytes, MAX_ENDPOINT_BYTES)
    }
}

/// The last bytes of an id are random.
fn spread(id: ApiKeyId) -> usize {
    let bytes = id.to_bytes();
    usize::from(bytes[15]) ^ usize::from(bytes[7])
}

/// So many of `max`, if they are left.
fn take(taken: &AtomicUsize, count: usize, max: usize) -> bool {
    let more = |taken: usize| taken.checked_add(count).filter(|sum| *sum <= max);
    taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

#[derive(Default)]
struct Counted {
    keys: HashMap<ApiKeyId, Tally>,
    of_none: Tally,
}

/// On cache lines of its own, so that neighbours do not slow each other down.
#[derive(Default)]
#[repr(align(128))]
struct Shard(Mutex<Counted>);

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Counted>> {
        match self.0.try_lock() {
            Ok(counted) => Some(counted),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

const SHARDS: usize = 64;
/// Shards tried before one is waited for.
const TRIED: usize = 8;
/// Of a token, enough to send attempts to different shards.
const SPREAD_LEN: usize = 32;
/// Of endpoints counted apart between two writes, those of all API keys together.
const MAX_ENDPOINT_BYTES: usize = 32 * 1024 * 1024;
