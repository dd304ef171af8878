//! Where the vault is: on the command line, in the environment, or in this folder.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::text::quoted;
use crate::told::Told;

/// Where the vault is.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// As it was given on the command line.
    given: Option<OsString>,
    /// By the command line or the environment.
    named: bool,
}

impl Place {
    pub(crate) fn of(given: Option<OsString>) -> Result<Self, Told> {
        let variable = || std::env::var_os("STRONGROOM_STORE").filter(|value| !value.is_empty());
        let source = if given.is_some() { "--store" } else { "STRONGROOM_STORE" };
        let url = given.clone().or_else(variable);
        let named = url.is_some();
        let url = url.unwrap_or_else(|| "sqlite:strongroom.db".into());
        Ok(Self { path: path_of(source, &url)?, given, named })
    }

    /// What another option names.
    pub(crate) fn of_option(option: &str, url: OsString) -> Result<Self, Told> {
        Ok(Self { path: path_of(option, &url)?, given: Some(url), named: true })
    }

    /// Whether somebody said where, and it is not only the default.
    pub(crate) fn is_named(&self) -> bool {
        self.named
    }

    /// The option that leads here, for hints; nothing where it is not needed.
    pub(crate) fn option(&self) -> String {
        let option = |url: &OsString| format!(" --store {}", quoted(&url.to_string_lossy()));
        self.given.as_ref().map(option).unwrap_or_default()
    }
}

fn path_of(source: &str, url: &OsStr) -> Result<PathBuf, Told> {
    match url.as_bytes().strip_prefix(b"sqlite:") {
        Some(path) if !path.is_empty() && !path.contains(&0) => Ok(OsStr::from_bytes(path).into()),
        _ => {
            let option = if source.starts_with("--") { source } else { "--store" };
            Err(Told::new(Exit::Usage, "invalid-store", format!("{source} is not of the form sqlite:PATH"))
                .hint(format!("for a file vault.db in this folder, use {option} sqlite:vault.db")))
        }
    }
}
