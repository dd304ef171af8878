//! Where the vault is: on the command line, in the environment, or in this folder.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

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

/// The path in a name of the form `sqlite:PATH`. What would be another file than the one that was meant is refused, with the right spelling.
fn path_of(source: &str, url: &OsStr) -> Result<PathBuf, Told> {
    let text = url.to_str().unwrap_or_default();
    let path = url.as_bytes().strip_prefix(b"sqlite:").map(|path| PathBuf::from(OsStr::from_bytes(path)));
    let (what, spelling) = match path {
        Some(path) if path.as_os_str().as_bytes().contains(&0) => ("holds a zero byte".into(), None),
        Some(path) => match misspelled(&path) {
            None => return Ok(path),
            Some((what, right)) => (what.into(), right),
        },
        None if text.is_empty() => (format!("{FORM}, in UTF-8"), None),
        None => (FORM.to_owned(), respelled(text)),
    };
    let example = || "for a file vault.db in this folder, ".to_owned();
    let (lead, right) = spelling.map_or_else(|| (example(), "vault.db".into()), |right| (String::new(), right));
    let right = quoted(&format!("sqlite:{right}"));
    let hint = if source.starts_with("--") {
        format!("{lead}use {source} {right}")
    } else {
        format!("{lead}set {source}={right}")
    };
    Err(Told::new(Exit::Usage, "invalid-store", format!("{source} {what}")).hint(hint))
}

/// What of a path was not meant as a part of it, and the path that was meant, where one can tell.
fn misspelled(path: &Path) -> Option<(&'static str, Option<String>)> {
    // What is no text is meant as it is.
    let text = path.to_str()?;
    if text.is_empty() {
        return Some((FORM, None));
    }
    let bare = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if bare != text || text.chars().any(char::is_control) {
        let right = bare.chars().filter(|c| !c.is_control()).collect::<String>();
        let what = if text.ends_with('\r') {
            "ends in a carriage return, as lines of files written on Windows do"
        } else {
            "has white space around it, or control characters in it"
        };
        return Some((what, Some(right).filter(|right| !right.is_empty())));
    }
    if text == ":memory:" || text.starts_with("file::memory:") || text.contains("mode=memory") {
        return Some(("names a store in memory, which would be gone when the command ends: a vault is a file", None));
    }
    if let Some(behind) = text.strip_prefix("//") {
        return Some((
            "has slashes like the address of a server; a store is a file on this machine",
            Some(behind.into()),
        ));
    }
    // What has such a name and is there was meant.
    if path.exists() {
        return None;
    }
    if let Some(behind) = text.strip_prefix("file:") {
        return Some(("names the file with `file:` before it", Some(behind.trim_start_matches("//").into())));
    }
    if let Some((name, _)) = text.split_once('?').filter(|(_, options)| options.contains('=') || options.is_empty()) {
        return Some(("has options behind a question mark, and takes none", Some(name.into())));
    }
    if let Some(decoded) = percent_decoded(text) {
        return Some(("is encoded with percent signs, as addresses are; paths stand as they are", Some(decoded)));
    }
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    if let Some(behind) = text.strip_prefix("~/") {
        return Some(("begins with ~, which no shell has expanded", home.map(|home| format!("{home}/{behind}"))));
    }
    if text.starts_with("$HOME") || text.contains("${") || text.contains("$(") {
        return Some(("has a variable of a shell in it that was not expanded", None));
    }
    None
}

/// What is not of the form, as somebody may have meant it.
fn respelled(text: &str) -> Option<String> {
    let text = text.trim();
    let text = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text);
    let (scheme, path) = text.split_once(':').unwrap_or(("", text));
    let path = path.trim_start_matches("//");
    let path = match scheme.to_ascii_lowercase().as_str() {
        "" | "file" | "sqlite" | "sqlite3" => path,
        _ => return None,
    };
    let clean = !path.is_empty() && misspelled(Path::new(path)).is_none();
    clean.then(|| path.to_owned())
}

/// `None` where there is nothing to decode.
fn percent_decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest, mut any) = (vec![], text.as_bytes(), false);
    while let Some((byte, behind)) = rest.split_first() {
        let digit = |at: usize| behind.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                any = true;
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|decoded| any && !decoded.chars().any(char::is_control))
}

const FORM: &str = "is not of the form sqlite:PATH";
