//! Keys from a command: started without a shell, in an environment of its own, for a limited time.

pub(super) mod fault;
#[cfg(unix)]
mod running;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use fault::CommandFault;

use super::error::SourceError;
use super::origin::Origin;
use super::redaction::redacted_name;
use super::text::{SourceText, TextSource};
use super::variable::secret_variable;
use super::words::{self, CommandLineError};
use crate::arguments::Maybe;

/// A command whose output is a list of keys, at most 64 KiB, within 10 seconds.
///
/// No shell is involved. The command reads nothing from standard input, and its environment holds no more than `PATH`,
/// `HOME`, `USER`, `LOGNAME`, `LANG`, `LC_ALL`, `LC_CTYPE`, `TZ`, `TMPDIR`, `XDG_RUNTIME_DIR`, `CREDENTIALS_DIRECTORY`, as
/// far as they are set, and what [`KeyCommand::env`] adds.
#[derive(Clone)]
pub struct KeyCommand {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(OsString, OsString)>,
    time_limit: Duration,
}

impl KeyCommand {
    /// A program, looked for in `PATH` when its name has no slash, and its arguments.
    pub fn new(program: impl Into<String>, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: program.into(), arguments, environment: vec![], time_limit: TIME_LIMIT }
    }

    /// Reads a command line: words in the quotes of a shell, or a JSON array of texts. Nothing in it is expanded.
    ///
    /// ```
    /// # use strongroom::master::KeyCommand;
    /// assert!(KeyCommand::parse("pass show 'strongroom/master keys'").is_ok());
    /// assert!(KeyCommand::parse(r#"["pass", "show", "strongroom/master keys"]"#).is_ok());
    /// assert!(KeyCommand::parse("cat $HOME/keys").is_err());
    /// ```
    pub fn parse(line: &str) -> Result<Self, CommandLineError> {
        let mut words = words::split(line)?.into_iter();
        let program = words.next().ok_or(CommandLineError::Empty)?;
        Ok(Self::new(program, words))
    }

    /// Adds a variable to its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Another limit than 10 seconds, for all of it: starting, reading, ending.
    #[must_use]
    pub fn time_limit(mut self, limit: impl Maybe<Duration>) -> Self {
        self.time_limit = limit.maybe().unwrap_or(self.time_limit);
        self
    }

    /// The command that a variable holds, if it is set.
    pub(crate) fn from_variable(name: &str) -> Result<Option<Self>, SourceError> {
        let Some(line) = secret_variable(name) else { return Ok(None) };
        let parsed = std::str::from_utf8(&line).map_err(|_| CommandLineError::NotText).and_then(Self::parse);
        let command = parsed.map_err(|fault| SourceError::CommandLine { name: name.to_owned(), fault })?;
        let names = format!("{name}_ENV");
        let Some(wanted) = secret_variable(&names) else { return Ok(Some(command)) };
        let refused = || SourceError::Variables { name: names.clone() };
        let wanted = std::str::from_utf8(&wanted).map_err(|_| refused())?;
        let passed = passed(wanted).ok_or_else(refused)?;
        Ok(Some(passed.into_iter().fold(command, |command, (name, value)| command.env(name, value))))
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::Command { program: self.named() }
    }

    /// The program, for messages.
    fn named(&self) -> String {
        redacted_name(&self.program)
    }

    /// Runs it. Each line of its standard error is handed to `heard` at once, with whatever looks like a key taken out.
    pub(crate) fn text_hearing(&self, heard: &mut dyn FnMut(&str)) -> Result<SourceText, SourceError> {
        let mut said: Vec<String> = vec![];
        let output = self.output(&mut |line| {
            heard(line);
            said.push(line.to_owned());
            if said.len() > SAID_LINES {
                said.remove(0);
            }
        });
        match output {
            Ok(bytes) => Ok(SourceText { origin: self.origin(), concerns: vec![], bytes }),
            Err(fault) => Err(SourceError::Command { program: self.named(), fault, said }),
        }
    }

    #[cfg(unix)]
    fn output(&self, heard: &mut dyn FnMut(&str)) -> Result<Zeroizing<Vec<u8>>, CommandFault> {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        command.envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        running::output(command, self.time_limit, heard)
    }

    #[cfg(not(unix))]
    fn output(&self, _: &mut dyn FnMut(&str)) -> Result<Zeroizing<Vec<u8>>, CommandFault> {
        let _ = self.time_limit;
        Err(CommandFault::NotStarted(std::io::ErrorKind::Unsupported.into()))
    }
}

impl TextSource for KeyCommand {
    fn text(&self) -> Result<Option<SourceText>, SourceError> {
        self.text_hearing(&mut |line| tracing::info!(command = self.named(), "{line}")).map(Some)
    }
}

/// The variables that are set and that a list asks for: names, and beginnings of names with a `*` behind them. `None` where it is no such
/// list, or names a variable with keys in it.
fn passed(wanted: &str) -> Option<Vec<(OsString, OsString)>> {
    let wanted: Vec<_> =
        wanted.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|name| !name.is_empty()).collect();
    let is_name = |name: &&str| {
        let bare = name.strip_suffix('*').unwrap_or(name);
        let is_letter = |(at, c): (usize, u8)| c == b'_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
        !bare.is_empty() && bare.bytes().enumerate().all(is_letter) && !WITH_KEYS.contains(name)
    };
    if !wanted.iter().all(is_name) {
        return None;
    }
    let asked = |name: &str| {
        wanted.iter().any(|wanted| wanted.strip_suffix('*').map_or(*wanted == name, |begin| name.starts_with(begin)))
    };
    let of = |(name, value): (OsString, OsString)| {
        let passed = name.to_str().is_some_and(|name| asked(name) && !WITH_KEYS.contains(&name));
        passed.then_some((name, value))
    };
    Some(std::env::vars_os().filter_map(of).collect())
}

/// Neither arguments nor environment: they may be secret.
impl fmt::Debug for KeyCommand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyCommand({})", self.named())
    }
}

/// What a command needs to find its programs, its user's files and its language.
const INHERITED: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    super::file::CREDENTIALS_VARIABLE,
];
/// No command needs to see what is already there, or which command it is.
const WITH_KEYS: [&str; 3] = ["STRONGROOM_MASTER_KEYS", "STRONGROOM_VERIFIER_KEYS", "STRONGROOM_MASTER_KEYS_COMMAND"];
const TIME_LIMIT: Duration = Duration::from_secs(10);
const SAID_LINES: usize = 5;
