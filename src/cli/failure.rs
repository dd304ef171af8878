//! What went wrong, told with a stable word for scripts and the next command to type.

mod keys;

use std::io;
use std::path::Path;

use strongroom::api_keys::{ImportError, LifeError};
use strongroom::error::{KeyringError, TargetFault, UnsafePath, VaultRow};
use strongroom::master::{MasterKeysError, VerifierKeysError};
use strongroom::policy::PolicyError;
use strongroom::store::{EngineFault, StoreError};
use strongroom::{ApiKeyId, Error};

use super::exit::Exit;
use super::place::Place;
use super::text::quoted;
use super::told::Told;

/// Why a verb ended without doing what it was asked.
pub(crate) enum Failure {
    MasterKeys(MasterKeysError),
    Output(io::Error),
    /// Found by the program itself.
    Told(Told),
    Vault(Error),
    VerifierKeys(VerifierKeysError),
}

impl Failure {
    /// Wrong input that the argument parser cannot see.
    pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Told::new(Exit::Usage, "invalid-input", message).hint(hint).into()
    }

    /// What to tell of it, where the vault is at `place`.
    pub(crate) fn explain(self, place: &Place) -> Told {
        match self {
            Self::MasterKeys(error) => keys::explain_master_keys(&error),
            Self::VerifierKeys(error) => keys::explain_verifier_keys(&error),
            Self::Output(error) => Told::new(
                Exit::OutputFailed,
                "output-failed",
                format!("cannot write to standard output: {error}"),
            )
            .hint(
                "make room where the output goes; what the command had to change is changed, so repeat it only to read",
            ),
            Self::Told(told) => told,
            Self::Vault(error) => {
                let (code, hint) = explain_vault(&error, place);
                Told::new(error.kind().into(), code, error.to_string()).hint(hint).because(&error)
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Vault(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Vault(error.into())
    }
}

impl From<MasterKeysError> for Failure {
    fn from(error: MasterKeysError) -> Self {
        Self::MasterKeys(error)
    }
}

impl From<VerifierKeysError> for Failure {
    fn from(error: VerifierKeysError) -> Self {
        Self::VerifierKeys(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Told> for Failure {
    fn from(told: Told) -> Self {
        Self::Told(told)
    }
}

/// The word for scripts and the next thing to do.
fn explain_vault(error: &Error, place: &Place) -> (&'static str, String) {
    let store = place.option();
    let known = |code, hint: &str| (code, hint.to_owned());
    match error {
        Error::Act(_) => {
            known("invalid-act", "give a reason of 1 to 1024 bytes with --reason, and an --actor of up to 256")
        }
        Error::Audit(fault) => (
            fault.code(),
            format!("`strongroom doctor{store}` says what else is wrong; find out who can write the store"),
        ),
        Error::BackupDamaged { .. } => (
            "vault-damaged",
            format!("no backup was kept; `strongroom doctor{store}` says what is wrong with the vault"),
        ),
        Error::BackupOfOther { .. } => known("backup-of-other", "`strongroom backup inspect FILE` shows whose it is"),
        Error::BackupUnknown { .. } => {
            ("backup-unknown", format!("`strongroom backup list{store}` shows the ids there are"))
        }
        Error::Contended => known("contended", "run the command again"),
        Error::Import { fault: ImportError::Policy(_), .. } => (
            error.cause(),
            format!(
                "nothing was imported: `strongroom policy show{store}` shows the rules; mend the line, or take all lines \
                 as they are with --exempt-from-policy"
            ),
        ),
        Error::Policy(PolicyError::Newer) => ("policy-newer", NEWER.into()),
        Error::Policy(PolicyError::Reissue) => {
            ("policy-reissue", format!("recover it with --reissue; `strongroom policy show{store}` shows the rules"))
        }
        Error::Policy(PolicyError::Reason { .. }) => (
            "policy-reason",
            format!("give such a reason with --reason TEXT; `strongroom policy show{store}` shows the rules"),
        ),
        Error::Policy(PolicyError::Pattern { .. } | PolicyError::PatternLength { .. }) => {
            known("policy-pattern", "give a regular expression of 1 to 256 bytes, such as '^OPS-[0-9]+'")
        }
        Error::Policy(_) => (error.cause(), format!("`strongroom policy show{store}` shows the rules")),
        Error::Import { .. } => known("import-line", "nothing was imported: mend the line and run the command again"),
        Error::Keyring(error) => explain_keyring(error, &store),
        Error::Life { id, fault } => explain_life(*id, fault, &store),
        Error::NotKept { .. } => known("token-not-kept", "make room where it goes, and run the command again"),
        Error::Limit(_) => known("limit", "`strongroom issue --help` shows what can be given"),
        Error::NoRotation => ("no-rotation", format!("begin one with `strongroom rotate-master-key{store}`")),
        Error::NoVault => ("no-vault", format!("make one with `strongroom init{store}`")),
        Error::NotFound { .. } => ("not-found", format!("`strongroom list{store}` shows the ids there are")),
        Error::NotRecoverable { id } => (
            "not-recoverable",
            format!(
                "issue a new API key with `strongroom issue{store} --name NAME`, then `strongroom revoke{store} {id} --reason TEXT`"
            ),
        ),
        Error::Random(_) => {
            known("no-randomness", "the operating system must give random bytes: nothing can go on without")
        }
        Error::Record { .. } => ("record-unreadable", format!("`strongroom doctor{store}` looks at every record")),
        Error::RecordSet { .. } => (
            "record-set",
            format!(
                "`strongroom doctor{store}` says what differs; restore a backup, or take the records that are there \
                 with `strongroom rotate-master-key{store} --accept-record-set`, and --abandon-unreadable beside it \
                 when there are records to give up"
            ),
        ),
        Error::RotationHeld { .. } => (
            "rotation-held",
            format!(
                "`strongroom status{store}` shows it; should its process be gone, `strongroom rotate-master-key{store}` \
                 takes over within 5 s"
            ),
        ),
        Error::RotationOpen { .. } => {
            ("rotation-open", format!("finish it with `strongroom rotate-master-key{store}`"))
        }
        Error::RotationTarget { to, fault } => ("rotation-target", explain_target(*to, *fault, &store)),
        Error::Split(_) => known("split", "the threshold is at least 2, and no more than there are shares"),
        Error::Store(error) => explain_store(error, place),
        Error::Tampered { row: VaultRow::Backups, .. } => (
            "tampered",
            format!(
                "find out who can write the store; `strongroom backup forget{store} --all` begins the list of backups anew, and \
                 `strongroom audit list{store}` shows when they were taken"
            ),
        ),
        // Nothing can be judged without the row, so the doctor could not say more.
        Error::RowFormat { .. } | Error::Tampered { .. } => {
            known("tampered", "find out who can write the store, and restore a backup")
        }
        Error::VaultExists => {
            ("vault-exists", format!("use it: `strongroom status{store}`; or name another place with --store"))
        }
        _ => known("failed", "run it again with --log debug to see more"),
    }
}

fn explain_life(id: ApiKeyId, error: &LifeError, store: &str) -> (&'static str, String) {
    match error {
        LifeError::Changed { .. } => (
            "changed",
            format!("look at it with `strongroom show{store} {id}`, and decide again with its --if-revision"),
        ),
        LifeError::Expired { .. } => {
            ("expired", "say when the new one ends, with --expires-in 90d or --never-expires".into())
        }
        LifeError::Past { .. } => ("time-past", "give a time to come".into()),
        LifeError::Replaced { by } => {
            ("replaced", format!("reissue the newest of its chain: `strongroom show{store} {by}` shows it"))
        }
        LifeError::Revoked => ("revoked", format!("issue a new API key with `strongroom issue{store} --name NAME`")),
        LifeError::RevokedEarlier { .. } => {
            ("revoked-earlier", format!("give an earlier time, or `strongroom revoke{store} {id} --reason TEXT` now"))
        }
        _ => ("failed", "run it again with --log debug to see more".into()),
    }
}

fn explain_target(to: u32, fault: TargetFault, store: &str) -> String {
    match fault {
        TargetFault::NotConfigured => format!("put {to}:KEY into STRONGROOM_MASTER_KEYS, beside the active one"),
        TargetFault::Older => {
            format!("`strongroom status{store}` shows the active one; there is no way back to an older one")
        }
        _ => format!(
            "make one with `strongroom master-key generate --version {}` and put it into STRONGROOM_MASTER_KEYS beside the \
             active one; `strongroom status{store}` shows both",
            to.saturating_add(1)
        ),
    }
}

fn explain_keyring(error: &KeyringError, store: &str) -> (&'static str, String) {
    match error {
        KeyringError::MissingMasterKey { version, .. } | KeyringError::NotConfigured { version } => (
            "master-key-missing",
            format!(
                "put {version}:KEY into STRONGROOM_MASTER_KEYS or the file that STRONGROOM_MASTER_KEYS_FILE names; \
                 `strongroom master-key check` shows the fingerprints of what is there"
            ),
        ),
        KeyringError::MissingVerifierKey { version, .. } => (
            "verifier-key-missing",
            format!(
                "where the master key is, run `strongroom master-key verifier --version {version} --reason TEXT`, and put what \
                 it prints into STRONGROOM_VERIFIER_KEYS"
            ),
        ),
        KeyringError::VerifierKeyVault { .. } => (
            "verifier-key-wrong",
            "name the vault that it is for with --store, or make one for this vault with `strongroom master-key verifier`".into(),
        ),
        KeyringError::WrongVerifierKey { version, .. } => (
            "verifier-key-wrong",
            format!(
                "mend the versions in STRONGROOM_VERIFIER_KEYS, or make the right key with `strongroom master-key verifier \
                 --version {version} --reason TEXT`"
            ),
        ),
        KeyringError::VerifierOnly => (
            "verifier-keys-only",
            "verify, list, show, due, status and audit work with verifier keys; for everything else put VERSION:KEY into \
             STRONGROOM_MASTER_KEYS"
                .into(),
        ),
        KeyringError::WrongMasterKey { belongs_to: Some(other), .. } => (
            "master-key-wrong",
            format!(
                "it is the key of version {other}: mend the numbers in STRONGROOM_MASTER_KEYS, then look with \
                 `strongroom master-key check`"
            ),
        ),
        KeyringError::WrongMasterKey { version, .. } => (
            "master-key-wrong",
            format!(
                "put the right {version}:KEY into STRONGROOM_MASTER_KEYS; `strongroom master-key check` shows the \
                 fingerprints of what is there"
            ),
        ),
        KeyringError::RetiredKey { .. } | KeyringError::RetiredVersion { .. } => (
            "master-key-retired",
            format!(
                "`strongroom status{store}` shows the versions there have been; make a new one with \
                 `strongroom master-key generate --version N`"
            ),
        ),
        KeyringError::Format { .. } => ("newer-format", NEWER.into()),
        _ => ("keyring-damaged", "find out who can write the store, and restore a backup".into()),
    }
}

fn explain_store(error: &StoreError, place: &Place) -> (&'static str, String) {
    let store = place.option();
    match error {
        StoreError::AlreadyExists { .. } => ("store-exists", "name another place with --store".into()),
        StoreError::Backup { path } => {
            ("is-a-backup", format!("make a vault of it with `strongroom restore {} --to sqlite:PATH`", quoted(path)))
        }
        StoreError::Busy => ("store-busy", "run the command again".into()),
        StoreError::Corrupt { .. } => ("store-damaged", "restore a backup of the store".into()),
        StoreError::Foreign { .. } => ("foreign-store", "name the vault's own file with --store sqlite:PATH".into()),
        StoreError::Full => ("store-full", "make room, and run the command again".into()),
        StoreError::NewerLayout { .. } => ("newer-format", NEWER.into()),
        StoreError::NotFound { .. } => (
            "no-store",
            format!("make one with `strongroom init{store}`, or name another place with --store sqlite:PATH"),
        ),
        StoreError::NotBackup { .. } => {
            ("not-a-backup", "name a file that `strongroom backup FILE` has written".into())
        }
        StoreError::Stopped => ("stopped", "run the command again".into()),
        StoreError::Unsupported { .. } => {
            ("unsupported", "use the tools of that engine, or a store of another kind".into())
        }
        StoreError::ReadOnly => ("read-only", "make the store and its folder writable for this user".into()),
        StoreError::Unsafe { path, fault } => ("unsafe-permissions", explain_unsafe(path, *fault, place)),
        StoreError::Engine { fault: EngineFault::CannotOpen { .. }, .. } => (
            "engine-failed",
            "the file and its folder must be readable and writable for this user, and not on a read-only file system; \
             `ls -ld` and `mount` show it"
                .into(),
        ),
        _ => ("engine-failed", "look at the file, its folder and the medium; `ls -ld` shows who may do what".into()),
    }
}

fn explain_unsafe(path: &str, fault: UnsafePath, place: &Place) -> String {
    match fault {
        UnsafePath::Link if Path::new(path) != place.path => {
            format!("no store makes such a link: find out who made {}, and remove it", quoted(path))
        }
        UnsafePath::Link => {
            let target = std::fs::canonicalize(path).map_or_else(|_| "PATH".into(), |path| path.display().to_string());
            format!("name the file itself: `--store {}`", quoted(&format!("sqlite:{target}")))
        }
        UnsafePath::FileWritable | UnsafePath::FolderWritable => {
            format!("`chmod go-w {}`, once you know that nobody has used it", quoted(path))
        }
        _ => "name the vault's own file with --store sqlite:PATH".into(),
    }
}

const NEWER: &str = "use the version of strongroom that wrote it, or a later one";
