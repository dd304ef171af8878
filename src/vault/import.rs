//! Taking in API keys whose tokens exist already.

mod sealing;

use std::collections::HashMap;

use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::import::{ImportError, ImportedKey};
use crate::keyring::Keyring;
use crate::ledger::Change;
use crate::lookup::LookupRow;
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, secret_digest};
use crate::vault::handle::Vault;

/// # Importing
impl Vault {
    /// Whether [`Vault::import`] would take these API keys: the first fault, in their order. Writes nothing.
    pub fn check_import(&self, keys: &[ImportedKey]) -> Result<(), Error> {
        self.check_all(keys, &strengths(keys)).map(drop)
    }

    /// Whether one of them is let in as a weak one.
    fn check_all(&self, keys: &[ImportedKey], strengths: &[Option<u32>]) -> Result<bool, Error> {
        let keyring = self.ledger.reload()?;
        let (now, mut seen, mut any_weak) = (self.ledger.now(), Seen::default(), false);
        for (at, (key, strength)) in keys.iter().zip(strengths).enumerate() {
            let at_line = |fault| at_line(at, fault);
            key.check(now).map_err(at_line)?;
            seen.note(key, at).map_err(at_line)?;
            if taken_by(&keyring, self.ledger.store(), key)?.is_some() {
                return Err(at_line(ImportError::Exists));
            }
            any_weak |= judge(key, *strength, &keyring, now).map_err(at_line)?;
        }
        Ok(any_weak)
    }

    /// Imports API keys whose tokens exist already: all of them, or none and the number of the first that cannot be,
    /// counted from 1. The tokens verify, recover and rotate like those issued here. The policy holds for them, unless they
    /// are revoked or [exempt](ImportedKey::exempt_from_policy). A token that can be guessed is refused (`import-weak`) unless it is
    /// [allowed](ImportedKey::allow_weak), and `act` has to give a reason then. One that has expired is taken as well: its token is refused as
    /// expired then, and not as unknown. It is one commit: for more than some ten thousand there is [`Vault::import_from`].
    pub fn import(&self, keys: &[ImportedKey], act: &Act) -> Result<Vec<ApiKeyId>, Error> {
        self.ledger.keep_refusal(act, Draft::of(Action::Import), self.import_all(keys, act))
    }

    fn import_all(&self, keys: &[ImportedKey], act: &Act) -> Result<Vec<ApiKeyId>, Error> {
        let strengths = strengths(keys);
        if self.check_all(keys, &strengths)? {
            act.check_with_reason()?;
        }
        self.ledger.change(act, |change| self.take_in(change, keys, &strengths, 0, |_| ()))
    }

    /// Takes them in as part of a change. They stand on the lines behind `before`; `last` may add to the entry of the last of them.
    pub(super) fn take_in(
        &self,
        change: &mut Change<'_>,
        keys: &[ImportedKey],
        strengths: &[Option<u32>],
        before: usize,
        last: impl FnOnce(&mut Draft),
    ) -> Result<Vec<ApiKeyId>, Error> {
        let mut weak = Vec::with_capacity(keys.len());
        for (at, (key, strength)) in keys.iter().zip(strengths).enumerate() {
            let at_line = |fault| at_line(before + at, fault);
            // As it was judged, and by rules that may have changed since.
            weak.push(judge(key, *strength, change.keyring, change.now).map_err(at_line)?);
            if taken_by(change.keyring, self.ledger.store(), key)?.is_some() {
                return Err(at_line(ImportError::Exists));
            }
        }
        sealing::put(change, keys, &weak, last)
    }
}

/// Whether it is let in as a weak one.
pub(super) fn judge(
    key: &ImportedKey,
    strength: Option<u32>,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<bool, ImportError> {
    key.keeps(keyring.policy(), now)?;
    key.admit(strength, keyring.policy())
}

/// The tokens and ids of the lines so far, and on which they stand. A part of a digest tells them apart, so that many have room.
#[derive(Default)]
pub(super) struct Seen(HashMap<[u8; 12], u32>);

impl Seen {
    /// Adds those of the line behind `before` others.
    pub(super) fn note(&mut self, key: &ImportedKey, before: usize) -> Result<(), ImportError> {
        let line = u32::try_from(before + 1).map_err(|_| ImportError::TooMany)?;
        // A token of strongroom's own shape is found by its id, whatever secret follows it.
        let token = match Shape::of(key.token.expose()) {
            Shape::Token(token) => part_of(&token.id.to_string()),
            _ => part_of(key.token.expose()),
        };
        self.note_one(token, line)?;
        key.id.map_or(Ok(()), |id| self.note_one(part_of(&id.to_string()), line))
    }

    fn note_one(&mut self, part: [u8; 12], line: u32) -> Result<(), ImportError> {
        match self.0.insert(part, line) {
            // That of the token itself was noted a moment ago.
            Some(earlier) if earlier != line => Err(ImportError::Repeated { line: earlier as usize }),
            _ => Ok(()),
        }
    }
}

fn part_of(text: &str) -> [u8; 12] {
    *secret_digest(text).first_chunk().expect("a digest is longer")
}

fn strengths(keys: &[ImportedKey]) -> Vec<Option<u32>> {
    keys.iter().map(ImportedKey::strength).collect()
}

pub(super) fn at_line(at: usize, fault: ImportError) -> Error {
    Detail::Import { line: at + 1, fault }.into()
}

/// The API key in the vault that has the token already, or its id.
pub(super) fn taken_by(keyring: &Keyring, rows: &dyn Rows, key: &ImportedKey) -> Result<Option<ApiKeyId>, Error> {
    let token = key.token.expose();
    if let Some(id) = key.id
        && rows.get(Table::Keys, &id.to_bytes())?.is_some()
    {
        return Ok(Some(id));
    }
    if let Shape::Token(token) = Shape::of(token) {
        return Ok(rows.get(Table::Keys, &token.id.to_bytes())?.map(|_| token.id));
    }
    for (_, lookup) in keyring.lookups() {
        let index = lookup.index(token);
        if let Some(row) = rows.get(Table::Lookup, &index)? {
            // A row that is none takes the place all the same.
            return Ok(Some(LookupRow::open(keyring, &index, &row).map_or(ApiKeyId::SENTINEL, |row| row.id)));
        }
    }
    Ok(None)
}
