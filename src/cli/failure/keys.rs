//! What went wrong with the sources of keys, and what to do about each.

use std::path::Path;

use strongroom::Error;
use strongroom::error::{Detail, UnsafePath};
use strongroom::master::{
    CommandFault, ListError, MasterKeyError, MasterKeysError, Mistaken, Origin, SourceError, VerifierKeysError,
};

use crate::text::quoted;
use crate::told::weak_hint;

pub(super) fn master_keys(error: &MasterKeysError) -> String {
    use MasterKeysError as E;
    match error {
        E::NotSet => "make one with `strongroom master-key generate --version 1 --out ~/master.keys` and \
                      `export STRONGROOM_MASTER_KEYS_FILE=~/master.keys`"
            .into(),
        E::Source(error) => source(error),
        E::Key { fault: MasterKeyError::Weak { fingerprint, findings }, .. } => weak_hint(findings, *fingerprint),
        E::Key { fault: MasterKeyError::Malformed(finding), .. } => {
            format!("{}; `strongroom master-key check` says more", finding.remedy)
        }
        E::List { fault: ListError::Mistaken(mistaken), .. } => self::mistaken(*mistaken).into(),
        E::List { fault: ListError::OtherVariable { .. }, .. } => {
            "leave those lines out, or write STRONGROOM_MASTER_KEYS=VERSION:KEY among them".into()
        }
        E::List { fault: ListError::AssignedTwice, .. } => {
            "leave one line STRONGROOM_MASTER_KEYS=1:KEY,2:KEY, with all of the keys".into()
        }
        E::List { fault: ListError::Quote, .. } => "leave the quotes out: no entry needs any".into(),
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
        _ => CHECK.into(),
    }
}

pub(super) fn verifier_keys(error: &VerifierKeysError) -> String {
    use VerifierKeysError as E;
    match error {
        E::Source(error) => source(error),
        E::Twice { version, .. } => format!("leave one verifier key {version} and take the other away"),
        E::SameKey { first, second, .. } => format!(
            "`strongroom status` where the master keys are shows which of {first} and {second} has this fingerprint; take the \
             other away"
        ),
        _ => {
            "STRONGROOM_VERIFIER_KEYS holds VERSION:KEY entries, as `strongroom master-key verifier --version N` prints them"
                .into()
        }
    }
}

pub(super) fn source(error: &SourceError) -> String {
    use SourceError as E;
    match error {
        _ if error.names_a_key() => KEY_AS_NAME.into(),
        E::Command { fault, .. } => command(fault),
        E::CommandLine { .. } => {
            "write it as words, with single quotes where needed, or as a JSON array such as [\"pass\", \"show\", \"keys\"]; \
             what needs a shell goes into a script of its own"
                .into()
        }
        E::Group { name } => format!("set {name} to a number, such as the fsGroup of the pod, or leave it out"),
        E::Variables { name } => format!("set {name} to names such as AWS_* or VAULT_ADDR, separated by commas or white space"),
        E::Utf16 { origin } => match origin.path() {
            Some(path) => {
                let path = quoted(&path.display().to_string());
                format!("write it in UTF-8: `iconv -f UTF-16 -t UTF-8 {path} > FILE`")
            }
            None => "write it in UTF-8".into(),
        },
        E::Unsafe { path, fault: UnsafePath::FolderWritable | UnsafePath::FileWritable, .. } if is_setgid(path) => format!(
            "where this is the volume of a pod with fsGroup, trust its group with STRONGROOM_KEY_FILE_GROUP=GID; elsewhere \
             `chmod go-w {}`, once you know that nobody has used it",
            quoted(&path.display().to_string())
        ),
        E::Unsafe { path, fault: UnsafePath::Strangers, .. } => {
            format!("find out who made {}", quoted(&path.display().to_string()))
        }
        E::Unsafe { path, .. } => {
            format!("`chmod go-w {}`, once you know that nobody has used it", quoted(&path.display().to_string()))
        }
        E::NotAFile { origin } | E::NotText { origin } | E::TooLong { origin } | E::Unreadable { origin, .. } => {
            readable(origin)
        }
        _ => CHECK.into(),
    }
}

/// What gives the keys, where something else stands in their place.
fn mistaken(mistaken: Mistaken) -> &'static str {
    match mistaken {
        Mistaken::Path => {
            "the name of a file goes into STRONGROOM_MASTER_KEYS_FILE, or STRONGROOM_VERIFIER_KEYS_FILE; the file holds VERSION:KEY entries"
        }
        Mistaken::Sealed => {
            "what decrypts it, such as `vault write`, `aws kms decrypt` or `sops -d`, goes into STRONGROOM_MASTER_KEYS_COMMAND"
        }
        Mistaken::Unexpanded => {
            "let the shell expand it, with double quotes or none, or give the command in STRONGROOM_MASTER_KEYS_COMMAND"
        }
        _ => {
            "a master key is 44 characters, as `strongroom master-key generate` prints them, and stands as VERSION:KEY"
        }
    }
}

/// Where the keys of this process come from, to be named as the place that a key is put into.
pub(super) fn place() -> String {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let file = set("STRONGROOM_MASTER_KEYS_FILE").map(|path| format!("the key file {}", path.to_string_lossy()));
    let command =
        || set("STRONGROOM_MASTER_KEYS_COMMAND").map(|_| "what STRONGROOM_MASTER_KEYS_COMMAND prints".to_owned());
    let credential = || {
        let path = Path::new(&set("CREDENTIALS_DIRECTORY")?).join("strongroom.master-keys");
        path.exists().then(|| "the systemd credential strongroom.master-keys".to_owned())
    };
    let variable = set("STRONGROOM_MASTER_KEYS").map(|_| VARIABLE.to_owned());
    // A variable is what the next command reads; where several are set, each of them is.
    variable.or(file).or_else(command).or_else(credential).unwrap_or_else(|| VARIABLE.to_owned())
}

/// The last lines of a command that gave no keys.
pub(super) fn said(error: &Error) -> &[String] {
    match error.detail() {
        Detail::MasterKeys(MasterKeysError::Source(SourceError::Command { said, .. }))
        | Detail::Source(SourceError::Command { said, .. })
        | Detail::VerifierKeys(VerifierKeysError::Source(SourceError::Command { said, .. })) => said,
        _ => &[],
    }
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

/// As fsGroup leaves folders and files.
fn is_setgid(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o2002 == 0o2000)
}

/// What of a path was not meant as a part of it.
fn misspelled(path: &str) -> Option<(&'static str, String)> {
    let right = path.trim_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\''));
    if right != path {
        return Some(("its name ends or begins with a carriage return, white space or a quote", right.to_owned()));
    }
    let home = || std::env::var("HOME").ok().filter(|home| !home.is_empty());
    path.strip_prefix("~/").map(|behind| {
        (
            "its name begins with ~, which no shell has expanded",
            format!("{}/{behind}", home().unwrap_or("$HOME".into())),
        )
    })
}

/// The source cannot be read at all.
fn readable(origin: &Origin) -> String {
    match origin {
        Origin::Credential { .. } => {
            "the unit names it with LoadCredential= or LoadCredentialEncrypted=; `systemd-creds list` shows what a service is given"
                .into()
        }
        Origin::File { path } if misspelled(&path.to_string_lossy()).is_some_and(|_| !path.exists()) => {
            let (what, right) = misspelled(&path.to_string_lossy()).unwrap_or_default();
            format!("{what}: name {}", quoted(&right))
        }
        Origin::File { path } => format!(
            "name a regular file of VERSION:KEY entries, at most 64 KiB, that this user can read; `ls -l {}` shows it",
            quoted(&path.display().to_string())
        ),
        _ => "it holds VERSION:KEY entries, at most 64 KiB of text".into(),
    }
}

const VARIABLE: &str = "STRONGROOM_MASTER_KEYS";
const CHECK: &str = "look at what is there with `strongroom master-key check`";
const KEY_AS_NAME: &str = "a key itself goes into STRONGROOM_MASTER_KEYS, and a verifier key into STRONGROOM_VERIFIER_KEYS; what \
    ends with _FILE holds the path of a file, and what ends with _COMMAND a command";
