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
    /// A link, which leads to another file than the one that was named.
    #[error("is a symbolic link")]
    Link,
    /// A folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// A folder whose owner is neither root nor the owner of what is in it, and can exchange that.
    #[error("is a folder of another user, who can exchange what is in it")]
    OtherOwner,
    /// SQLite would take it for the log of the store beside it.
    #[error("has a name that SQLite takes for a part of another file")]
    PartOfAnother,
    /// Somebody else made it where everybody may make files.
    #[error("belongs to another user, in a folder that all can write")]
    Strangers,
}
