//! What a scan leaves out, and how many threads it reads on.

use std::sync::Arc;

use super::choice::PathChoice;

/// Which files may leave other files out of the scan of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IgnoreFiles {
    /// `.strongroomignore` alone. What git ignores is scanned: a `.env` is where keys lie.
    #[default]
    Own,
    /// `.strongroomignore`, `.gitignore`, `.ignore` and git's own lists.
    All,
    /// None.
    Nothing,
}

/// How far a scan goes.
pub(super) struct Reach {
    pub(super) ignore: IgnoreFiles,
    /// Whether files of variables are read though an ignore file leaves them out.
    pub(super) env_files: bool,
    pub(super) choice: Arc<PathChoice>,
    pub(super) threads: usize,
}
