//! Any number of lines in bounded memory: all are looked at before the first is taken in, and then they are taken in some at a time.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::audit_log::{Act, Action, AuditEntry, Draft, Outcome};
use crate::error::Error;
use crate::import::{ImportError, ImportedKey};
use crate::keyring::Keyring;
use crate::page::Cursor;
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
use crate::vault::import::{Found, Look, Part, Seen, at_line, strengths};

/// What [`Vault::import_from`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many were taken in.
    pub imported: u64,
    /// How many an earlier call that was cut off had taken in.
    pub there_before: u64,
    /// How many of those taken in have tokens that can be guessed.
    pub weak: u64,
}

/// Those of one commit, which are in the vault from now on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Taken<'a> {
    /// Their ids, in the order of the lines.
    pub ids: &'a [ApiKeyId],
    /// The number of the last of these lines, from 1.
    pub line: u64,
    /// How many lines there are.
    pub lines: u64,
}

/// # Importing
impl Vault {
    /// Imports any number of API keys in bounded memory. `lines` gives all of them, twice: they are looked at first, from the first to the
    /// last, as [`Vault::check_import`] does, and nothing is written if one of them has a fault. Then they are taken in, some ten thousand
    /// in each commit; `taken` is told of each commit. About 40 bytes a line are kept in memory.
    ///
    /// As many as go into one commit are all taken in or none. Of more, a call that fails or is cut off in the second round leaves those that
    /// `taken` was told of, and perhaps one commit more. The same call goes on from there: it finds the first lines in the vault, and
    /// in the audit log that they are the beginning of an import of as many lines.
    pub fn import_from<I, E>(
        &self,
        mut lines: impl FnMut() -> Result<I, E>,
        act: &Act,
        mut taken: impl FnMut(&Taken<'_>),
    ) -> Result<Imported, E>
    where
        I: Iterator<Item = Result<ImportedKey, E>>,
        E: From<Error>,
    {
        act.check().map_err(Error::from)?;
        let refused = |error: Error| {
            self.ledger.keep_refusals(act, &refusal_of(&error));
            E::from(error)
        };
        let (mut looked, mut unread) = (Looked::default(), lines()?);
        loop {
            let (mut some, mut ends) = (Vec::with_capacity(LOOKED_AT), None);
            for line in unread.by_ref().take(LOOKED_AT) {
                match line {
                    Ok(key) => some.push(key),
                    Err(error) => {
                        ends = Some(error);
                        break;
                    }
                }
            }
            // A fault of a line before comes first.
            self.look(&mut looked, &some).map_err(refused)?;
            match ends {
                Some(error) => return Err(error),
                None if some.is_empty() => break,
                None => {}
            }
        }
        if !looked.count.is_multiple_of(TOGETHER) {
            looked.marks.push(looked.rolling.so_far());
        }
        let (total, done) = (looked.count, self.done_before(&looked).map_err(refused)?);
        if looked.weak > 0 {
            act.check_with_reason().map_err(|error| refused(error.into()))?;
        }
        let Looked { strengths, marks, keyring, .. } = looked;
        let keyring = keyring.unwrap_or_else(|| self.ledger.keyring());
        let (mut rolling, mut some, mut read) = (Rolling::default(), Vec::new(), 0);
        let mut report = Imported { there_before: done as u64, ..Imported::default() };
        for line in lines()? {
            let key = line?;
            rolling.add(key.token.expose());
            read += 1;
            if read > total {
                return Err(refused(at_line(total, ImportError::Changed)));
            }
            if read > done {
                some.push(key);
            }
            if !read.is_multiple_of(TOGETHER) && read != total {
                continue;
            }
            if marks.get(read.div_ceil(TOGETHER) - 1) != Some(&rolling.so_far()) {
                return Err(refused(at_line(read - 1, ImportError::Changed)));
            }
            if some.is_empty() {
                continue;
            }
            let before = read - some.len();
            let strengths: Vec<_> = strengths[before..read].iter().map(|bits| bits.map(u32::from)).collect();
            let many = total > TOGETHER;
            let part = Part { keys: &some, strengths: &strengths, before };
            let ids = self.take_in(&part, &keyring, act, |draft| {
                if many {
                    draft.counts.extend([(LINE.to_owned(), read as u64), (OF.to_owned(), total as u64)]);
                }
            });
            let ids = ids.map_err(refused)?;
            report.imported += ids.len() as u64;
            report.weak += strengths.iter().filter(|bits| ImportedKey::is_weak_at(**bits)).count() as u64;
            taken(&Taken { ids: &ids, line: read as u64, lines: total as u64 });
            some.clear();
        }
        if read < total {
            return Err(refused(at_line(read, ImportError::Changed)));
        }
        Ok(report)
    }

    /// At some lines, at one moment.
    fn look(&self, looked: &mut Looked, keys: &[ImportedKey]) -> Result<(), Error> {
        let keyring = if looked.count == 0 { self.ledger.reload()? } else { self.ledger.recent_keyring()? };
        let (rows, strengths, now) = (self.ledger.store().snapshot()?, strengths(keys), self.ledger.now());
        for (key, strength) in keys.iter().zip(strengths) {
            let at = looked.count;
            let mut look = Look { keyring: &keyring, rows: &*rows, now, seen: &mut looked.seen };
            let found = look.at(at, key, strength)?;
            looked.add(key);
            let strength = match found {
                // Only the first lines can have been taken in before.
                Found::There(id) if looked.there == at => {
                    (looked.there, looked.last_there) = (at + 1, Some(id));
                    None
                }
                Found::There(_) => return Err(at_line(at, ImportError::Exists)),
                Found::New { weak } => {
                    looked.weak += u64::from(weak);
                    strength
                }
            };
            looked.strengths.push(strength.map(|bits| u16::try_from(bits).unwrap_or(u16::MAX)));
        }
        looked.keyring.get_or_insert(keyring);
        Ok(())
    }

    /// How many of the first lines an import of the same number of lines has taken in that was cut off.
    fn done_before(&self, looked: &Looked) -> Result<usize, Error> {
        let Some(last) = looked.last_there else { return Ok(0) };
        let exists = || at_line(0, ImportError::Exists);
        if looked.there == looked.count || !looked.there.is_multiple_of(TOGETHER) {
            return Err(exists());
        }
        let is_ours = |entry: &AuditEntry| {
            let count = |name: &str| entry.counts.get(name).copied();
            entry.action == Action::Import
                && entry.outcome == Outcome::Done
                && entry.key == Some(last)
                && (count(LINE), count(OF)) == (Some(looked.there as u64), Some(looked.count as u64))
        };
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.audit_entries(after, ENTRIES)?;
            if page.items.iter().any(is_ours) {
                return Ok(looked.there);
            }
            after = page.next;
            if after.is_none() {
                return Err(exists());
            }
        }
    }
}

fn refusal_of(error: &Error) -> Vec<Draft> {
    let draft = || Draft::of(Action::Import).refused(error.code());
    error.is_refusal().then(draft).into_iter().collect()
}

/// All tokens so far, as a digest: what is taken in is what was looked at.
#[derive(Default)]
struct Rolling(Sha256);

impl Rolling {
    fn add(&mut self, token: &str) {
        self.0.update((token.len() as u64).to_be_bytes());
        self.0.update(token);
    }

    fn so_far(&self) -> [u8; 16] {
        *self.0.clone().finalize().first_chunk().expect("a digest is longer")
    }
}

/// What is kept of the lines that were looked at.
#[derive(Default)]
struct Looked {
    count: usize,
    seen: Seen,
    strengths: Vec<Option<u16>>,
    weak: u64,
    /// How many of the first lines are in the vault, and as what the last of them.
    there: usize,
    last_there: Option<ApiKeyId>,
    rolling: Rolling,
    /// Of all tokens up to the end of each commit.
    marks: Vec<[u8; 16]>,
    /// Of the first of them. Where another came after it, it is not the one that they are taken in under.
    keyring: Option<Arc<Keyring>>,
}

impl Looked {
    fn add(&mut self, key: &ImportedKey) {
        self.rolling.add(key.token.expose());
        self.count += 1;
        if self.count.is_multiple_of(TOGETHER) {
            self.marks.push(self.rolling.so_far());
        }
    }
}

/// In the audit entry of the last line of a commit, where there are several: the number of the line, and how many there are.
const LINE: &str = "line";
const OF: &str = "of_lines";
/// Lines in a commit. The index of tokens is written all over at each: fewer commits write less.
#[cfg(not(test))]
const TOGETHER: usize = 16_384;
#[cfg(test)]
const TOGETHER: usize = 8;
const ENTRIES: usize = 1_000;
/// Lines that are looked at together.
#[cfg(not(test))]
const LOOKED_AT: usize = 1_024;
#[cfg(test)]
const LOOKED_AT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_key::{NewApiKey, Request};
    use crate::error::Detail;
    use crate::master_key::MasterKey;
    use crate::master_keys::MasterKeys;
    use crate::secret::SecretText;
    use crate::store::MemoryStore;

    fn vault() -> Vault {
        let keys = MasterKeys::single(MasterKey::generate().expect("random").known_random());
        Vault::create(MemoryStore::new(), keys, &act()).expect("vault")
    }

    fn act() -> Act {
        Act::by("tester").because("a test")
    }

    /// Strong enough, and another for each number.
    fn token(n: usize) -> String {
        let digest = Sha256::digest(n.to_be_bytes());
        format!("acme_{}", crate::secret::hex(&digest[..16]))
    }

    fn key(n: usize) -> ImportedKey {
        ImportedKey::new(SecretText::new(token(n)), NewApiKey::new(format!("n{n}")))
    }

    type Line = Result<ImportedKey, Error>;

    fn import(
        vault: &Vault,
        lines: impl FnMut() -> Result<std::vec::IntoIter<Line>, Error>,
    ) -> (Result<Imported, Error>, Vec<u64>) {
        let mut told = vec![];
        let report = vault.import_from(lines, &act(), |taken| told.push(taken.line));
        (report, told)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the lines of a file may not open")]
    fn lines(numbers: impl Iterator<Item = usize>) -> Result<std::vec::IntoIter<Line>, Error> {
        Ok(numbers.map(|n| Ok(key(n))).collect::<Vec<_>>().into_iter())
    }

    fn imports(vault: &Vault) -> usize {
        let entries = vault.audit_entries(None, usize::MAX).expect("entries").items;
        entries.iter().filter(|entry| entry.action == Action::Import && entry.outcome == Outcome::Done).count()
    }

    fn all_verify(vault: &Vault, count: usize) -> bool {
        (0..count).all(|n| vault.verify(&token(n), &Request::new()).is_ok_and(|key| key.name == format!("n{n}")))
    }

    #[test]
    fn any_number_of_lines_is_taken_in_once_whatever_the_size_of_a_commit() {
        for count in [1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER, 3 * TOGETHER + 5] {
            let vault = vault();
            let (report, told) = import(&vault, || lines(0..count));
            assert_eq!(report.expect("imported"), Imported { imported: count as u64, there_before: 0, weak: 0 });
            assert_eq!((told.len(), told.last()), (count.div_ceil(TOGETHER), Some(&(count as u64))));
            assert!(all_verify(&vault, count) && imports(&vault) == count, "{count}");
            assert!(vault.doctor(|_| {}).expect("doctor").symptoms.is_empty());
            let (again, told) = import(&vault, || lines(0..count));
            let Err(Detail::Import { line: 1, fault: ImportError::Exists }) = again.map_err(Error::into_detail) else {
                panic!("{count}: what is in whole is there already")
            };
            assert!(told.is_empty() && imports(&vault) == count);
        }
    }

    type Faulty = (&'static str, fn(usize) -> Line);

    #[test]
    fn nothing_is_written_where_any_line_has_a_fault() {
        let count = 3 * TOGETHER;
        let faulty: [Faulty; 4] = [
            ("twice", |_| Ok(key(3))),
            ("none", |_| Err(Detail::NoVault.into())),
            ("weak", |_| Ok(ImportedKey::new(SecretText::new("summer-2024".into()), NewApiKey::new("n")))),
            ("empty", |_| Ok(ImportedKey::new(SecretText::new(String::new()), NewApiKey::new("n")))),
        ];
        for (what, fault) in faulty {
            for at in [5, TOGETHER + 1, count - 1] {
                let vault = vault();
                let made = || {
                    let line = |n: usize| if n == at { fault(n) } else { Ok(key(n)) };
                    Ok((0..count).map(line).collect::<Vec<_>>().into_iter())
                };
                let (report, told) = import(&vault, made);
                let error = report.expect_err(what).into_detail();
                assert!(
                    matches!(error, Detail::NoVault)
                        || matches!(&error, Detail::Import { line, .. } if *line == at + 1),
                    "{what}: {error}"
                );
                assert!(told.is_empty() && imports(&vault) == 0, "{what} at {at}");
            }
        }
        // One that is in the vault already, and is not the beginning of anything.
        let vault = vault();
        vault.import(&[key(TOGETHER + 2)], &act()).expect("imported");
        let (report, _) = import(&vault, || lines(0..count));
        let error = report.expect_err("there").into_detail();
        assert!(
            matches!(error, Detail::Import { line, fault: ImportError::Exists } if line == TOGETHER + 3),
            "{error}"
        );
        assert_eq!(imports(&vault), 1);
    }

    #[test]
    fn an_import_that_was_cut_off_goes_on_where_it_was() {
        let count = 4 * TOGETHER + 3;
        for cut in 0..=count {
            let vault = vault();
            let mut round = 0;
            // The second round ends in the middle, as it does for who is killed there.
            let (report, told) = import(&vault, || {
                round += 1;
                let fails = |n: usize| if round == 2 && n == cut { Err(Detail::NoVault.into()) } else { Ok(key(n)) };
                Ok((0..count).map(fails).collect::<Vec<_>>().into_iter())
            });
            let done = if cut == count { count } else { cut / TOGETHER * TOGETHER };
            assert_eq!((report.is_err(), imports(&vault)), (cut < count, done), "cut at {cut}");
            assert_eq!(told.last().copied().unwrap_or(0), done as u64);
            if cut == count {
                continue;
            }
            // One line more is another import, and so is one less.
            for other in [count - 1, count + 1] {
                if done > 0 {
                    assert!(import(&vault, || lines(0..other)).0.is_err(), "{other} lines");
                }
            }
            // What became of those that are in is no matter.
            if done > 0 {
                let id = vault.verify(&token(0), &Request::new()).expect("valid").id;
                vault.update(id, &crate::api_key::Update::new().owner("o"), &act()).expect("updated");
            }
            let (again, _) = import(&vault, || lines(0..count));
            let expected = Imported { imported: (count - done) as u64, there_before: done as u64, weak: 0 };
            assert_eq!(again.expect("imported"), expected, "cut at {cut}");
            assert!(all_verify(&vault, count) && imports(&vault) == count, "cut at {cut}");
        }
    }

    #[test]
    fn what_changes_between_the_two_looks_is_not_taken_in() {
        let count = 3 * TOGETHER;
        for (what, second) in [
            ("another token", (0..count).map(|n| if n == TOGETHER + 1 { 1_000 } else { n }).collect::<Vec<_>>()),
            ("one less", (0..count - 1).collect()),
            ("one more", (0..=count).collect()),
            ("another order", (0..count).map(|n| if n < TOGETHER { n } else { n ^ 1 }).collect()),
        ] {
            let vault = vault();
            let mut round = 0;
            let (report, told) = import(&vault, || {
                round += 1;
                if round == 1 { lines(0..count) } else { lines(second.iter().copied()) }
            });
            let error = report.expect_err(what).into_detail();
            assert!(matches!(error, Detail::Import { fault: ImportError::Changed, .. }), "{what}: {error}");
            let done = usize::try_from(told.last().copied().unwrap_or(0)).expect("few");
            assert!(done <= count && imports(&vault) == done && all_verify(&vault, done), "{what}");
        }
    }

    #[test]
    fn another_writer_who_takes_a_token_meanwhile_is_not_written_over() {
        let vault = vault();
        let (count, other) = (3 * TOGETHER, vault.clone());
        let mut round = 0;
        let (report, told) = import(&vault, || {
            round += 1;
            if round == 2 {
                other.import(&[key(TOGETHER + 2)], &act()).expect("imported");
            }
            lines(0..count)
        });
        let error = report.expect_err("there").into_detail();
        assert!(
            matches!(error, Detail::Import { line, fault: ImportError::Exists } if line == TOGETHER + 3),
            "{error}"
        );
        assert_eq!((told, imports(&vault)), (vec![TOGETHER as u64], TOGETHER + 1));
    }
}
