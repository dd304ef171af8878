//! One record of many put back, forged, added, removed or edited, by somebody who has a verifier key, older copies, and writes the store:
//! the doctor names it with the entry of the audit log that it contradicts, and no rotation moves it.
//!
//! With `STRONGROOM_FORGED_RECORDS` it is one of so many.

mod forger;
mod one_time_keys;

use std::time::{Duration, Instant};

use crate::support::past::{Copied, copied, overwrite, row_key};
use crate::support::{Keys, act, version};
use crate::weak_tokens::with_check;
use strongroom::audit::AuditFilter;
use strongroom::doctor::SymptomSeverity;
use strongroom::error::{Detail, RecordError};
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{
    ApiKeyId, ErrorKind, Issued, MemoryStore, NewApiKey, Request, Suite, Timestamp, Update, Vault, VaultOptions,
    VerifyError,
};

use forger::Forger;

#[test]
fn one_of_many_records_that_is_not_what_the_log_says_is_named_with_the_entry_and_does_not_move() {
    for suite in Suite::ALL {
        let scene = Scene::new(*suite, records());
        for case in scene.cases() {
            scene.hold(&case);
        }
    }
}

fn records() -> usize {
    std::env::var("STRONGROOM_FORGED_RECORDS").map_or(2_000, |count| count.parse().expect("a number"))
}

struct Scene {
    suite: Suite,
    keys: Keys,
    rows: Copied,
    issued: Vec<Issued>,
    /// As they were before they were changed: of the API keys in the middle, one for each kind of change.
    before: Vec<Vec<u8>>,
    forger: Forger,
}

/// What is done to one row, and how it has to be named.
struct Case {
    what: &'static str,
    id: ApiKeyId,
    record: Option<Vec<u8>>,
    cause: Named,
    /// A token that who only verifies then takes for valid: the forgery is a good one.
    token: Option<String>,
}

enum Named {
    As(RecordError),
    /// There is no record that a rotation could name; the sums over them tell.
    Missing {
        seq: u64,
    },
}

impl Scene {
    fn new(suite: Suite, count: usize) -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(2));
        let options = VaultOptions::new().suite(suite);
        let vault = options.create(store.clone(), keys.only([1]), &act()).expect("vault");
        let mut issued = vec![];
        while issued.len() < count {
            let some = vec![NewApiKey::new("key").scopes(["read", "write"]); (count - issued.len()).min(5_000)];
            issued.extend(vault.issue_many(&some, &act()).expect("issued"));
        }
        let changes: [fn(&Vault, ApiKeyId); 4] = [
            |vault, id| assert!(vault.suspend(id, &act()).expect("suspended")),
            |vault, id| {
                let ahead = Timestamp::now().saturating_add(Duration::from_secs(3_600));
                assert!(vault.revoke_at(id, ahead, &act()).expect("set"));
            },
            |vault, id| drop(vault.update(id, &Update::new().scopes(["read"]), &act()).expect("narrowed")),
            |vault, id| assert!(vault.revoke(id, &act()).expect("revoked")),
        ];
        let middle = count / 2;
        let before = (0..4).map(|at| record(&store, issued[middle + at].id)).collect();
        for (at, change) in changes.iter().enumerate() {
            change(&vault, issued[middle + at].id);
        }
        let verifier_key = vault.issue_verifier_key(version(1), &act()).expect("derived");
        let keyring = store.get(Table::Vault, b"keyring").expect("read").expect("there");
        let forger = Forger::with(verifier_key.to_text().expose(), &keyring);
        Self { suite, keys, rows: copied(&store), issued, before, forger }
    }

    fn cases(&self) -> Vec<Case> {
        let store = self.filled();
        let vault = Vault::open(store.clone(), self.keys.only([1])).expect("vault");
        let last = |id| {
            let entries = vault.find_audit_entries(&AuditFilter::new().key(id), None, 10).expect("entries");
            entries.items.last().expect("an entry").seq
        };
        let differs = |id| Named::As(RecordError::Differs { seq: last(id) });
        let (middle, at) = (self.issued.len() / 2, |at: usize| self.issued[self.issued.len() / 2 + at].id);
        let mut cases = vec![];
        let undone = ["a suspension", "a scheduled revocation", "a narrowing of scopes", "a revocation"];
        for (n, what) in undone.into_iter().enumerate() {
            let token = Some(self.issued[middle + n].token.expose().to_owned());
            let (record, cause) = (Some(self.before[n].clone()), differs(at(n)));
            cases.push(Case { what, id: at(n), record, cause, token });
        }
        let token = |id: ApiKeyId, secret: &str| Some(with_check(&format!("sr_{id}{secret}")));
        let (id, whole) = (at(5), record(&store, at(5)));
        let (same_tag, secret) = self.forger.same_tag(&whole);
        let cause = differs(id);
        cases.push(Case {
            what: "another text under the same tag",
            id,
            record: Some(same_tag),
            cause,
            token: token(id, &secret),
        });
        // Of the same API key: all that was changed under its tag, sealed anew, with and without the recover part.
        let plain = self.forger.open(cases[4].record.as_ref().expect("there"));
        for (what, recoverable) in [("a forged verify part", true), ("a forged record without a secret", false)] {
            let forged = self.forger.seal(&whole, &row_key(id), &plain, recoverable);
            cases.push(Case { what, id, record: Some(forged), cause: differs(id), token: token(id, &secret) });
        }
        let id: ApiKeyId = "01kb0c5x7mq8e4t2v9rwyz3abd".parse().expect("an id");
        let added = self.forger.seal(&whole, &row_key(id), &plain, false);
        let cause = Named::As(RecordError::Unlogged);
        cases.push(Case { what: "an added record", id, record: Some(added), cause, token: token(id, &secret) });
        let (id, mut edited) = (at(6), record(&store, at(6)));
        edited[100] ^= 1;
        let cause = Named::As(RecordError::Corrupt { part: "verify" });
        cases.push(Case { what: "one bit turned", id, record: Some(edited), cause, token: None });
        let (id, cause) = (at(7), Named::Missing { seq: last(at(7)) });
        cases.push(Case { what: "a removed record", id, record: None, cause, token: None });
        cases
    }

    #[allow(clippy::print_stderr, reason = "it says how long it took")]
    fn hold(&self, case: &Case) {
        let (store, what, row) = (self.filled(), case.what, row_key(case.id));
        overwrite(&store, Table::Keys, &row, case.record.clone());
        // It has not followed the log: whoever has believes less.
        let options = VaultOptions::new().follow(false);
        let vault = options.open(store.clone(), self.keys.only([1, 2])).expect("vault");
        if let Some(token) = &case.token {
            let of = vault.verify(token, &Request::new()).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(of.id, case.id, "{what}");
        }
        let begun = Instant::now();
        let said = named_by_the_doctor(&vault);
        let looked = begun.elapsed();
        let [named] = &said[..] else { panic!("{what}: {said:?}") };
        assert!(named.contains(&case.id.to_string()), "{what}: {named}");
        let seq = match case.cause {
            Named::As(RecordError::Differs { seq }) | Named::Missing { seq } => Some(seq),
            Named::As(cause) => {
                assert!(named.contains(&cause.to_string()), "{what}: {named}");
                None
            }
        };
        assert!(seq.is_none_or(|seq| named.contains(&format!("audit entry {seq} left behind"))), "{what}: {named}");

        let begun = Instant::now();
        for accepts in [false, true] {
            let options = RotateOptions::new().accept_record_set(accepts);
            match &case.cause {
                Named::As(cause) => {
                    let report = vault.rotate(&options, &act(), |_| ()).expect("it ends");
                    assert_eq!(report.outcome, RotationOutcome::Incomplete, "{what}");
                    let named: Vec<_> = report.unreadable.iter().map(|record| (record.id, record.cause)).collect();
                    assert_eq!(named, [(Some(case.id), *cause)], "{what}");
                }
                // Whoever accepts that a record is missing has the log say so.
                Named::Missing { .. } if accepts => continue,
                Named::Missing { .. } => {
                    let error = vault.rotate(&options, &act(), |_| ()).expect_err(what);
                    assert!(
                        matches!(error.detail(), Detail::RecordSet { generation } if generation.get() == 1),
                        "{error}"
                    );
                }
            }
            assert_eq!(store.get(Table::Keys, &row).expect("read"), case.record, "{what}: it has not moved");
            assert!(vault.status().expect("status").rotation.is_some(), "{what}: the old generation is kept");
        }
        eprintln!(
            "{}, 1 of {}: {what}: doctor {looked:.1?}, rotation {:.1?}",
            self.suite,
            self.issued.len(),
            begun.elapsed()
        );
        // Nobody else is hurt.
        let neighbour = &self.issued[self.issued.len() / 2 + 8];
        vault.verify(neighbour.token.expose(), &Request::new()).expect("valid");
        // A process that has followed the log believes none of those whose API key was changed.
        let service = Vault::open(store, self.keys.only([2])).expect("vault");
        service.catch_up().expect("followed");
        if let (Some(token), true) = (&case.token, matches!(case.what, "a suspension" | "a revocation")) {
            let Err(VerifyError::Unavailable(error)) = service.verify(token, &Request::new()) else { panic!("{what}") };
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}");
        }
    }

    fn filled(&self) -> MemoryStore {
        let (store, mut batch) = (MemoryStore::new(), Batch::new());
        for (table, key, value) in &self.rows {
            batch.put(*table, key.clone(), value.clone(), Expected::Absent);
        }
        store.commit(&batch).expect("written");
        store
    }
}

/// What it says of records, beside that the sums over them differ.
fn named_by_the_doctor(vault: &Vault) -> Vec<String> {
    let report = vault.doctor(|_| ()).expect("examined");
    let damage = report.symptoms.into_iter().filter(|symptom| symptom.severity == SymptomSeverity::Damage);
    damage.filter(|symptom| symptom.id != "record-set").map(|symptom| symptom.what).collect()
}

fn record(store: &MemoryStore, id: ApiKeyId) -> Vec<u8> {
    store.get(Table::Keys, &row_key(id)).expect("read").expect("there")
}
