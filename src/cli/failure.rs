//! What went wrong, told with a stable word for scripts and the next command to type.

mod anchor;
mod keys;

use std::io;
use std::path::Path;

use strongroom::anchor::AnchorFault;
use strongroom::api_keys::{ImportError, LifeError};
use strongroom::audit::AuditFault;
use strongroom::error::{Detail, KeyringError, PinError, TargetFault, UnsafePath, VaultRow};
use strongroom::master::{MasterKeyError, MasterKeysError, VerifierKeysError};
use strongroom::policy::PolicyError;
use strongroom::store::{EngineFault, SchemaFault, StoreError};
use strongroom::{ApiKeyId, Error, MasterKeyVersion};

use super::exit::Exit;
use super::place::Place;
use super::text::quoted;
use super::told::{Told, weak_hint};

pub(crate) use anchor::hint as anchor_hint;

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

    /// Of a secret that could not be written, and that another run of the command writes.
    pub(crate) fn of_secret(self) -> Self {
        let Self::Output(error) = self else { return self };
        let message = format!("cannot write to standard output: {error}; the secret is kept nowhere");
        Told::new(Exit::OutputFailed, "output-failed", message)
            .hint("make room where the output goes, and run the command again")
            .into()
    }

    /// What to tell of it, where the vault is at `place`.
    pub(crate) fn explain(self, place: &Place) -> Told {
        match self {
            Self::MasterKeys(error) => told(&error.into(), place),
            Self::VerifierKeys(error) => told(&error.into(), place),
            Self::Output(error) => Told::new(
                Exit::OutputFailed,
                "output-failed",
                format!("cannot write to standard output: {error}"),
            )
            .hint(
                "make room where the output goes; what the command had to change is changed, so repeat it only to read",
            ),
            Self::Told(told) => told,
            Self::Vault(error) => told(&error, place),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Vault(error)
    }
}

impl From<Detail> for Failure {
    fn from(error: Detail) -> Self {
        Self::Vault(error.into())
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

/// What the library says, and what to do about it.
fn told(error: &Error, place: &Place) -> Told {
    let told = Told::new(error.kind().into(), error.code(), error.to_string());
    let mut told = told.hint(hint(error, place)).because(error);
    told.causes.extend(keys::said(error).iter().map(|line| format!("it said: {line}")));
    told
}

/// The next thing to do.
fn hint(error: &Error, place: &Place) -> String {
    let store = place.option();
    match error.detail() {
        Detail::Act(_) => "give a reason of 1 to 1024 bytes with --reason, and an --actor of up to 256".into(),
        Detail::Audit(AuditFault::NoEntry { .. }) => {
            format!("find out who can write the store; `strongroom doctor --repair{store} --reason TEXT` takes it away")
        }
        Detail::Audit(_) => {
            format!(
                "find out who can write the store, and restore a backup; `strongroom doctor{store}` says what else is wrong"
            )
        }
        Detail::BackupDamaged { .. } => {
            format!("no backup was kept; `strongroom doctor{store}` says what is wrong with the vault")
        }
        Detail::BackupOfOther { .. } => "`strongroom backup inspect FILE` shows whose it is".into(),
        Detail::BackupUnknown { .. } => {
            format!("`strongroom backup list{store}` shows the ids there are")
        }
        Detail::Contended => "run the command again".into(),
        Detail::Import { fault: ImportError::Policy(PolicyError::Strength { .. }), .. } => format!(
            "nothing was imported: give that client a new token with `strongroom issue{store}`, and leave the line out; \
                 `strongroom policy show{store}` shows the rules"
        ),
        Detail::Import { fault: ImportError::Weak { .. }, .. } => format!(
            "nothing was imported: give that client a new token with `strongroom issue{store}`, and leave the line out; or take \
                 all lines, the weak ones too, with --allow-weak --reason TEXT"
        ),
        Detail::Import { fault: ImportError::Policy(_), .. } => format!(
            "nothing was imported: `strongroom policy show{store}` shows the rules; mend the line, or take all lines \
                 as they are with --exempt-from-policy"
        ),
        Detail::Pin(error) => pin_hint(error, &store),
        Detail::Anchor(AnchorFault::Newer { .. }) | Detail::Policy(PolicyError::Newer) => NEWER.into(),
        Detail::Anchor(fault) => anchor::hint(fault, &store).unwrap_or_else(|| LOG.into()),
        Detail::Policy(PolicyError::Reissue) => {
            format!("recover it with --reissue; `strongroom policy show{store}` shows the rules")
        }
        Detail::Policy(PolicyError::Reason { .. }) => {
            format!("give such a reason with --reason TEXT; `strongroom policy show{store}` shows the rules")
        }
        Detail::Policy(PolicyError::Pattern { .. } | PolicyError::PatternLength { .. }) => {
            "give a regular expression of 1 to 256 bytes, such as '^OPS-[0-9]+'".into()
        }
        Detail::Policy(PolicyError::Bits) => "give a number of bits from 1 to 256, such as 80".into(),
        Detail::Policy(_) => format!("`strongroom policy show{store}` shows the rules"),
        Detail::Import { fault: ImportError::Exists, .. } => format!(
            "nothing was imported: `strongroom list{store}` shows what is in the vault; of a file that was imported before, nothing is \
                 left to do; leave out the lines that are there"
        ),
        Detail::Import { .. } => "nothing was imported: mend the line and run the command again".into(),
        Detail::Keyring(error) => keyring_hint(error, &store),
        Detail::Life { id, fault } => life_hint(*id, fault, &store),
        Detail::MasterKeyWeak { fault: MasterKeyError::Weak { fingerprint, findings }, .. } => {
            weak_hint(findings, *fingerprint)
        }
        Detail::MasterKeys(error) => keys::master_keys(error),
        Detail::NotKept { .. } => "make room where it goes, and run the command again".into(),
        Detail::Limit(_) => "--help of the command shows what can be given".into(),
        Detail::NoRotation => format!("begin one with `strongroom rotate-master-key{store}`"),
        Detail::NoVault => format!("make one with `strongroom init{store}`"),
        Detail::NotFound { .. } => format!("`strongroom list{store}` shows the ids there are"),
        Detail::NotRecoverable { id } => format!(
            "issue a new API key with `strongroom issue{store} --name NAME`, then `strongroom revoke{store} {id} --reason TEXT`"
        ),
        Detail::Random(_) => "the operating system must give random bytes: nothing can go on without".into(),
        Detail::Record { .. } => format!("`strongroom doctor{store}` looks at every record"),
        Detail::RecordSet { .. } => format!(
            "`strongroom doctor{store}` says what differs; restore a backup, or take the records that are there \
                 with `strongroom rotate-master-key{store} --accept-record-set`, and --abandon-unreadable beside it \
                 when there are records to give up"
        ),
        Detail::RotationHeld { .. } => format!(
            "`strongroom status{store}` shows it; should its process be gone, `strongroom rotate-master-key{store}` \
                 takes over within 5 s"
        ),
        Detail::RotationOpen { .. } => {
            format!("finish it with `strongroom rotate-master-key{store}`")
        }
        Detail::RotationTarget { to, fault } => target_hint(*to, *fault, &store),
        Detail::Source(error) => keys::source(error),
        Detail::Split(_) => "the threshold is at least 2, and no more than there are shares".into(),
        Detail::Store(error) => store_hint(error, place),
        Detail::Tampered { row: VaultRow::Backups, .. } => format!(
            "find out who can write the store; `strongroom backup forget{store} --all` begins the list of backups anew, and \
                 `strongroom audit list{store}` shows when they were taken"
        ),
        // Nothing can be judged without the row, so the doctor could not say more.
        Detail::RowFormat { .. } | Detail::Tampered { .. } => {
            "find out who can write the store, and restore a backup".into()
        }
        Detail::VaultExists => {
            format!("use it: `strongroom status{store}`; or name another place with --store")
        }
        Detail::VerifierKeys(error) => keys::verifier_keys(error),
        _ => LOG.into(),
    }
}

fn life_hint(id: ApiKeyId, error: &LifeError, store: &str) -> String {
    match error {
        LifeError::Changed { .. } => {
            format!("look at it with `strongroom show{store} {id}`, and decide again with its --if-revision")
        }
        LifeError::Expired { .. } => "say when the new one ends, with --expires-in 90d or --never-expires".into(),
        LifeError::Past { .. } => "give a time to come".into(),
        LifeError::Replaced { by } => {
            format!("reissue the newest of its chain: `strongroom show{store} {by}` shows it")
        }
        LifeError::Revoked => format!("issue a new API key with `strongroom issue{store} --name NAME`"),
        LifeError::RevokedEarlier { .. } => {
            format!("give an earlier time, or `strongroom revoke{store} {id} --reason TEXT` now")
        }
        _ => LOG.into(),
    }
}

fn target_hint(to: MasterKeyVersion, fault: TargetFault, store: &str) -> String {
    match fault {
        TargetFault::NotConfigured => format!("put {to}:KEY into {}, beside the active one", keys::place()),
        TargetFault::Older => format!(
            "`strongroom status{store}` shows the active one; there is no way back to an older one: make a newer one, with the same \
             steps as before"
        ),
        TargetFault::Last => format!(
            "give the new key the number after the active one, which `strongroom status{store}` shows: write N:KEY in the place of {to}:KEY"
        ),
        TargetFault::NoNewer if to.next().is_none() => format!(
            "no number is left for another: make a new vault, and move the API keys there with `strongroom recover{store} --all` and \
             `strongroom import`"
        ),
        TargetFault::Active => format!(
            "name a newer one that is configured, or leave --to out; `strongroom status{store}` shows which there are, and \
             `strongroom master-key generate` makes one"
        ),
        _ => format!(
            "make one with `strongroom master-key generate --version {}` and put it into {} beside the active one; \
             `strongroom status{store}` shows both. Where this is a job that was run before, `--to {to}` says that it is done",
            to.next().unwrap_or(to),
            keys::place()
        ),
    }
}

fn keyring_hint(error: &KeyringError, store: &str) -> String {
    match error {
        KeyringError::MissingMasterKey { version, .. } | KeyringError::NotConfigured { version } => format!(
                "put {version}:KEY into {}; `strongroom master-key check` shows the fingerprints of what is there",
                keys::place()
            ),
        KeyringError::MissingVerifierKey { version, .. } => format!(
                "where the master key is, run `strongroom master-key verifier --version {version} --reason TEXT`, and put what \
                 it prints into STRONGROOM_VERIFIER_KEYS"
            ),
        KeyringError::VerifierKeyVault { .. } => "name the vault that it is for with --store, or make one for this vault with `strongroom master-key verifier`".into(),
        KeyringError::WrongVerifierKey { version, .. } => format!(
                "mend the versions in STRONGROOM_VERIFIER_KEYS, or make the right key with `strongroom master-key verifier \
                 --version {version} --reason TEXT`"
            ),
        KeyringError::VerifierOnly => "verify, identify, list, show, due, stats, scan, policy show, status and audit (all but audit checkpoint) work with verifier keys; for \
             everything else put VERSION:KEY into STRONGROOM_MASTER_KEYS or one of its sources"
                .into(),
        KeyringError::WrongMasterKey { belongs_to: Some(other), .. } => format!(
                "it is the key of version {other}: mend the numbers in {}, then look with `strongroom master-key check`",
                keys::place()
            ),
        KeyringError::WrongMasterKey { version, .. } => format!(
                "exchange it for the right {version}:KEY in {}, or in --shares; `strongroom master-key check` shows the \
                 fingerprints of what is there",
                keys::place()
            ),
        KeyringError::RetiredKey { .. } | KeyringError::RetiredVersion { .. } => format!(
                "`strongroom status{store}` shows the versions there have been; make a new one with \
                 `strongroom master-key generate --version N`"
            ),
        KeyringError::Feature { .. } | KeyringError::Format { .. } => NEWER.into(),
        _ => "find out who can write the store, and restore a backup".into(),
    }
}

fn pin_hint(error: &PinError, store: &str) -> String {
    match error {
        PinError::Ended { ended, .. } => format!(
            "give a checkpoint that you kept from entry {ended} or before, with --checkpoint FILE beside --pin: `audit verify` then \
             prints the key to pin from now on"
        ),
        PinError::NotHandedOver { .. } => format!(
            "where the master key is, `strongroom audit public-key` prints the new one; bring it here past the store, and pin it \
             with `strongroom audit verify{store} --pin PUBLICKEY`"
        ),
        PinError::Keyring(error) => keyring_hint(error, store),
        PinError::OtherVault { .. } => "name that vault with --store, or pin a key of this one".into(),
        _ => format!(
            "compare with what `strongroom audit public-key{store}` prints where the master key is; where that is the pinned one, \
             find out who can write the store"
        ),
    }
}

fn store_hint(error: &StoreError, place: &Place) -> String {
    let store = place.option();
    match error {
        StoreError::AlreadyExists { .. } => "name another place with --store".into(),
        StoreError::Backup { path } => {
            format!("make a vault of it with `strongroom restore {} --to sqlite:PATH`", quoted(path))
        }
        StoreError::Busy | StoreError::Stopped => "run the command again".into(),
        StoreError::Corrupt { .. } => "restore a backup of the store".into(),
        StoreError::JournalMode { path, .. } => format!(
            "stop what has {} open (`fuser` shows it), and `{}` sets it; so does any command that writes",
            quoted(path),
            repairing(&store)
        ),
        StoreError::Unfinished { .. } => format!(
            "`strongroom audit list{store}` with master keys, as a user who may write {} and its folder, takes it back; where they are \
             on a medium that cannot be written, copy the store and this file to one that can. Remove neither",
            quoted(&place.path.display().to_string())
        ),
        StoreError::Engine { fault: EngineFault::FileLimit { .. }, .. } => {
            "raise the limit (`ulimit -f` shows it, `ulimit -f unlimited` lifts it), and run the command again".into()
        }
        StoreError::Engine { fault: EngineFault::NameTooLong { .. }, .. } => {
            "name a shorter place with --store sqlite:PATH".into()
        }
        StoreError::Engine { fault: EngineFault::NoDescriptors { .. }, .. } => {
            "raise the limit of open files (`ulimit -n` shows it), or let what holds them end, and run the command again".into()
        }
        StoreError::Engine {
            fault: EngineFault::LocksNotKept { path } | EngineFault::LocksRefused { path } | EngineFault::NoLog { path },
            ..
        } => {
            format!("put the store on a local disk: `df -T {}` shows on what file system it is", quoted(path))
        }
        StoreError::KeyType { .. } => format!(
            "`{}` makes it bytes again, or takes it away where the row itself is there as well; what it leaves is named: restore a \
             backup then",
            repairing(&store)
        ),
        StoreError::FreePages { .. } => format!(
            "stop what has the store open (`fuser` shows it): `{}` builds the file anew from its rows. What only reads goes on",
            repairing(&store)
        ),
        StoreError::Stranger { .. } => format!(
            "find out who made it, and mend or drop it with the tool that did; otherwise `{}` takes it away",
            repairing(&store)
        ),
        StoreError::Copies { .. } => format!("find out who made it; `{}` takes it away", repairing(&store)),
        StoreError::OutOfOrder { .. } => {
            format!("restore a backup of the store; `strongroom doctor{store}` says what else is wrong")
        }
        StoreError::Moved { path } if is_part(path, place) => format!(
            "somebody took away or exchanged a file that the store writes into. Stop what has the store open (`fuser -v {}` shows it): \
             the last to end moves what it still has into the store. Then look what is there with `strongroom audit list{store}`",
            quoted(&place.path.display().to_string())
        ),
        StoreError::Moved { path } => format!(
            "what others see is the file that stands there now: `ls -li {}` shows it. Name the place of the vault with --store, \
             and look what was done last with `strongroom audit list`",
            quoted(path)
        ),
        StoreError::Schema { fault, .. } => schema_hint(fault, &store),
        StoreError::Foreign { .. } => "name the vault's own file with --store sqlite:PATH".into(),
        StoreError::Full => "make room on that disk (`df -h` shows it), and run the command again".into(),
        StoreError::InDoubt { .. } => {
            format!("look whether it was done before you try again: `strongroom audit list{store}` shows the last acts")
        }
        StoreError::NewerLayout { .. } => NEWER.into(),
        StoreError::NotFound { .. } => {
            format!("make one with `strongroom init{store}`, or name another place with --store sqlite:PATH")
        }
        StoreError::NotBackup { .. } => "name a file that `strongroom backup FILE` has written".into(),
        StoreError::Unsupported { .. } => "use the tools of that engine, or a store of another kind".into(),
        StoreError::ReadOnly => "make the store and its folder writable for this user; what only reads does without".into(),
        StoreError::Unsafe { path, fault } => unsafe_hint(path, *fault, place),
        StoreError::Engine { fault: EngineFault::CannotOpen { .. }, .. } => {
            "to change the vault, the file and its folder must be readable and writable for this user, and not on a read-only file \
             system; `ls -ld` and `mount` show it. What only reads does without"
                .into()
        }
        _ => "look at the file, its folder and the medium; `ls -ld` shows who may do what".into(),
    }
}

fn schema_hint(fault: &SchemaFault, store: &str) -> String {
    match fault {
        SchemaFault::Planted { kind: "index" | "trigger", .. } => {
            format!("find out who can write the store; `{}` takes it away", repairing(store))
        }
        SchemaFault::Altered { .. } => format!(
            "find out who can write the store; `{}` makes the table anew where its rows can be read, and otherwise restore a backup",
            repairing(store)
        ),
        SchemaFault::Layout { .. } | SchemaFault::Malformed { .. } | SchemaFault::Mark { .. } => format!(
            "find out who can write the store; `{}` mends it where its rows can be read, and otherwise restore a backup",
            repairing(store)
        ),
        _ => "find out who can write the store, and restore a backup".into(),
    }
}

fn repairing(store: &str) -> String {
    format!("strongroom doctor{store} --repair --reason TEXT")
}

fn unsafe_hint(path: &str, fault: UnsafePath, place: &Place) -> String {
    match fault {
        UnsafePath::Link if Path::new(path) != place.path => {
            format!("no store makes such a link: find out who made {}, and remove it", quoted(path))
        }
        UnsafePath::Link => {
            let target = std::fs::canonicalize(path).map_or_else(|_| "PATH".into(), |path| path.display().to_string());
            format!("name the file itself: `--store {}`", quoted(&format!("sqlite:{target}")))
        }
        UnsafePath::HardLink if is_part(path, place) => {
            format!(
                "no store makes such a link: find out who made it; once no strongroom runs there, `rm {}` takes it away, and the \
                 file it leads to stays under its other name",
                quoted(path)
            )
        }
        UnsafePath::HardLink => format!(
            "stop what uses the store, and take the other names away: `find {} -xdev -samefile {}` finds those in the folder, and the \
                 same from the root of the file system all",
            quoted(&folder_of(path)),
            quoted(path)
        ),
        UnsafePath::Mounted => format!(
            "mount the folder of the store, and not the file alone: `findmnt {}` shows where it comes from; use that name, or \
                 `umount` it",
            quoted(path)
        ),
        UnsafePath::NotAFile if is_part(path, place) => format!(
            "no store makes such a thing: find out who made it; once no strongroom runs there, `mv {0} {0}.other` puts it out of the way",
            quoted(path)
        ),
        UnsafePath::OtherLog => format!(
            "nothing of it is in the store: find out who put it there; `mv {0} {0}.other`, once no strongroom runs there, gives the \
             store as it is without it",
            quoted(path)
        ),
        UnsafePath::NotOurs => {
            format!("give it another name: `mv {0} {0}.mine`", quoted(path))
        }
        UnsafePath::Owner | UnsafePath::Strangers if is_part(path, place) => {
            format!("find out who made it; once no strongroom runs there, `rm {}` takes it away", quoted(path))
        }
        UnsafePath::Owner | UnsafePath::Strangers => format!(
            "give it to the user that runs strongroom, once you know that nobody else has used it: `chown \"$(id -u)\" {}`",
            quoted(path)
        ),
        UnsafePath::FileWritable if is_part(path, place) => {
            format!("`chmod 600 {}`, once you know that nobody has used it", quoted(path))
        }
        UnsafePath::FileWritable | UnsafePath::FolderWritable => {
            format!("`chmod go-w {}`, once you know that nobody has used it", quoted(path))
        }
        _ => "name the vault's own file with --store sqlite:PATH".into(),
    }
}

fn folder_of(path: &str) -> String {
    let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).display().to_string()
}

/// Whether it is a file that is kept beside the store.
fn is_part(path: &str, place: &Place) -> bool {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let (store, path) = (whole(&place.path), whole(Path::new(path)));
    path.strip_prefix(store.as_str()).is_some_and(|suffix| ["-wal", "-shm", "-journal", "-rotate"].contains(&suffix))
}

const LOG: &str = "run it again with --log debug to see more";
const NEWER: &str = "use the version of strongroom that wrote it, or a later one";
