//! What every verb needs: where the vault is, who acts, whether the answer is yes, and the terminal.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use strongroom::{Act, MasterKeys, MasterKeysError, SqliteStore, Vault};

use super::args::Global;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::process;
use super::terminal::Terminal;
use super::text::quoted;

/// The surroundings of one command.
pub(crate) struct Context<'t> {
    pub(crate) place: Place,
    pub(crate) terminal: &'t mut Terminal,
    pub(crate) yes: bool,
    actor: Option<String>,
}

impl<'t> Context<'t> {
    pub(crate) fn new(global: &Global, terminal: &'t mut Terminal) -> Result<Self, Told> {
        let place = Place::of(global.store.clone())?;
        Ok(Self { place, terminal, yes: global.yes, actor: global.actor.clone() })
    }

    /// Opens the vault with the configured master keys.
    pub(crate) fn open(&self) -> Result<Vault, Failure> {
        let keys = match MasterKeys::from_env() {
            // The vault can then say which one it needs.
            Err(MasterKeysError::NotSet) => MasterKeys::default(),
            keys => keys?,
        };
        Ok(Vault::open(SqliteStore::open(&self.place.path)?, keys)?)
    }

    /// Who acts, and why.
    pub(crate) fn act(&self, reason: Option<&str>) -> Act {
        let named = || std::env::var_os("STRONGROOM_ACTOR").filter(|name| !name.is_empty());
        let named = self.actor.clone().or_else(|| named().map(|name| name.to_string_lossy().into_owned()));
        let act = Act::by(named.unwrap_or_else(process::user_name));
        match reason {
            Some(reason) => act.because(reason),
            None => act,
        }
    }

    /// Nothing may be done yet when nobody can be asked.
    pub(crate) fn require_consent(&self) -> Result<(), Failure> {
        if self.yes || Terminal::can_ask() {
            Ok(())
        } else {
            Err(unconfirmed("this needs a confirmation, and there is no terminal to ask on"))
        }
    }

    /// Asks, unless `--yes` has answered.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        if self.answered("yes", question)? { Ok(()) } else { Err(unconfirmed("not confirmed")) }
    }

    /// Whether the answer is this word, or `--yes` has answered.
    pub(crate) fn answered(&mut self, word: &str, question: &str) -> Result<bool, Failure> {
        self.require_consent()?;
        Ok(self.yes || self.terminal.ask(question, word)?)
    }
}

fn unconfirmed(why: &str) -> Failure {
    Told::new(Exit::Unconfirmed, "confirmation-needed", format!("{why}: nothing was done"))
        .hint("run the command again with --yes")
        .into()
}

/// Where the vault is.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// As it was given on the command line.
    given: Option<OsString>,
}

impl Place {
    pub(crate) fn of(given: Option<OsString>) -> Result<Self, Told> {
        let variable = || std::env::var_os("STRONGROOM_STORE").filter(|value| !value.is_empty());
        let url = given.clone().or_else(variable).unwrap_or_else(|| "sqlite:strongroom.db".into());
        match url.as_bytes().strip_prefix(b"sqlite:") {
            Some(path) if !path.is_empty() && !path.contains(&0) => {
                Ok(Self { path: OsStr::from_bytes(path).into(), given })
            }
            _ => {
                let source = if given.is_some() { "--store" } else { "STRONGROOM_STORE" };
                Err(Told::new(Exit::Usage, "invalid-store", format!("{source} is not of the form sqlite:PATH"))
                    .hint("for a file vault.db in this folder, use --store sqlite:vault.db"))
            }
        }
    }

    /// The option that leads here, for hints; nothing where it is not needed.
    pub(crate) fn option(&self) -> String {
        let option = |url: &OsString| format!(" --store {}", quoted(&url.to_string_lossy()));
        self.given.as_ref().map(option).unwrap_or_default()
    }
}
