//! Making a vault, and opening it: with master keys, or with verifier keys to read it.

use std::sync::Arc;

use crate::anchor::Anchor;
use crate::arguments::Maybe;
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::keyring::{KeyEncryptionKeys, Keyring};
use crate::ledger::{Anchored, Change, Clock, KEYRING, Ledger};
use crate::lookup::LookupRow;
use crate::master_key::Waivers;
use crate::master_keys::{Candidates, MasterKeys};
use crate::record::sentinel;
use crate::store::{Expected, Store, Table};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::handle::{Vault, Verifier};
use crate::vault::recorder::UsageOptions;
use crate::vault_id::VaultId;
use crate::verifier_keys::VerifierKeys;
use crate::versions::MasterKeyVersion;

/// # Opening
impl Vault {
    /// Makes a vault in a store that holds none, under the newest of `keys`. With the feature `strength` in the build, whoever turned
    /// it on, a key that is not [known to be random](crate::MasterKey::known_random) is judged in full first, for about a second
    /// ([`VaultOptions::quick`] leaves that out).
    pub fn create(store: impl Store + 'static, keys: MasterKeys, act: &Act) -> Result<Self, Error> {
        VaultOptions::new().create(store, keys, act)
    }

    /// Opens the vault in a store, or makes one where there is none: what a service calls when it starts. Of several processes that
    /// start at once one makes the vault, and the others open it. `act` is recorded by the one that makes it.
    ///
    /// ```
    /// use strongroom::{Act, MemoryStore, Vault};
    /// # use strongroom::{MasterKey, MasterKeys};
    /// # let keys = MasterKeys::single(MasterKey::generate()?);
    /// # let store = MemoryStore::new();
    /// // let (store, keys) = (SqliteStore::open_or_create("vault.db")?, MasterKeys::from_env()?);
    /// let vault = Vault::open_or_create(store, keys, &Act::by("billing").because("first start"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_or_create(store: impl Store + 'static, keys: MasterKeys, act: &Act) -> Result<Self, Error> {
        VaultOptions::new().open_or_create(store, keys, act)
    }

    /// Opens the vault in a store. The master keys are not kept: only what is derived from them for this vault
    /// ([`VaultOptions::to_rotate`] keeps them for a while).
    pub fn open(store: impl Store + 'static, keys: MasterKeys) -> Result<Self, Error> {
        VaultOptions::new().open(store, keys)
    }

    /// A handle that only reads, for the part of a program that needs no more. It is restricted by its type: the process
    /// keeps the keys of the vault, and [`Verifier::open`] is for one that is to have none of them.
    pub fn verifier(&self) -> Verifier {
        self.into()
    }
}

/// # Opening
impl Verifier {
    /// Opens the vault in a store with verifier keys, to verify and to list and for nothing else.
    pub fn open(store: impl Store + 'static, keys: VerifierKeys) -> Result<Self, Error> {
        VaultOptions::new().open_verifier(store, keys)
    }
}

/// How to make or open a vault, where the defaults do not fit.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct VaultOptions {
    suite: Suite,
    clock: Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>,
    first: Option<MasterKeyVersion>,
    usage: Option<UsageOptions>,
    waivers: Waivers,
    quick: bool,
    to_rotate: bool,
    to_examine: bool,
    alone: bool,
    anchor: Option<Arc<dyn Anchor>>,
}

impl VaultOptions {
    /// Suite 1 and the operating system's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// The suite of a new vault.
    #[must_use]
    pub fn suite(mut self, suite: impl Maybe<Suite>) -> Self {
        self.suite = suite.maybe().unwrap_or(self.suite);
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How uses of API keys are recorded. A [`Verifier`] records none unless this is said.
    #[must_use]
    pub fn usage(mut self, usage: impl Maybe<UsageOptions>) -> Self {
        self.usage = usage.maybe().or(self.usage);
        self
    }

    /// What the full strength checks may say of a new vault's master key nevertheless. With the feature `strength` they run
    /// before the vault is made, for about a second.
    #[must_use]
    pub fn waivers(mut self, waivers: Waivers) -> Self {
        self.waivers = waivers;
        self
    }

    /// Whether the full strength checks of a new vault's master key are left out, for somebody who has run them. Of a key that is
    /// [known to be random](crate::MasterKey::known_random) they are left out anyway.
    #[must_use]
    pub fn quick(mut self, quick: bool) -> Self {
        self.quick = quick;
        self
    }

    /// Whether the master key that the vault is rotated to is judged once more before [`Vault::rotate`] begins: in full with the
    /// feature `strength`, for about a second, and without it quickly, and by what it has to do with the others. For this the vault
    /// keeps copies of the master keys until a rotation to the newest of them begins. Unless this says so, nothing is kept, and a
    /// rotation trusts what was found when the keys were read: patterns and published keys are refused there.
    #[must_use]
    pub fn to_rotate(mut self, to_rotate: bool) -> Self {
        self.to_rotate = to_rotate;
        self
    }

    /// Whether a vault is opened whose rows do not belong together, so that [`Vault::examine`] and the methods of the audit log can say
    /// what is wrong with it. Otherwise a head that names another keyring, and a log that does not end where the head says, refuse the
    /// vault. For looking and for nothing else: whoever acts on a vault like this acts on what somebody put back.
    #[must_use]
    pub fn to_examine(mut self, to_examine: bool) -> Self {
        self.to_examine = to_examine;
        self
    }

    /// Whether the audit log is followed beside verifications, from the first one on. It is unless this says otherwise, and then on a
    /// thread of its own, once a second: see [`Verifier::following`]. A process that ends at once may do without, or call
    /// [`Verifier::catch_up`].
    #[must_use]
    pub fn follow(mut self, follow: bool) -> Self {
        self.alone = !follow;
        self
    }

    /// What this machine saw of the vault last, kept outside of the store. A store that went back, took another way or is of another line
    /// is refused then: on opening, by every change, and in a process that verifies within a second. Where a vault is made, the anchor is
    /// made with it; otherwise it must be there ([`Verifier::init_anchor`]).
    ///
    /// ```
    /// use strongroom::anchor::FileAnchor;
    /// use strongroom::VaultOptions;
    ///
    /// let mut options = VaultOptions::new();
    /// if let Some(anchor) = FileAnchor::from_env()? {
    ///     options = options.anchor(anchor);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn anchor(mut self, anchor: impl Anchor + 'static) -> Self {
        self.anchor = Some(Arc::new(anchor));
        self
    }

    fn anchored(&self, signs: bool) -> Option<Anchored> {
        self.anchor.clone().map(|anchor| Anchored::new(anchor, signs))
    }

    /// Begins under this version, and not under the newest.
    pub(super) fn first(mut self, version: MasterKeyVersion) -> Self {
        self.first = Some(version);
        self
    }

    /// Judges the master key that a new vault would begin under, as [`VaultOptions::create`] does, but before there is a store. It is
    /// not judged again then. Without the feature `strength` there is nothing to judge beyond the quick checks, which ran when the
    /// key was read.
    pub fn judge(&self, keys: &mut MasterKeys) -> Result<(), Error> {
        let version = self.beginning(keys);
        if cfg!(feature = "strength") && !self.quick {
            let judged = Candidates::of(keys).judge(version, &self.waivers);
            judged.map_err(|fault| Detail::MasterKeyWeak { version, fault })?;
            keys.trust(version);
        }
        Ok(())
    }

    /// The version that a new vault begins under.
    fn beginning(&self, keys: &MasterKeys) -> MasterKeyVersion {
        let newest = keys.versions().last().map(|(version, _)| version);
        self.first.or(newest).unwrap_or(MasterKeyVersion::FIRST)
    }

    /// See [`Vault::create`].
    pub fn create(self, store: impl Store + 'static, mut keys: MasterKeys, act: &Act) -> Result<Vault, Error> {
        self.begin(Box::new(store), &mut keys, act)
    }

    /// See [`Vault::open_or_create`].
    pub fn open_or_create(self, store: impl Store + 'static, mut keys: MasterKeys, act: &Act) -> Result<Vault, Error> {
        let store: Arc<dyn Store> = Arc::new(store);
        if store.get(Table::Vault, KEYRING)?.is_none() {
            match self.begin(Box::new(Arc::clone(&store)), &mut keys, act) {
                // Another process was quicker.
                Err(error) if matches!(error.detail(), Detail::VaultExists) => {}
                begun => return begun,
            }
        }
        self.open(store, keys)
    }

    fn begin(&self, store: Box<dyn Store>, keys: &mut MasterKeys, act: &Act) -> Result<Vault, Error> {
        act.check()?;
        self.judge(keys)?;
        let newest = self.beginning(keys);
        let clock = self.ticking();
        let (vault, now) = (VaultId::random()?, clock());
        let keks = self.derived(keys, vault);
        let keyring = Keyring::create(self.suite, vault, newest, &keks, now)?;
        let first = |change: &mut Change<'_>| {
            let (record, commitment) = sentinel(change.keyring, now)?;
            change.insert_record(ApiKeyId::SENTINEL, record)?;
            let (index, row) = LookupRow::sentinel(change.keyring);
            change.batch.put(Table::Lookup, index, row, Expected::Absent);
            change.audit(Draft::of(Action::Init).count("master_key", newest.into()).leaving(commitment));
            Ok(())
        };
        let ledger = Ledger::create(store, keks, clock, keyring, self.anchored(true), first, act)?;
        Ok(Vault::over(ledger, self.usage.clone().unwrap_or_default(), !self.alone))
    }

    /// See [`Vault::open`].
    pub fn open(self, store: impl Store + 'static, keys: MasterKeys) -> Result<Vault, Error> {
        let derive = |row: &[u8]| Ok(self.derived(&keys, Keyring::vault_claimed_by(row)?));
        let ledger = Ledger::open(Box::new(store), derive, self.ticking(), self.anchored(true))?;
        look(&ledger, self.to_examine)?;
        Ok(Vault::over(ledger, self.usage.unwrap_or_default(), !self.alone))
    }

    /// See [`Verifier::open`].
    pub fn open_verifier(self, store: impl Store + 'static, keys: VerifierKeys) -> Result<Verifier, Error> {
        let (clock, to_examine, anchored) = (self.ticking(), self.to_examine, self.anchored(false));
        let derive = |row: &[u8]| Ok(KeyEncryptionKeys::of_verifier(keys, Keyring::vault_claimed_by(row)?)?);
        let ledger = Ledger::open(Box::new(store), derive, clock, anchored)?;
        look(&ledger, to_examine)?;
        Ok(Verifier::over(ledger, self.usage.unwrap_or_else(UsageOptions::off), !self.alone))
    }

    fn derived(&self, keys: &MasterKeys, vault: VaultId) -> KeyEncryptionKeys {
        let derive = if self.to_rotate { KeyEncryptionKeys::derive_to_rotate } else { KeyEncryptionKeys::derive };
        derive(keys, vault)
    }

    fn ticking(&self) -> Clock {
        match self.clock.clone() {
            Some(clock) => Box::new(move || clock()),
            None => Box::new(Timestamp::now),
        }
    }
}

fn look(ledger: &Ledger, to_examine: bool) -> Result<(), Error> {
    if to_examine { Ok(()) } else { ledger.check_that_it_belongs_together() }
}
