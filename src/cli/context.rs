//! What every verb needs: where the vault is, who acts, whether the answer is yes, and the terminal.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use strongroom::anchor::FileAnchor;
use strongroom::error::{Detail, KeyringError};
use strongroom::escrow::Combined;
use strongroom::master::{MasterKeysError, Origin, SourceConcern, SourceError, VerifierKeysError};
use strongroom::store::SqliteRepair;
use strongroom::strength::Waivers;
use strongroom::{Act, MasterKeys, SqliteStore, Timestamp, Vault, VaultOptions, Verifier, VerifierKeys};

use crate::age::Identities;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::process;
use crate::shares::{self, Noted};
use crate::terminal::Terminal;
use crate::text::escaped;
use crate::told::Told;

/// The surroundings of one command.
pub(crate) struct Context<'t> {
    pub(crate) place: Place,
    pub(crate) terminal: &'t mut Terminal,
    pub(crate) yes: bool,
    pub(crate) waivers: Waivers,
    /// The options that make a child of this program read the same waivers.
    pub(crate) waiver_options: Vec<OsString>,
    /// Of the sources of keys read so far, and not told yet.
    concerns: Vec<SourceConcern>,
    actor: Option<String>,
    /// Files with shares of a master key, for this run.
    shares: Vec<PathBuf>,
    /// Files with age identities.
    pub(crate) identities: Vec<PathBuf>,
    /// The vault of this command, to tell in the end whether its anchor has followed.
    opened: Option<Verifier>,
    /// What a command ends with that shows first what there is.
    refused: Option<Failure>,
}

/// Either kind is enough to read a vault.
enum KeysToRead {
    Master(MasterKeys),
    Verifier(VerifierKeys),
}

impl<'t> Context<'t> {
    pub(crate) fn new(global: &Global, terminal: &'t mut Terminal) -> Result<Self, Told> {
        let place = Place::of(global.store.clone())?;
        let (waivers, waiver_options) = waivers(global)?;
        let (shares, identities) = (global.shares.iter().map(PathBuf::from).collect(), global.identities.clone());
        let (yes, actor) = (global.yes, global.actor.clone());
        Ok(Self {
            place,
            terminal,
            yes,
            waivers,
            waiver_options,
            concerns: vec![],
            actor,
            shares,
            identities,
            opened: None,
            refused: None,
        })
    }

    /// Opens the vault with the configured master keys.
    pub(crate) fn open(&mut self) -> Result<Vault, Failure> {
        let keys = self.keys_to_open()?;
        self.open_with(keys)
    }

    /// The same for what changes nothing, also on a medium that cannot be written.
    pub(crate) fn open_to_read(&mut self) -> Result<Vault, Failure> {
        let keys = self.keys_to_open()?;
        let vault = opening()?.open(SqliteStore::open_to_read(&self.place.path)?, keys)?;
        self.warn();
        self.opened = Some(vault.verifier());
        Ok(vault)
    }

    /// The same, with keys that were read to be looked at first.
    pub(crate) fn open_with(&mut self, keys: MasterKeys) -> Result<Vault, Failure> {
        let vault = opening()?.open(SqliteStore::open(&self.place.path)?, keys)?;
        self.warn();
        self.opened = Some(vault.verifier());
        Ok(vault)
    }

    /// The same, so that the master key it is rotated to can be judged.
    pub(crate) fn open_to_rotate(&mut self, keys: MasterKeys) -> Result<Vault, Failure> {
        let vault = opening()?.to_rotate(true).open(SqliteStore::open(&self.place.path)?, keys)?;
        self.warn();
        self.opened = Some(vault.verifier());
        Ok(vault)
    }

    /// The same to examine it, for who tells of the concerns in another way: also one whose rows do not belong together.
    pub(crate) fn open_unwarned(&mut self, keys: MasterKeys) -> Result<Vault, Failure> {
        Ok(opening()?.to_examine(true).open(SqliteStore::open_to_read(&self.place.path)?, keys)?)
    }

    /// The same over a store that is being mended. Nothing is kept of it here: it holds the store until it is gone.
    pub(crate) fn open_to_mend(&mut self, store: Arc<SqliteRepair>) -> Result<Vault, Failure> {
        let keys = self.keys_to_open()?;
        Ok(opening()?.to_examine(true).open(store, keys)?)
    }

    /// The configured master keys, or none: the vault can then say which one it needs.
    pub(crate) fn keys_to_open(&mut self) -> Result<MasterKeys, Failure> {
        match self.master_keys() {
            Err(Failure::MasterKeys(MasterKeysError::NotSet)) => match VerifierKeys::from_env() {
                Err(VerifierKeysError::NotSet) => Ok(MasterKeys::default()),
                _ => Err(Detail::Keyring(KeyringError::VerifierOnly).into()),
            },
            keys => keys,
        }
    }

    /// Why there is nothing to judge where no master key is configured.
    pub(crate) fn without_master_keys() -> Failure {
        match VerifierKeys::from_env() {
            Err(VerifierKeysError::NotSet) => MasterKeysError::NotSet.into(),
            _ => Detail::Keyring(KeyringError::VerifierOnly).into(),
        }
    }

    /// Opens the vault to read it: with the configured master keys, or where there are none with the verifier keys, and
    /// then without the right to write.
    pub(crate) fn open_reading(&mut self) -> Result<Verifier, Failure> {
        Ok(self.open_as_configured()?.0)
    }

    /// The same where any key is configured, also where the log does not end as the head says: the methods that read it say so.
    pub(crate) fn open_log(&mut self) -> Result<Option<Verifier>, Failure> {
        let keys = self.keys_to_read()?;
        keys.map(|keys| Ok(self.open_with_options(keys, opening()?.to_examine(true))?.0)).transpose()
    }

    /// The same as [`Context::open_reading`], and the whole vault where it was opened with master keys.
    pub(crate) fn open_as_configured(&mut self) -> Result<(Verifier, Option<Vault>), Failure> {
        // Without any the vault says which one it needs.
        let keys = self.keys_to_read()?.unwrap_or_else(|| KeysToRead::Master(MasterKeys::default()));
        self.open_with_options(keys, opening()?)
    }

    /// The same as [`Context::open_reading`], whatever an anchor says: for who makes one.
    pub(crate) fn open_unanchored(&mut self) -> Result<Verifier, Failure> {
        let keys = self.keys_to_read()?.unwrap_or_else(|| KeysToRead::Master(MasterKeys::default()));
        Ok(self.open_with_options(keys, VaultOptions::new().follow(false))?.0)
    }

    /// The configured master keys, or where there are none the verifier keys.
    fn keys_to_read(&mut self) -> Result<Option<KeysToRead>, Failure> {
        match self.master_keys() {
            Err(Failure::MasterKeys(MasterKeysError::NotSet)) => match VerifierKeys::from_env() {
                Err(VerifierKeysError::NotSet) => Ok(None),
                keys => Ok(Some(KeysToRead::Verifier(keys?))),
            },
            keys => Ok(Some(KeysToRead::Master(keys?))),
        }
    }

    fn open_with_options(
        &mut self,
        keys: KeysToRead,
        options: VaultOptions,
    ) -> Result<(Verifier, Option<Vault>), Failure> {
        let keys = match keys {
            KeysToRead::Master(keys) => keys,
            KeysToRead::Verifier(keys) => return Ok((self.open_verifier(keys, options)?, None)),
        };
        let vault = options.open(SqliteStore::open_to_read(&self.place.path)?, keys)?;
        self.warn();
        self.opened = Some(vault.verifier());
        Ok((vault.verifier(), Some(vault)))
    }

    fn open_verifier(&mut self, keys: VerifierKeys, options: VaultOptions) -> Result<Verifier, Failure> {
        self.concerns.extend(keys.concerns(Some(&self.place.path)));
        self.warn();
        let store = SqliteStore::open_read_only(&self.place.path)?;
        Ok(options.open_verifier(store, keys)?)
    }

    /// The configured master keys, and the one whose shares were given.
    pub(crate) fn master_keys(&mut self) -> Result<MasterKeys, Failure> {
        if self.shares.is_empty() {
            return self.configured_keys();
        }
        let mut keys = match self.configured_keys() {
            Err(Failure::MasterKeys(MasterKeysError::NotSet)) => MasterKeys::default(),
            keys => keys?,
        };
        let files = self.shares.clone();
        let (combined, _) = self.put_together(&files)?;
        keys.insert_from(combined.version, combined.key, Origin::Other("the shares".into()))?;
        Ok(keys)
    }

    /// The master key that these files give together, and which of them were of no use.
    pub(crate) fn put_together(&mut self, files: &[PathBuf]) -> Result<(Combined, Noted), Failure> {
        let identities = Identities::open(&self.identities)?;
        shares::put_together(self.terminal, &self.waivers, &identities, files)
    }

    /// For a command that gives `--shares` another meaning.
    pub(crate) fn without_shares(&mut self) {
        self.shares.clear();
    }

    /// What their command says is shown while it runs where somebody sees it, who may be asked to touch something; elsewhere when it
    /// has failed.
    fn configured_keys(&mut self) -> Result<MasterKeys, Failure> {
        let shown = Terminal::can_ask() && !self.terminal.json();
        let terminal = &mut *self.terminal;
        let hear = |line: &str| {
            if shown {
                terminal.note(&format!("the command for master keys says: {line}"));
            } else {
                tracing::info!("the command for master keys says: {}", escaped(line));
            }
        };
        let read = MasterKeys::from_env_accepting(&self.waivers, hear);
        let keys = read.map_err(|error| if shown { without_what_was_shown(error) } else { error })?;
        self.concerns = keys.concerns(Some(&self.place.path));
        Ok(keys)
    }

    /// Says on standard error, once, what is to be known of the sources of keys.
    pub(crate) fn warn(&mut self) {
        for concern in self.concerns().iter().filter(|concern| !is_accepted(concern)) {
            self.terminal.warning(concern);
        }
    }

    /// Goes on, to show what there is, and ends with this.
    pub(crate) fn end_with(&mut self, failure: Failure) {
        self.refused.get_or_insert(failure);
    }

    pub(crate) fn ends_with(&mut self) -> Result<(), Failure> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Says that the anchor could not follow what was done.
    pub(crate) fn warn_of_anchor(&mut self) {
        if let Some(behind) = self.opened.take().and_then(|vault| vault.anchor_behind()) {
            let next = "make room there, or let this user write it: no other change is made until it has caught up";
            self.terminal.caution("anchor-behind", &behind, next);
        }
    }

    /// What is to be known of the sources of keys, for the caller to tell.
    pub(crate) fn concerns(&mut self) -> Vec<SourceConcern> {
        std::mem::take(&mut self.concerns)
    }

    /// The actor named on the command line.
    pub(crate) fn named_actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Who acts, and why.
    pub(crate) fn act(&self, reason: Option<&str>) -> Act {
        let named = || std::env::var_os("STRONGROOM_ACTOR").filter(|name| !name.is_empty());
        let named = self.actor.clone().or_else(|| named().map(|name| name.to_string_lossy().into_owned()));
        Act::by(named.unwrap_or_else(process::user_name)).because(reason)
    }

    /// Nothing may be done yet when nobody can be asked.
    pub(crate) fn require_consent(&self) -> Result<(), Failure> {
        if self.yes || Terminal::can_ask() {
            Ok(())
        } else {
            let message = "this needs a confirmation, and there is no terminal to ask on: nothing was done";
            Err(unconfirmed(message).hint("run the command again with --yes").into())
        }
    }

    /// Asks, unless `--yes` has answered.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        if self.answered("yes", question)? {
            Ok(())
        } else {
            Err(unconfirmed("not confirmed: nothing was done").into())
        }
    }

    /// Whether the answer is this word, or `--yes` has answered.
    pub(crate) fn answered(&mut self, word: &str, question: &str) -> Result<bool, Failure> {
        self.require_consent()?;
        Ok(self.yes || self.terminal.ask(question, word)?)
    }
}

/// What somebody has said is as it should be: listed by `doctor` and `master-key check`, and no warning.
pub(crate) fn is_accepted(concern: &SourceConcern) -> bool {
    concern.id == "key-file-group"
}

/// A reason has words: an empty one is found before anybody is asked.
pub(crate) fn reason(text: &str) -> Result<&str, Failure> {
    let missing = || Failure::input("the reason is empty", "say why with --reason TEXT; it goes into the audit log");
    Some(text).filter(|text| !text.trim().is_empty()).ok_or_else(missing)
}

fn without_what_was_shown(mut error: MasterKeysError) -> MasterKeysError {
    if let MasterKeysError::Source(SourceError::Command { said, .. }) = &mut error {
        said.clear();
    }
    error
}

/// Held to the anchor of the environment. A command ends before a log that is read beside it would be of use: `verify` reads all of it first.
pub(crate) fn opening() -> Result<VaultOptions, Failure> {
    let options = VaultOptions::new().follow(false);
    Ok(match anchor()? {
        Some(anchor) => options.anchor(anchor),
        None => options,
    })
}

/// The anchor of the environment.
pub(crate) fn anchor() -> Result<Option<FileAnchor>, Failure> {
    Ok(FileAnchor::from_env().map_err(Detail::from)?)
}

fn waivers(global: &Global) -> Result<(Waivers, Vec<OsString>), Told> {
    let variable = || std::env::var_os("STRONGROOM_WAIVERS").filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(path) = global.waivers.clone().or_else(variable) else { return Ok((Waivers::none(), vec![])) };
    let waivers = Waivers::from_file(&path, Timestamp::now()).map_err(|error| {
        let what = format!("cannot read the waivers {}: {error}", path.display());
        let named =
            if global.waivers.is_some() { "with --waivers FILE" } else { "in STRONGROOM_WAIVERS, or leave it out" };
        Told::new(Exit::Usage, "waivers-unreadable", what).hint(format!("name a readable file of waivers {named}"))
    })?;
    let mut options = vec!["--waivers".into(), path.into_os_string()];
    if !global.accept_risk {
        return Ok((waivers, options));
    }
    options.push("--accept-risk".into());
    Ok((waivers.accepting_risk(true), options))
}

/// Whoever has said no knows what to type to say yes.
fn unconfirmed(why: &str) -> Told {
    Told::new(Exit::Unconfirmed, "confirmation-needed", why)
}
