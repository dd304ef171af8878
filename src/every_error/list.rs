//! Each error with its variants, and a value of each at least.

use std::error::Error as StdError;

use super::every::{Every, every, of};
use super::examples::{DAY, denied, finding, id, no_randomness, origin, origins, path, print, time, vault};
use crate::anchor::AnchorFault;
use crate::api_key::{LifeError, LimitError, Refusal, Revision};
use crate::audit_log::{ActError, AuditFault};
use crate::backup_id::BackupId;
use crate::error::{Detail, KeyringError, PinError, RecordError, RowFault, TargetFault, VaultRow};
use crate::follower::FollowFault;
use crate::import::ImportError;
use crate::key_list::{ListError, Mistaken};
#[cfg(feature = "escrow")]
use crate::key_share::{CombineError, KeyShareError, SplitError};
use crate::key_source::{CommandFault, CommandLineError, SourceError};
use crate::master_key::MasterKeyError;
use crate::master_keys::MasterKeysError;
use crate::page::{Cursor, CursorError};
use crate::parse_error::ParseError;
use crate::policy::PolicyError;
#[cfg(feature = "scan")]
use crate::scan::{PathChoice, PatternError};
use crate::secret::RandomError;
#[cfg(feature = "conformance")]
use crate::store::conformance::Broken;
use crate::store::{CommitError, EngineFault, SchemaFault, StoreError, Table};
use crate::suite::Suite;
use crate::unsafe_path::UnsafePath;
use crate::uses::UsageError;
use crate::vault::{CheckpointFault, ExportError, ProofFault, ProveError, VerifyError};
use crate::verifier_key::VerifierKeyError;
use crate::verifier_keys::VerifierKeysError;
use crate::versions::{generation, version};

every! {
    ActError: {
        ActError::ActorTooLong { .. } => [ActError::ActorTooLong { len: 300 }],
        ActError::NoActor => [ActError::NoActor],
        ActError::NoReason => [ActError::NoReason],
        ActError::ReasonTooLong { .. } => [ActError::ReasonTooLong { len: 2_000 }],
    }
    AnchorFault: {
        AnchorFault::Exists { .. } => [AnchorFault::Exists { place: path() }],
        AnchorFault::Forked { .. } => [AnchorFault::Forked { seen: 9, since: time() }],
        AnchorFault::Malformed { .. } => [AnchorFault::Malformed { place: path(), problem: "it breaks off".into() }],
        AnchorFault::Missing { .. } => [AnchorFault::Missing { place: path() }],
        AnchorFault::Newer { .. } => [AnchorFault::Newer { place: path(), schema: "strongroom.anchor.v2".into() }],
        AnchorFault::OtherLine { .. } => [AnchorFault::OtherLine { seen: 9, found: 8, since: time() }],
        AnchorFault::OtherVault { .. } => [AnchorFault::OtherVault { anchored: vault(), found: vault() }],
        AnchorFault::NoVault { .. } => [AnchorFault::NoVault { anchored: vault() }],
        AnchorFault::RolledBack { .. } => [AnchorFault::RolledBack { found: 8, seen: 9, since: time() }],
        AnchorFault::KeyringRolledBack { .. } => [AnchorFault::KeyringRolledBack {
            found: 1,
            found_master_key: version(1),
            seen: 2,
            seen_master_key: version(2),
            since: time(),
        }],
        AnchorFault::Unreadable { .. } => [AnchorFault::Unreadable { place: path(), problem: "not found".into() }],
        AnchorFault::Unsafe { .. } => [AnchorFault::Unsafe { path: path(), fault: UnsafePath::FolderWritable }],
        AnchorFault::Unwritten { .. } => [AnchorFault::Unwritten { place: path(), problem: "no room".into() }],
        AnchorFault::Where { .. } => [AnchorFault::Where { what: "STRONGROOM_ANCHOR".into() }],
    }
    AuditFault: {
        AuditFault::Broken { .. } => [AuditFault::Broken { seq: 1 }],
        AuditFault::End { .. } => [AuditFault::End { found: 1, expected: 2 }, AuditFault::End { found: 2, expected: 1 }],
        AuditFault::Forked { .. } => [AuditFault::Forked { seq: 1 }],
        AuditFault::Malformed { .. } => [AuditFault::Malformed { seq: 1 }],
        AuditFault::Missing { .. } => [AuditFault::Missing { seq: 1 }],
        AuditFault::NoEntry { .. } => [AuditFault::NoEntry { seq: 1 }],
        AuditFault::Tree => [AuditFault::Tree],
        AuditFault::RolledBack { .. } => [AuditFault::RolledBack { found: 1, seen: 2 }],
    }
    FollowFault: { FollowFault::Anchor(_) => of(FollowFault::Anchor), FollowFault::Log(_) => of(FollowFault::Log), FollowFault::KeyringPutBack { .. } => [FollowFault::KeyringPutBack { found: 1, seen: 2 }], FollowFault::OtherLine => [FollowFault::OtherLine],
        FollowFault::Tampered { .. } => [FollowFault::Tampered { row: VaultRow::Head, fault: RowFault::Unauthentic }],
        FollowFault::Unread { .. } => [FollowFault::Unread { problem: "no such table".into() }] }
    CheckpointFault: {
        CheckpointFault::Altered => [CheckpointFault::Altered],
        CheckpointFault::Ended { .. } => [CheckpointFault::Ended { seq: 9, version: version(1), ended: 8 }],
        CheckpointFault::Future { .. } => [CheckpointFault::Future { at: time().to_string() }],
        CheckpointFault::Log(_) => of(CheckpointFault::Log),
        CheckpointFault::OtherVault { .. } => [CheckpointFault::OtherVault { vault: vault().to_string() }],
        CheckpointFault::Records => [CheckpointFault::Records],
        CheckpointFault::Retired { .. } => of(|fault| CheckpointFault::Retired { version: version(1), ended: 8, fault }),
    }
    #[cfg(feature = "conformance")]
    Broken: { Broken { .. } => [Broken { claim: "a batch happens whole or not", how: "half of it happened".into(), without: "acts without proof" }] }
    #[cfg(feature = "escrow")]
    CombineError: {
        CombineError::Key(_) => of(CombineError::Key),
        CombineError::None => [CombineError::None],
        CombineError::OtherSet { .. } => [CombineError::OtherSet { places: vec![1] }],
        CombineError::TooFew { .. } => [CombineError::TooFew { found: 1, threshold: 2, repeated: vec![] }],
        CombineError::TooManyWays { .. } => [CombineError::TooManyWays { tried: 9 }],
        CombineError::Unproven { .. } => [CombineError::Unproven { spare: 0 }],
    }
    CommandFault: {
        CommandFault::ExitCode(_) => [CommandFault::ExitCode(1)],
        CommandFault::HeldOpen { .. } => [CommandFault::HeldOpen { secs: 10 }],
        CommandFault::Lingering { .. } => [CommandFault::Lingering { secs: 10 }],
        CommandFault::NotStarted(_) => [CommandFault::NotStarted(denied())],
        CommandFault::Signal(_) => [CommandFault::Signal(9)],
        CommandFault::TimedOut { .. } => [CommandFault::TimedOut { secs: 10 }],
        CommandFault::TooLong => [CommandFault::TooLong],
        CommandFault::Unwatchable(_) => [CommandFault::Unwatchable(denied())],
    }
    CommandLineError: {
        CommandLineError::Backslash => [CommandLineError::Backslash],
        CommandLineError::Empty => [CommandLineError::Empty],
        CommandLineError::Json => [CommandLineError::Json],
        CommandLineError::NotText => [CommandLineError::NotText],
        CommandLineError::Quote => [CommandLineError::Quote],
        CommandLineError::Shell(_) => [CommandLineError::Shell('|')],
        CommandLineError::Zero => [CommandLineError::Zero],
    }
    CommitError: {
        CommitError::Conflict(_) => [CommitError::Conflict(vec![(Table::Keys, vec![1])])],
        CommitError::Store(_) => of(CommitError::Store),
    }
    CursorError: {
        CursorError { .. } => [
            Cursor::after_api_key(id()).audit_entry().expect_err("no entry"),
            Cursor::after_audit_entry(7).api_key().expect_err("no API key"),
        ],
    }
    Detail: {
        Detail::Act(_) => of(Detail::Act),
        Detail::Anchor(_) => of(Detail::Anchor),
        Detail::Unfollowed { .. } => [Detail::Unfollowed { problem: "no such table".into() }],
        Detail::Audit(_) => of(Detail::Audit),
        Detail::BackupDamaged { .. } => [Detail::BackupDamaged { what: "the manifest is malformed".into() }],
        Detail::BackupOfOther { .. } => [Detail::BackupOfOther { expected: vault(), found: vault() }],
        Detail::BackupUnknown { .. } => [Detail::BackupUnknown { id: BackupId::random().expect("random") }],
        #[cfg(feature = "escrow")]
        Detail::Combine(_) => of(Detail::Combine),
        Detail::CommandLine(_) => of(Detail::CommandLine),
        Detail::Contended => [Detail::Contended],
        Detail::Cursor(_) => of(Detail::Cursor),
        Detail::Import { .. } => of(|fault| Detail::Import { line: 7, fault }),
        Detail::IssuedExpired { .. } => [Detail::IssuedExpired { at: time() }],
        Detail::Keyring(_) => of(Detail::Keyring),
        Detail::Life { .. } => of(|fault| Detail::Life { id: id(), fault }),
        Detail::Limit(_) => of(Detail::Limit),
        Detail::MasterKey(_) => of(Detail::MasterKey),
        Detail::MasterKeys(_) => of(Detail::MasterKeys),
        Detail::MasterKeyWeak { .. } => of(|fault| Detail::MasterKeyWeak { version: version(2), fault }),
        Detail::NoRotation => [Detail::NoRotation],
        Detail::NoThread { .. } => [Detail::NoThread { source: denied() }],
        Detail::NoVault => [Detail::NoVault],
        Detail::NotFound { .. } => [Detail::NotFound { id: id() }],
        Detail::NotKept { .. } => [Detail::NotKept { source: denied() }],
        Detail::NotRecoverable { .. } => [Detail::NotRecoverable { id: id() }],
        Detail::Parse(_) => of(Detail::Parse),
        Detail::Pin(_) => of(Detail::Pin),
        Detail::Policy(_) => of(Detail::Policy),
        Detail::Random(_) => of(Detail::Random),
        Detail::Record { .. } => of(|fault| Detail::Record { id: id(), fault }),
        Detail::RecordSet { .. } => [Detail::RecordSet { generation: generation(1) }],
        Detail::RotationHeld { .. } => [Detail::RotationHeld { since_secs: 1 }],
        Detail::RotationOpen { .. } => [Detail::RotationOpen { to: version(2) }],
        Detail::RotationOptions { .. } => [Detail::RotationOptions { other: "compromised" }],
        Detail::RotationTarget { .. } => of(|fault| Detail::RotationTarget { to: version(2), fault }),
        Detail::RowFormat { .. } => [Detail::RowFormat { row: VaultRow::Head, found: 9 }],
        #[cfg(feature = "escrow")]
        Detail::Share(_) => of(Detail::Share),
        Detail::Source(_) => of(Detail::Source),
        #[cfg(feature = "escrow")]
        Detail::Split(_) => of(Detail::Split),
        Detail::Store(_) => of(Detail::Store),
        Detail::Tampered { .. } => of(|fault| Detail::Tampered { row: VaultRow::Head, fault }),
        Detail::VaultExists => [Detail::VaultExists],
        Detail::VerifierKey(_) => of(Detail::VerifierKey),
        Detail::VerifierKeys(_) => of(Detail::VerifierKeys),
    }
    EngineFault: {
        EngineFault::CannotOpen { .. } => [EngineFault::CannotOpen { path: path() }],
        EngineFault::FileLimit { .. } => [EngineFault::FileLimit { path: path() }],
        EngineFault::LocksNotKept { .. } => [EngineFault::LocksNotKept { path: path() }],
        EngineFault::LocksRefused { .. } => [EngineFault::LocksRefused { path: path() }],
        EngineFault::NameTooLong { .. } => [EngineFault::NameTooLong { path: path() }],
        EngineFault::NoDescriptors { .. } => [EngineFault::NoDescriptors { path: path() }],
        EngineFault::NoLog { .. } => [EngineFault::NoLog { path: path() }],
        EngineFault::Other => [EngineFault::Other],
        EngineFault::OtherAt { .. } => [EngineFault::OtherAt { path: path() }],
    }
    ExportError: {
        ExportError::NotRecoverable => [ExportError::NotRecoverable],
        ExportError::Record(_) => of(ExportError::Record),
    }
    ImportError: {
        ImportError::ByteOrderMark => [ImportError::ByteOrderMark],
        ImportError::Changed => [ImportError::Changed],
        ImportError::Damaged => [ImportError::Damaged],
        ImportError::Exists => [ImportError::Exists],
        ImportError::Fields { .. } => [ImportError::Fields { what: "it is an array".into(), column: 1 }],
        ImportError::Id { .. } => [ImportError::Id { field: "id" }],
        ImportError::Json { .. } => [ImportError::Json { column: 1 }],
        ImportError::Limit(_) => of(ImportError::Limit),
        ImportError::Network => [ImportError::Network],
        ImportError::NoToken => [ImportError::NoToken],
        ImportError::OtherId => [ImportError::OtherId],
        ImportError::Policy(_) => of(ImportError::Policy),
        ImportError::Repeated { .. } => [ImportError::Repeated { line: 3 }],
        ImportError::Time { .. } => [ImportError::Time { field: "expires_at" }],
        ImportError::TooMany => [ImportError::TooMany],
        ImportError::TokenTooLong { .. } => [ImportError::TokenTooLong { len: 600 }],
        ImportError::Weak { .. } => [ImportError::Weak { bits: 31, least: 80 }],
    }
    KeyringError: {
        KeyringError::Feature { .. } => [KeyringError::Feature { name: "prune".into() }],
        KeyringError::Format { .. } => [KeyringError::Format { found: 9 }],
        KeyringError::Malformed => [KeyringError::Malformed],
        KeyringError::OtherLine => [KeyringError::OtherLine],
        KeyringError::PutBack { .. } => [KeyringError::PutBack { found: 3, seen: 4 }],
        KeyringError::MissingMasterKey { .. } => [
            KeyringError::MissingMasterKey { version: version(1), fingerprint: print(), configured: vec![] },
            KeyringError::MissingMasterKey { version: version(1), fingerprint: print(), configured: vec![(version(2), print())] },
        ],
        KeyringError::MissingVerifierKey { .. } => {
            [KeyringError::MissingVerifierKey { version: version(1), fingerprint: print(), configured: vec![(version(2), print())] }]
        },
        KeyringError::NotConfigured { .. } => [KeyringError::NotConfigured { version: version(1) }],
        KeyringError::Random(_) => of(KeyringError::Random),
        KeyringError::RetiredKey { .. } => [KeyringError::RetiredKey { version: version(2), used_as: version(1) }],
        KeyringError::RetiredVersion { .. } => [KeyringError::RetiredVersion { version: version(1) }],
        KeyringError::Unauthentic => [KeyringError::Unauthentic],
        KeyringError::Unwrap { .. } => [KeyringError::Unwrap { generation: generation(1) }],
        KeyringError::VerifierKeyVault { .. } => {
            [KeyringError::VerifierKeyVault { version: version(1), expected: vault(), found: vault() }]
        },
        KeyringError::VerifierOnly => [KeyringError::VerifierOnly],
        KeyringError::WrongMasterKey { .. } => [None, Some(version(2))].map(|belongs_to| {
            KeyringError::WrongMasterKey { version: version(1), expected: print(), found: print(), belongs_to }
        }),
        KeyringError::WrongVerifierKey { .. } => [None, Some(version(2))].map(|belongs_to| {
            KeyringError::WrongVerifierKey { version: version(1), expected: print(), found: print(), belongs_to }
        }),
    }
    #[cfg(feature = "escrow")]
    KeyShareError: {
        KeyShareError::Alphabet => [KeyShareError::Alphabet],
        KeyShareError::Check => [KeyShareError::Check],
        KeyShareError::Empty => [KeyShareError::Empty],
        KeyShareError::Format { .. } => [KeyShareError::Format { found: 9 }],
        KeyShareError::Length { .. } => [KeyShareError::Length { found: 9 }],
        KeyShareError::Malformed => [KeyShareError::Malformed],
        KeyShareError::Prefix => [KeyShareError::Prefix],
        KeyShareError::Several => [KeyShareError::Several],
        KeyShareError::Word { .. } => [KeyShareError::Word { at: 1 }],
        KeyShareError::Words { .. } => [KeyShareError::Words { found: 9 }],
    }
    LifeError: {
        LifeError::Changed { .. } => [LifeError::Changed { expected: Revision::of([1; 8]), current: Revision::of([2; 8]) }],
        LifeError::Expired { .. } => [LifeError::Expired { at: time() }],
        LifeError::Past { .. } => [LifeError::Past { what: "an expiry of", at: time() }],
        LifeError::Replaced { .. } => [LifeError::Replaced { by: id() }],
        LifeError::Revoked => [LifeError::Revoked],
        LifeError::RevokedEarlier { .. } => [LifeError::RevokedEarlier { at: time() }],
    }
    LimitError: {
        LimitError::Empty { .. } => [LimitError::Empty { what: "name" }],
        LimitError::NeverValid => [LimitError::NeverValid],
        LimitError::Prefix => [LimitError::Prefix],
        LimitError::ScopeCharacters => [LimitError::ScopeCharacters],
        LimitError::ScopeWildcard => [LimitError::ScopeWildcard],
        LimitError::TooLong { .. } => [LimitError::TooLong { what: "name", len: 300, max: 256 }],
        LimitError::TooMany { .. } => [LimitError::TooMany { what: "scopes", found: 65, max: 64 }],
    }
    ListError: {
        ListError::AssignedTwice => [ListError::AssignedTwice],
        ListError::Empty => [ListError::Empty],
        ListError::Entry { .. } => [ListError::Entry { entry: 1 }],
        ListError::Json => [ListError::Json],
        ListError::Mistaken(_) => of(ListError::Mistaken),
        ListError::OtherVariable { .. } => [ListError::OtherVariable { line: 1 }],
        ListError::Quote => [ListError::Quote],
        ListError::Version { .. } => [ListError::Version { entry: 1 }],
    }
    Mistaken: {
        Mistaken::Age => [Mistaken::Age],
        Mistaken::Path => [Mistaken::Path],
        Mistaken::Pem => [Mistaken::Pem],
        Mistaken::Sealed => [Mistaken::Sealed],
        Mistaken::Unexpanded => [Mistaken::Unexpanded],
    }
    MasterKeyError: {
        MasterKeyError::Malformed(_) => [MasterKeyError::Malformed(finding())],
        MasterKeyError::Weak { .. } => [MasterKeyError::Weak { fingerprint: print(), findings: vec![finding()] }],
    }
    MasterKeysError: {
        MasterKeysError::Key { .. } => of(|fault| MasterKeysError::Key { origin: origin(), entry: 1, fault }),
        MasterKeysError::List { .. } => of(|fault| MasterKeysError::List { origin: origin(), fault }),
        MasterKeysError::NotSet => [MasterKeysError::NotSet],
        MasterKeysError::Other { .. } => [MasterKeysError::Other { origin: origin(), source: Box::new(denied()) }],
        MasterKeysError::SameKey { .. } => [MasterKeysError::SameKey { first: version(1), second: version(2), origins: origins() }],
        MasterKeysError::Source(_) => of(MasterKeysError::Source),
        MasterKeysError::Twice { .. } => [MasterKeysError::Twice { version: version(1), origins: origins() }],
        MasterKeysError::VerifierKey { .. } => [MasterKeysError::VerifierKey { origin: origin(), entry: 1 }],
    }
    ParseError: { ParseError { .. } => ["no suite".parse::<Suite>().expect_err("none")] }
    #[cfg(feature = "scan")]
    PatternError: { PatternError { .. } => [PathChoice::new(&["{a"], &[""; 0]).expect_err("no pattern")] }
    PinError: {
        PinError::Ended { .. } => [PinError::Ended { version: version(1), ended: 8 }],
        PinError::HandOver { .. } => [PinError::HandOver { version: version(2) }],
        PinError::Keyring(_) => of(PinError::Keyring),
        PinError::NotHandedOver { .. } => [PinError::NotHandedOver { version: version(2) }],
        PinError::OtherVault { .. } => [PinError::OtherVault { expected: vault(), found: vault() }],
        PinError::Unknown => [PinError::Unknown],
    }
    PolicyError: {
        PolicyError::Age { .. } => [PolicyError::Age { max: DAY }],
        PolicyError::Bits => [PolicyError::Bits],
        PolicyError::Expiry => [PolicyError::Expiry],
        PolicyError::Grace { .. } => [PolicyError::Grace { max: DAY }],
        PolicyError::Newer => [PolicyError::Newer],
        PolicyError::Owner => [PolicyError::Owner],
        PolicyError::Pattern { .. } => [PolicyError::Pattern { problem: "unclosed group".into() }],
        PolicyError::PatternLength { .. } => [PolicyError::PatternLength { len: 300 }],
        PolicyError::Reason { .. } => [PolicyError::Reason { pattern: "^OPS-".into() }],
        PolicyError::Refusal => [PolicyError::Refusal],
        PolicyError::Reissue => [PolicyError::Reissue],
        PolicyError::Span { .. } => [PolicyError::Span { rule: "maximum age of API keys" }],
        PolicyError::Strength { .. } => [PolicyError::Strength { bits: 31, least: 80 }],
    }
    ProofFault: {
        ProofFault::Backwards { .. } => [ProofFault::Backwards { old: 2, new: 1 }],
        ProofFault::Entry { .. } => [ProofFault::Entry { seq: 7 }],
        ProofFault::Growth { .. } => [ProofFault::Growth { old: 1, new: 2 }],
        ProofFault::NoEntry => [ProofFault::NoEntry],
        ProofFault::NoLine => [ProofFault::NoLine],
        ProofFault::OtherClaim => [ProofFault::OtherClaim],
        ProofFault::OtherStart { .. } => [ProofFault::OtherStart { found: 2, said: 1 }],
        ProofFault::OtherVault { .. } => [ProofFault::OtherVault { seq: 7 }],
        ProofFault::Unsigned { .. } => [ProofFault::Unsigned { seq: 7 }],
    }
    ProveError: {
        ProveError::Checkpoint { .. } => of(|fault| ProveError::Checkpoint { seq: 7, fault }),
        ProveError::Failed(_) => [ProveError::Failed(Detail::NoVault.into())],
        ProveError::Proof(_) => of(ProveError::Proof),
    }
    RandomError: { RandomError(_) => [no_randomness()] }
    RecordError: {
        RecordError::Attributes => [RecordError::Attributes],
        RecordError::Continued { .. } => [RecordError::Continued { seq: 7 }],
        RecordError::Differs { .. } => [RecordError::Differs { seq: 7 }],
        RecordError::OtherSecret => [RecordError::OtherSecret],
        RecordError::Unlogged => [RecordError::Unlogged],
        RecordError::Corrupt { .. } => [RecordError::Corrupt { part: "verify" }],
        RecordError::Fenced { .. } => [RecordError::Fenced { generation: generation(1) }],
        RecordError::Foreign => [RecordError::Foreign],
        RecordError::Format { .. } => [RecordError::Format { found: 9 }],
        RecordError::Malformed => [RecordError::Malformed],
        RecordError::MissingGeneration { .. } => [RecordError::MissingGeneration { generation: generation(1) }],
        RecordError::Moved { .. } => [RecordError::Moved { from: id() }],
        RecordError::NotIndexed => [RecordError::NotIndexed],
        RecordError::Relabelled { .. } => [RecordError::Relabelled { named: generation(1), sealed: generation(2) }],
    }
    RowFault: {
        RowFault::Malformed => [RowFault::Malformed],
        RowFault::Missing => [RowFault::Missing],
        RowFault::OfOtherKeyring => [RowFault::OfOtherKeyring],
        RowFault::OfOtherHead => [RowFault::OfOtherHead],
        RowFault::OfOtherContents => [RowFault::OfOtherContents],
        RowFault::Unauthentic => [RowFault::Unauthentic],
        RowFault::Usage(_) => of(RowFault::Usage),
    }
    SourceError: {
        SourceError::Command { .. } => {
            of(|fault| SourceError::Command { program: "pass".into(), fault, said: vec!["no".into()] })
        },
        SourceError::CommandLine { .. } => of(|fault| SourceError::CommandLine { name: "KEYS".into(), fault }),
        SourceError::NotAFile { .. } => [SourceError::NotAFile { origin: origin() }],
        SourceError::NotText { .. } => [SourceError::NotText { origin: origin() }],
        SourceError::Group { .. } => [SourceError::Group { name: "GROUP".into() }],
        SourceError::TooLong { .. } => [SourceError::TooLong { origin: origin() }],
        SourceError::Utf16 { .. } => [SourceError::Utf16 { origin: origin() }],
        SourceError::Variables { .. } => [SourceError::Variables { name: "NAMES".into() }],
        SourceError::Unreadable { .. } => [SourceError::Unreadable { origin: origin(), source: denied() }],
        SourceError::Unsafe { .. } => {
            of(|fault| SourceError::Unsafe { origin: origin(), path: "keys".into(), fault })
        },
    }
    #[cfg(feature = "escrow")]
    SplitError: {
        SplitError::Numbers { .. } => [SplitError::Numbers { number: 1, threshold: 2 }],
        SplitError::Random(_) => of(SplitError::Random),
    }
    SchemaFault: {
        SchemaFault::Altered { .. } => [SchemaFault::Altered { table: "keys" }],
        SchemaFault::Foreign { .. } => [SchemaFault::Foreign { kind: "table", name: "stash".into() }],
        SchemaFault::Layout { .. } => [SchemaFault::Layout { found: 0 }],
        SchemaFault::Malformed { .. } => [SchemaFault::Malformed { message: "malformed database schema (usage)".into() }],
        SchemaFault::Mark { .. } => [SchemaFault::Mark { found: 1 }],
        SchemaFault::Missing { .. } => [SchemaFault::Missing { table: "keys" }],
        SchemaFault::Planted { .. } => [SchemaFault::Planted { kind: "trigger", name: "undo".into(), table: "keys" }],
    }
    StoreError: {
        StoreError::AlreadyExists { .. } => [StoreError::AlreadyExists { path: path() }],
        StoreError::Backup { .. } => [StoreError::Backup { path: path() }],
        StoreError::Busy => [StoreError::Busy],
        StoreError::Copies { .. } => [StoreError::Copies { place: "the table \"stash\"".into() }],
        StoreError::Corrupt { .. } => [StoreError::Corrupt { message: "no such table: keys".into() }],
        StoreError::Engine { .. } => of(|fault| StoreError::Engine { fault, source: Box::new(denied()) }),
        StoreError::Foreign { .. } => [StoreError::Foreign { path: path() }],
        StoreError::FreePages { .. } => [StoreError::FreePages { fault: "it leads to page 7 twice".into() }],
        StoreError::Full => [StoreError::Full],
        StoreError::InDoubt { .. } => [StoreError::in_doubt(denied())],
        StoreError::JournalMode { .. } => [StoreError::JournalMode { path: path(), mode: "delete".into() }],
        StoreError::KeyType { .. } => [StoreError::KeyType { table: "keys", kind: "a text", key: "6b".into() }],
        StoreError::Moved { .. } => [StoreError::Moved { path: path() }],
        StoreError::NewerLayout { .. } => [StoreError::NewerLayout { found: 9 }],
        StoreError::NotBackup { .. } => [StoreError::NotBackup { path: path() }],
        StoreError::NotFound { .. } => [StoreError::NotFound { path: path() }],
        StoreError::OutOfOrder { .. } => [StoreError::OutOfOrder { table: "keys", key: "6b".into() }],
        StoreError::ReadOnly => [StoreError::ReadOnly],
        StoreError::Schema { .. } => of(|fault| StoreError::Schema { path: path(), fault }),
        StoreError::Stranger { .. } => [StoreError::Stranger {
            place: "the table \"stash\"".into(),
            message: "database disk image is malformed".into(),
        }],
        StoreError::Stopped => [StoreError::Stopped],
        StoreError::Unfinished { .. } => [StoreError::Unfinished { path: path() }],
        StoreError::Unsafe { .. } => of(|fault| StoreError::Unsafe { path: path(), fault }),
        StoreError::Unsupported { .. } => [StoreError::Unsupported { what: "backups" }],
    }
    TargetFault: {
        TargetFault::Active => [TargetFault::Active],
        TargetFault::Last => [TargetFault::Last],
        TargetFault::NoNewer => [TargetFault::NoNewer],
        TargetFault::NotConfigured => [TargetFault::NotConfigured],
        TargetFault::Older => [TargetFault::Older],
    }
    UnsafePath: {
        UnsafePath::FileWritable => [UnsafePath::FileWritable],
        UnsafePath::FolderWritable => [UnsafePath::FolderWritable],
        UnsafePath::HardLink => [UnsafePath::HardLink],
        UnsafePath::Link => [UnsafePath::Link],
        UnsafePath::Mounted => [UnsafePath::Mounted],
        UnsafePath::NotAFile => [UnsafePath::NotAFile],
        UnsafePath::NotOurs => [UnsafePath::NotOurs],
        UnsafePath::Owner => [UnsafePath::Owner],
        UnsafePath::OtherLog => [UnsafePath::OtherLog],
        UnsafePath::PartOfAnother => [UnsafePath::PartOfAnother],
        UnsafePath::Strangers => [UnsafePath::Strangers],
    }
    UsageError: {
        UsageError::Corrupt => [UsageError::Corrupt],
        UsageError::Format { .. } => [UsageError::Format { found: 9 }],
        UsageError::Malformed => [UsageError::Malformed],
        UsageError::MissingGeneration { .. } => [UsageError::MissingGeneration { generation: generation(1) }],
    }
    VerifierKeyError: {
        VerifierKeyError::Alphabet => [VerifierKeyError::Alphabet],
        VerifierKeyError::Check => [VerifierKeyError::Check],
        VerifierKeyError::Length(_) => [VerifierKeyError::Length(9)],
        VerifierKeyError::MasterKey => [VerifierKeyError::MasterKey],
        VerifierKeyError::Prefix => [VerifierKeyError::Prefix],
    }
    VerifierKeysError: {
        VerifierKeysError::Key { .. } => of(|fault| VerifierKeysError::Key { origin: origin(), entry: 1, fault }),
        VerifierKeysError::List { .. } => of(|fault| VerifierKeysError::List { origin: origin(), fault }),
        VerifierKeysError::NotSet => [VerifierKeysError::NotSet],
        VerifierKeysError::SameKey { .. } => [VerifierKeysError::SameKey { first: version(1), second: version(2), origins: origins() }],
        VerifierKeysError::Source(_) => of(VerifierKeysError::Source),
        VerifierKeysError::Twice { .. } => [VerifierKeysError::Twice { version: version(1), origins: origins() }],
    }
    VerifyError: {
        VerifyError::Refused { .. } => of(|refusal| VerifyError::Refused { refusal, key: None }),
        VerifyError::Unavailable(_) => of(|fault: Detail| VerifyError::Unavailable(fault.into())),
    }
}

/// No error of itself: it is what a [`VerifyError`] holds.
impl Every for Refusal {
    fn every() -> Vec<Self> {
        let all = [
            Self::Address,
            Self::Damaged,
            Self::Expired,
            Self::NotYetValid,
            Self::Revoked,
            Self::Scope,
            Self::Suspended,
            Self::Unknown,
        ];
        // One that is forgotten here does not compile.
        let _ = |refusal: Self| match refusal {
            Self::Address
            | Self::Damaged
            | Self::Expired
            | Self::NotYetValid
            | Self::Revoked
            | Self::Scope
            | Self::Suspended
            | Self::Unknown => (),
        };
        all.into()
    }
}
