//! What is unsafe about a file or a folder that only its owner should be able to write or exchange.

/// What is wrong with a path. Each reads after the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnsafePath {
    /// Others can write the file.
    #[error("can be written by others")]
    FileWritable,
    /// Others can write the folder, and so exchange what is in it.
    #[error("is a folder that others can write")]
    FolderWritable,
    /// The file has another name as well. Beside each SQLite keeps a log, and whoever comes by one name sees nothing of the other's.
    #[error("is one of several names of the same file (a hard link)")]
    HardLink,
    /// A link, which leads to another file than the one that was named.
    #[error("is a symbolic link")]
    Link,
    /// The file alone is mounted there, and has another name where it is stored, with another log beside it.
    #[error("is mounted there, and is a file that has another name elsewhere")]
    Mounted,
    /// A folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// It has the name of a file of ours, and is none.
    #[error("has the name of the lock of a rotation, and is something else")]
    NotOurs,
    /// Who owns it can exchange or write it.
    #[error("belongs to another user")]
    Owner,
    /// A write-ahead log that was put beside a store: it goes on from another file, or from this one as it was once.
    #[error("is the log of another store, or of this one as it was once")]
    OtherLog,
    /// SQLite would take it for the log of the store beside it.
    #[error("has the name of a part of another store")]
    PartOfAnother,
    /// Somebody else made it where everybody may make files.
    #[error("belongs to another user, in a folder that all can write")]
    Strangers,
}
