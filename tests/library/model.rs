//! The vault beside a model of it: whatever happens in whatever order, both answer the same.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::support::{Keys, act};
use proptest::prelude::*;
use strongroom::api_keys::ImportedKey;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::{
    ApiKeyId, MemoryStore, NewApiKey, Refusal, Request, SecretText, Timestamp, Vault, VaultOptions, VerifyError,
};

#[derive(Clone, Debug)]
enum Step {
    Issue { recoverable: bool, ttl_secs: Option<u16>, scope: bool },
    Import { revoked: bool, recoverable: bool },
    Revoke(usize),
    Recover(usize),
    Wait(u16),
    Rotate { stop_after: Option<u8> },
    Reopen,
}

struct Known {
    id: ApiKeyId,
    token: String,
    recoverable: bool,
    scope: bool,
    expires_at: Option<Timestamp>,
    revoked: bool,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), any::<Option<u16>>(), any::<bool>())
            .prop_map(|(recoverable, ttl_secs, scope)| Step::Issue { recoverable, ttl_secs, scope }),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(revoked, recoverable)| Step::Import { revoked, recoverable }),
        2 => any::<usize>().prop_map(Step::Revoke),
        2 => any::<usize>().prop_map(Step::Recover),
        1 => any::<u16>().prop_map(Step::Wait),
        2 => any::<Option<u8>>().prop_map(|stop_after| Step::Rotate { stop_after: stop_after.map(|n| n % 8) }),
        1 => Just(Step::Reopen),
    ]
}

struct World {
    store: MemoryStore,
    keys: Keys,
    clock: Arc<AtomicI64>,
    master: u32,
    rotating: bool,
    vault: Vault,
    known: Vec<Known>,
}

impl World {
    fn new() -> Self {
        let (store, keys, clock) =
            (MemoryStore::new(), Keys::generate(12), Arc::new(AtomicI64::new(1_000_000_000_000)));
        let vault = options(&clock).create(store.clone(), keys.only([1]), &act()).expect("vault");
        Self { store, keys, clock, master: 1, rotating: false, vault, known: vec![] }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.clock.load(Ordering::SeqCst)).expect("in range")
    }

    fn reopen(&mut self, versions: impl IntoIterator<Item = u32>) {
        self.vault = options(&self.clock).open(self.store.clone(), self.keys.only(versions)).expect("vault");
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Issue { recoverable, ttl_secs, scope } => {
                let mut key = NewApiKey::new("key");
                let expires_at =
                    ttl_secs.map(|secs| self.now().saturating_add(Duration::from_secs(secs.max(1).into())));
                key = expires_at.map_or(key.clone(), |at| key.clone().expires_at(at));
                key = if scope { key.scope("read") } else { key };
                key = key.recoverable(recoverable);
                let issued = self.vault.issue(&key, &act()).expect("issued");
                let token = issued.token.expose().to_owned();
                self.known.push(Known { id: issued.id, token, recoverable, scope, expires_at, revoked: false });
            }
            Step::Import { revoked, recoverable } => {
                let token = format!("legacy/{}", self.known.len());
                let key = NewApiKey::new("legacy").recoverable(recoverable);
                let imported = ImportedKey::new(SecretText::new(token.clone()), key).allow_weak(true);
                let imported = imported.revoked(revoked);
                let id = self.vault.import(&[imported], &act()).expect("imported")[0];
                self.known.push(Known { id, token, recoverable, scope: false, expires_at: None, revoked });
            }
            Step::Revoke(at) if !self.known.is_empty() => {
                let at = at % self.known.len();
                let changed = self.vault.revoke(self.known[at].id, &act()).expect("revoked");
                assert_eq!(changed, !self.known[at].revoked);
                self.known[at].revoked = true;
            }
            Step::Recover(at) if !self.known.is_empty() => {
                let known = &self.known[at % self.known.len()];
                let recovered = self.vault.recover(known.id, &act());
                assert_eq!(recovered.is_ok(), known.recoverable);
                assert!(recovered.is_ok_and(|token| token.expose() == known.token) || !known.recoverable);
            }
            Step::Wait(secs) => drop(self.clock.fetch_add(i64::from(secs) * 1_000, Ordering::SeqCst)),
            Step::Rotate { stop_after } if self.master < 12 || self.rotating => {
                if !self.rotating {
                    self.master += 1;
                    self.reopen([self.master - 1, self.master]);
                }
                let batches = RotateOptions::new().batch(NonZeroUsize::new(3).expect("not zero"));
                let mut left = stop_after;
                let watch = |_: strongroom::rotation::Progress| match &mut left {
                    Some(0) => ControlFlow::Break(()),
                    Some(left) => {
                        *left -= 1;
                        ControlFlow::Continue(())
                    }
                    None => ControlFlow::Continue(()),
                };
                let report = self.vault.rotate(&batches, &act(), watch).expect("rotated");
                self.rotating = report.outcome == RotationOutcome::Stopped;
                if report.outcome == RotationOutcome::NotBegun {
                    self.master -= 1;
                    self.reopen([self.master]);
                }
                assert!(stop_after.is_some() || report.outcome == RotationOutcome::Finished);
            }
            Step::Revoke(_) | Step::Recover(_) | Step::Rotate { .. } => {}
            Step::Reopen => self.reopen([self.master]),
        }
    }

    fn check(&self) {
        for known in &self.known {
            let expired = known.expires_at.is_some_and(|at| at <= self.now());
            let expected = match (known.revoked, expired, known.scope) {
                (true, ..) => Some(Refusal::Revoked),
                (false, true, _) => Some(Refusal::Expired),
                (false, false, false) => Some(Refusal::Scope),
                (false, false, true) => None,
            };
            match self.vault.verify(&known.token, &Request::new().scope("read")) {
                Ok(key) => assert_eq!((expected, key.id), (None, known.id)),
                Err(VerifyError::Refused { refusal, .. }) => assert_eq!(Some(refusal), expected),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(self.vault.status().expect("status").record_count(), self.known.len() as u64);
    }
}

fn options(clock: &Arc<AtomicI64>) -> VaultOptions {
    let clock = Arc::clone(clock);
    VaultOptions::new().clock(move || Timestamp::from_unix_millis(clock.load(Ordering::SeqCst)).expect("in range"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_vault_answers_like_its_model(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
        prop_assert_eq!(world.vault.doctor(|_| ()).expect("doctor").symptoms.iter().filter(|s| s.id != "rotation").count(), 0);
    }
}
