//! Old bytes where no rotation reaches: copies of rows in what somebody else keeps in the store, and what was not zeroed when it was
//! freed. The first are refused before a rotation begins; the second are searched for when it has ended, in every byte of the files.

use serde::Serialize;

use crate::error::Error;
use crate::fence;
use crate::keyring::Keyring;
use crate::known_backups::BACKUPS;
use crate::ledger::{HEAD, KEYRING, Ledger, ROTATION, SUBTREE};
use crate::record::{RECOGNISED_IN, generations_in};
use crate::secret::hex;
use crate::store::{Rows, Scrub, Store, StoreError, Table};
use crate::uses::UsageRow;
use crate::versions::Generation;

/// What was searched after a rotation, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Searched {
    /// Bytes gone through: every one of the files of the store.
    pub bytes: u64,
    /// Records, or beginnings of them, under a generation that is gone: 0, unless somebody who reads an old moment keeps the log from
    /// being emptied, or copies were put where no rotation reaches since it began.
    pub left: u64,
}

/// A rotation would leave them as they are, and they open with the old master key.
pub(crate) fn refuse_copies(store: &dyn Store, keyring: &Keyring) -> Result<(), StoreError> {
    let mut found = copies(store, keyring)?;
    each_unknown(store, |key, value| {
        if holds_a_copy(value, keyring) {
            found.push(StoreError::Copies { place: unknown(key) });
        }
    })?;
    found.into_iter().next().map_or(Ok(()), Err)
}

/// The places of copies of rows, and of what cannot be read, each once: as the errors that a rotation ends with.
pub(crate) fn copies(store: &dyn Store, keyring: &Keyring) -> Result<Vec<StoreError>, StoreError> {
    let (mut found, mut last) = (vec![], None);
    store.each_stray(&mut |place, bytes| match bytes {
        Err(error) => found.push(error),
        Ok(bytes) if last.as_deref() != Some(place) && holds_a_copy(bytes, keyring) => {
            last = Some(place.to_owned());
            found.push(StoreError::Copies { place: place.to_owned() });
        }
        Ok(_) => {}
    })?;
    Ok(found)
}

/// The rows of the table `vault` under keys that no row has.
pub(crate) fn each_unknown(rows: &dyn Rows, mut each: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
    let mut after = None::<Vec<u8>>;
    loop {
        let page = rows.scan(Table::Vault, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        page.iter().filter(|(key, value)| !is_known(key, value)).for_each(|(key, value)| each(key, value));
    }
}

/// A row of the table `vault` that is none of ours, in words.
pub(crate) fn unknown(key: &[u8]) -> String {
    format!("the row {} of the table vault, under a key that no row has", hex(&key[..key.len().min(SHOWN)]))
}

/// Whether a row of the table `vault` of a store stands under this key. What nobody authenticates is as long as it has to be: nothing else
/// fits in.
pub(crate) fn is_known(key: &[u8], value: &[u8]) -> bool {
    [BACKUPS, HEAD, KEYRING, ROTATION].contains(&key)
        || key.strip_prefix(SUBTREE).is_some_and(|at| at.len() == size_of::<u64>() && value.len() == NODE)
        || fence::is_key(key)
}

/// Whether there is a row of a vault in these bytes, as it is stored or in hexadecimal: a record anywhere, counts of uses, or what names
/// the vault and is longer than its name.
pub(crate) fn holds_a_copy(bytes: &[u8], keyring: &Keyring) -> bool {
    let vault = keyring.vault();
    let names = |bytes: &[u8]| bytes.len() >= ROW && bytes.windows(16).any(|window| window == vault.0);
    let counts = |bytes: &[u8]| UsageRow::parse(bytes).is_ok_and(|row| keyring.generation(row.generation()).is_some());
    if generations_in(bytes, vault).next().is_some() || names(bytes) || counts(bytes) {
        return true;
    }
    let text = bytes.to_ascii_lowercase();
    let named = hex(&vault.0);
    let names_in_text = text.len() >= 2 * ROW && text.windows(32).any(|window| window == named.as_bytes());
    names_in_text || base16ct::lower::decode_vec(&text).is_ok_and(|bytes| counts(&bytes))
}

/// What was made unreadable at the end of a rotation.
pub(super) struct Scrubbed {
    pub(super) scrub: Scrub,
    pub(super) searched: Option<Searched>,
    /// Why something may be left that another call can make unreadable.
    pub(super) left: Option<String>,
}

/// Makes old bytes unreadable, and looks whether any are left, whatever failed before. The rotation is over by now, and what fails
/// does not undo it: what is left is for the report to say, and for the next call.
pub(super) fn scrub(ledger: &Ledger) -> Result<Scrubbed, Error> {
    let (store, keyring) = (ledger.store(), ledger.reload()?);
    let mut failure = None;
    let mut survive = |done: Result<Scrub, StoreError>| {
        done.unwrap_or_else(|error| {
            tracing::warn!(%error, "overwritten bytes may remain");
            failure = Some(told(&error));
            Scrub::BestEffort
        })
    };
    let mut scrub = survive(store.scrub());
    let mut searched = search(store, &keyring);
    if scrub == Scrub::Clean
        && searched.as_ref().is_ok_and(|searched| searched.is_some_and(|searched| searched.left > 0))
    {
        // It stands between the rows: whoever wrote there before did not zero what was freed.
        scrub = survive(store.compact().and_then(|()| store.scrub()));
        searched = search(store, &keyring);
    }
    let (searched, unsearched) = match searched {
        Ok(searched) => (searched, None),
        Err(error) => (None, Some(told(&error))),
    };
    let count = searched.map_or(0, |searched| searched.left);
    let left = match (failure.or(unsearched), scrub) {
        (Some(why), _) => Some(why),
        (None, _) if count == 0 => None,
        (None, Scrub::BestEffort) => Some(READERS.into()),
        (None, _) => Some(ELSEWHERE.into()),
    };
    let scrub = if left.is_some() && scrub == Scrub::Clean { Scrub::BestEffort } else { scrub };
    Ok(Scrubbed { scrub, searched, left })
}

/// An error with what is behind it.
fn told(error: &StoreError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

fn search(store: &dyn Store, keyring: &Keyring) -> Result<Option<Searched>, StoreError> {
    let gone = |generation: &Generation| keyring.generation(*generation).is_none();
    let mut left = 0;
    let bytes = store.each_byte(RECOGNISED_IN - 1, &mut |piece| {
        left += generations_in(piece, keyring.vault()).filter(gone).count() as u64;
    })?;
    Ok(bytes.map(|bytes| Searched { bytes, left }))
}

const READERS: &str = "somebody who has the store open reads an old moment, so that the log cannot be emptied";
const ELSEWHERE: &str =
    "they stand between the rows of what somebody else keeps in the store, and go when that is dropped";
/// No row of the table `vault` is shorter.
const ROW: usize = 64;

/// A hash of the tree over the log.
const NODE: usize = 32;
/// Rows read together.
const PAGE: usize = 1_000;
/// Bytes of a key that are shown.
const SHOWN: usize = 32;
