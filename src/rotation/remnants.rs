//! Old bytes where no rotation reaches: copies of rows in what somebody else keeps in the store, and what was not zeroed when it was
//! freed. The first are refused before a rotation begins; the second are searched for when it has ended, in every byte of the files.

use serde::Serialize;

use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::record::{RECOGNISED_IN, generations_in};
use crate::secret::hex;
use crate::store::{Scrub, Store, StoreError};
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
    match copies(store, keyring)?.into_iter().next() {
        None => Ok(()),
        Some(place) => Err(StoreError::Copies { place }),
    }
}

/// The places of copies of rows, each once.
pub(crate) fn copies(store: &dyn Store, keyring: &Keyring) -> Result<Vec<String>, StoreError> {
    let mut places: Vec<String> = vec![];
    store.each_stray(&mut |place, bytes| {
        if holds_a_copy(bytes, keyring) && places.last().is_none_or(|last| last != place) {
            places.push(place.to_owned());
        }
    })?;
    Ok(places)
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

/// Makes old bytes unreadable, and looks whether any are left. The rotation is over by now, and what fails does not undo it: what it
/// may have left is for the report to say.
pub(super) fn scrub(ledger: &Ledger) -> (Scrub, Option<Searched>) {
    let failed = |error: Error| {
        tracing::warn!(error = format!("{error:#}"), "overwritten bytes may remain");
        (Scrub::BestEffort, None)
    };
    scrub_and_search(ledger).unwrap_or_else(failed)
}

fn scrub_and_search(ledger: &Ledger) -> Result<(Scrub, Option<Searched>), Error> {
    let (store, keyring) = (ledger.store(), ledger.reload()?);
    let mut scrub = store.scrub()?;
    let mut searched = search(store, &keyring)?;
    if scrub == Scrub::Clean && searched.is_some_and(|searched| searched.left > 0) {
        // It stands between the rows: whoever wrote there before did not zero what was freed.
        store.compact()?;
        scrub = store.scrub()?;
        searched = search(store, &keyring)?;
    }
    match searched {
        Some(Searched { left: 1.., .. }) if scrub == Scrub::Clean => Ok((Scrub::BestEffort, searched)),
        _ => Ok((scrub, searched)),
    }
}

fn search(store: &dyn Store, keyring: &Keyring) -> Result<Option<Searched>, StoreError> {
    let gone = |generation: &Generation| keyring.generation(*generation).is_none();
    let mut left = 0;
    let bytes = store.each_byte(RECOGNISED_IN - 1, &mut |piece| {
        left += generations_in(piece, keyring.vault()).filter(gone).count() as u64;
    })?;
    Ok(bytes.map(|bytes| Searched { bytes, left }))
}

/// No row of the table `vault` is shorter.
const ROW: usize = 64;
