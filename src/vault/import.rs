//! Taking in API keys whose tokens exist already.

mod sealing;

use std::collections::HashMap;

use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::import::{ImportError, ImportedKey};
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, secret_digest};
use crate::vault::handle::Vault;
use crate::vault::in_parts::in_parts;

/// # Importing
impl Vault {
    /// Whether [`Vault::import`] would take these API keys: the first fault, in their order. Writes nothing.
    pub fn check_import(&self, keys: &[ImportedKey]) -> Result<(), Error> {
        self.check_all(&*self.ledger.reload()?, keys, &strengths(keys)).map(drop)
    }

    /// Whether one of them is let in as a weak one.
    fn check_all(&self, keyring: &Keyring, keys: &[ImportedKey], strengths: &[Option<u32>]) -> Result<bool, Error> {
        let mut look = Look { keyring, rows: self.ledger.store(), now: self.ledger.now(), seen: &mut Seen::default() };
        let mut any_weak = false;
        for (at, (key, strength)) in keys.iter().zip(strengths).enumerate() {
            match look.at(at, key, *strength)? {
                Found::New { weak } => any_weak |= weak,
                Found::There(_) => return Err(at_line(at, ImportError::Exists)),
            }
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
        let (keyring, strengths) = (self.ledger.reload()?, strengths(keys));
        if self.check_all(&keyring, keys, &strengths)? {
            act.check_with_reason()?;
        }
        self.take_in(&Part { keys, strengths: &strengths, before: 0 }, &keyring, act, |_| ())
    }

    /// Takes in API keys that were looked at under a keyring. `last` may add to the entry of the last of them.
    pub(super) fn take_in(
        &self,
        part: &Part<'_>,
        looked: &Keyring,
        act: &Act,
        last: impl Fn(&mut Draft),
    ) -> Result<Vec<ApiKeyId>, Error> {
        let mut again = false;
        self.ledger.change(act, |change| {
            // The commit itself meets a token or an id that somebody took meanwhile, and only then it is looked for. Under another keyring
            // it could stand at another place.
            let look = std::mem::replace(&mut again, true) || change.keyring.bytes() != looked.bytes();
            let mut weak = Vec::with_capacity(part.keys.len());
            for (at, (key, strength)) in part.keys.iter().zip(part.strengths).enumerate() {
                let at_line = |fault| at_line(part.before + at, fault);
                // By rules that may have changed since.
                weak.push(judge(key, *strength, change.keyring, change.now).map_err(at_line)?);
                if look && taken_by(change.keyring, self.ledger.store(), key)?.is_some() {
                    return Err(at_line(ImportError::Exists));
                }
            }
            sealing::put(change, part.keys, &weak, &last)
        })
    }
}

/// Those that are taken in together, with the strengths of their tokens, on the lines behind `before`.
pub(super) struct Part<'a> {
    pub(super) keys: &'a [ImportedKey],
    pub(super) strengths: &'a [Option<u32>],
    pub(super) before: usize,
}

/// How lines are looked at: beside those before them, and the vault.
pub(super) struct Look<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) rows: &'a dyn Rows,
    pub(super) now: Timestamp,
    pub(super) seen: &'a mut Seen,
}

/// What a line without a fault is.
pub(super) enum Found {
    New { weak: bool },
    There(ApiKeyId),
}

impl Look<'_> {
    /// Of the line behind `before` others.
    pub(super) fn at(&mut self, before: usize, key: &ImportedKey, strength: Option<u32>) -> Result<Found, Error> {
        let at_line = |fault| at_line(before, fault);
        key.check(self.now).map_err(at_line)?;
        self.seen.note(key, before).map_err(at_line)?;
        Ok(match taken_by(self.keyring, self.rows, key)? {
            Some(id) => Found::There(id),
            None => Found::New { weak: judge(key, strength, self.keyring, self.now).map_err(at_line)? },
        })
    }
}

/// Whether it is let in as a weak one.
fn judge(key: &ImportedKey, strength: Option<u32>, keyring: &Keyring, now: Timestamp) -> Result<bool, ImportError> {
    key.keeps(keyring.policy(), now)?;
    key.admit(strength, keyring.policy())
}

/// The tokens and ids of the lines so far, and on which they stand. A part of a digest tells them apart, so that many have room.
#[derive(Default)]
pub(super) struct Seen(HashMap<[u8; 12], u32>);

impl Seen {
    /// Adds those of the line behind `before` others.
    fn note(&mut self, key: &ImportedKey, before: usize) -> Result<(), ImportError> {
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

/// The estimate takes as long as all else that a line is looked at for.
pub(super) fn strengths(keys: &[ImportedKey]) -> Vec<Option<u32>> {
    in_parts(keys.len(), |part| keys[part].iter().map(ImportedKey::strength).collect::<Vec<_>>()).concat()
}

pub(super) fn at_line(at: usize, fault: ImportError) -> Error {
    Detail::Import { line: at + 1, fault }.into()
}

/// The API key in the vault that has the token already, or its id.
fn taken_by(keyring: &Keyring, rows: &dyn Rows, key: &ImportedKey) -> Result<Option<ApiKeyId>, Error> {
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
