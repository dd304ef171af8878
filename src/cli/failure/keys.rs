//! What went wrong with the sources of keys, and what to do about each.

use strongroom::error::UnsafePath;
use strongroom::master::{CommandFault, MasterKeyError, MasterKeysError, Origin, SourceError, VerifierKeysError};

use crate::exit::Exit;
use crate::text::quoted;
use crate::told::{Told, waive_hint};

pub(super) fn explain_master_keys(error: &MasterKeysError) -> Told {
    use MasterKeysError as E;
    let hint = match error {
        E::NotSet => {
            return Told::new(
                Exit::MasterKey,
                "master-keys-unreadable",
                format!("{error}: no source of them is there"),
            )
            .hint(
                "make one with `strongroom master-key generate --version 1 --out ~/master.keys` and \
                     `export STRONGROOM_MASTER_KEYS_FILE=~/master.keys`",
            );
        }
        E::Source(error) => return explain_source(error, "master-keys-unreadable"),
        E::Key { fault: MasterKeyError::Weak { fingerprint, findings }, .. } => {
            waive_hint(findings.first().map_or("ID", |finding| finding.id), *fingerprint)
        }
        E::Key { fault: MasterKeyError::Malformed(finding), .. } => {
            format!("{}; `strongroom master-key check` says more", finding.remedy)
        }
        E::List { origin, .. } | E::Key { origin, .. } => written(origin, "STRONGROOM_MASTER_KEYS"),
        E::VerifierKey { .. } => {
            "put it into STRONGROOM_VERIFIER_KEYS; a master key is made with `strongroom master-key generate`".into()
        }
        E::SameKey { .. } => "make another key with `strongroom master-key generate --version N`".into(),
        E::Twice { version, .. } => {
            format!(
                "leave one master key {version} and take the other away; then look with `strongroom master-key check`"
            )
        }
        _ => "look at what is there with `strongroom master-key check`".into(),
    };
    Told::new(Exit::MasterKey, "master-keys-unreadable", error.to_string()).hint(hint).because(error)
}

pub(super) fn explain_verifier_keys(error: &VerifierKeysError) -> Told {
    use VerifierKeysError as E;
    let hint = match error {
        E::Source(error) => return explain_source(error, "verifier-keys-unreadable"),
        E::Twice { version, .. } => format!("leave one verifier key {version} and take the other away"),
        E::SameKey { first, second, .. } => format!(
            "`strongroom status` where the master keys are shows which of {first} and {second} has this fingerprint; take the \
             other away"
        ),
        _ => {
            "STRONGROOM_VERIFIER_KEYS holds VERSION:KEY entries, as `strongroom master-key verifier --version N` prints them"
                .into()
        }
    };
    Told::new(Exit::MasterKey, "verifier-keys-unreadable", error.to_string()).hint(hint).because(error)
}

fn explain_source(error: &SourceError, code: &'static str) -> Told {
    use SourceError as E;
    let (exit, code, hint) = match error {
        E::Command { .. } if error.names_a_key() => (Exit::MasterKey, "key-command-failed", KEY_AS_NAME.into()),
        E::Unreadable { .. } if error.names_a_key() => (Exit::MasterKey, code, KEY_AS_NAME.into()),
        E::Command { fault, .. } => (Exit::MasterKey, "key-command-failed", command(fault)),
        E::CommandLine { .. } => (
            Exit::MasterKey,
            "key-command-failed",
            "write it as words, with single quotes where needed, or as a JSON array such as [\"pass\", \"show\", \"keys\"]; \
             what needs a shell goes into a script of its own"
                .into(),
        ),
        E::Unsafe { path, fault: UnsafePath::Strangers, .. } => {
            (Exit::UnsafePermissions, "unsafe-key-file", format!("find out who made {}", quoted(&path.display().to_string())))
        }
        E::Unsafe { path, .. } => (
            Exit::UnsafePermissions,
            "unsafe-key-file",
            format!(
                "`chmod go-w {}`, once you know that nobody has used it",
                quoted(&path.display().to_string())
            ),
        ),
        E::NotAFile { origin } | E::NotText { origin } | E::TooLong { origin } | E::Unreadable { origin, .. } => {
            (Exit::MasterKey, code, readable(origin))
        }
        _ => (Exit::MasterKey, code, "look at what is there with `strongroom master-key check`".into()),
    };
    let mut told = Told::new(exit, code, error.to_string()).hint(hint).because(error);
    if let E::Command { said, .. } = error {
        told.causes.extend(said.iter().map(|line| format!("it said: {line}")));
    }
    told
}

fn command(fault: &CommandFault) -> String {
    match fault {
        CommandFault::HeldOpen { .. } => {
            "let what it starts in the background close its standard output, such as with `>&-` in a script".into()
        }
        CommandFault::NotStarted(_) => {
            "STRONGROOM_MASTER_KEYS_COMMAND begins with a program that is in PATH, or with its whole path".into()
        }
        _ => "run it by hand, as this user and with `env -i PATH=\"$PATH\" HOME=\"$HOME\"` before it; it has 10 s, and its \
              standard input is empty"
            .into(),
    }
}

/// The source can be read, and what it holds is wrong.
fn written(origin: &Origin, variable: &str) -> String {
    let entries = "VERSION:KEY entries separated by commas or white space, or a JSON object {\"VERSION\": \"KEY\"}";
    match origin {
        Origin::Command { .. } => format!("it must print {entries}, and nothing else on standard output"),
        Origin::Credential { .. } | Origin::File { .. } => {
            format!("it must hold {entries}; check it with `strongroom master-key check`")
        }
        Origin::Variable { .. } => format!("{variable} holds {entries}; check it with `strongroom master-key check`"),
        _ => format!("give {entries}"),
    }
}

/// The source cannot be read at all.
fn readable(origin: &Origin) -> String {
    match origin {
        Origin::Credential { .. } => {
            "the unit names it with LoadCredential= or LoadCredentialEncrypted=; `systemd-creds list` shows what a service is given"
                .into()
        }
        Origin::File { path } => format!(
            "name a regular file of VERSION:KEY entries, at most 64 KiB, that this user can read; `ls -l {}` shows it",
            quoted(&path.display().to_string())
        ),
        _ => "it holds VERSION:KEY entries, at most 64 KiB of text".into(),
    }
}

const KEY_AS_NAME: &str = "a key itself goes into STRONGROOM_MASTER_KEYS, and a verifier key into STRONGROOM_VERIFIER_KEYS; what \
    ends with _FILE holds the path of a file, and what ends with _COMMAND a command";
