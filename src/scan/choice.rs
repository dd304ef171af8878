//! Which files of a place are read: those that some patterns name, save those that others do.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Patterns as in `.gitignore`, held against paths from the folder that was named or the root of the repository, and as they are
/// shown.
#[derive(Clone, Debug)]
pub struct PathChoice {
    include: Gitignore,
    exclude: Gitignore,
}

impl PathChoice {
    /// Takes what one of `include` matches, or everything when there are none, and of that nothing that `exclude` matches. A folder
    /// that is matched stands for all it holds.
    pub fn new<I: AsRef<str>, E: AsRef<str>>(include: &[I], exclude: &[E]) -> Result<Self, PatternError> {
        let include: Vec<_> = include.iter().map(AsRef::as_ref).collect();
        let exclude: Vec<_> = exclude.iter().map(AsRef::as_ref).collect();
        Ok(Self { include: patterns(&include)?, exclude: patterns(&exclude)? })
    }

    /// Takes everything.
    pub(super) fn all() -> Self {
        Self { include: Gitignore::empty(), exclude: Gitignore::empty() }
    }

    pub(super) fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether a file is read, by any of its paths.
    pub(super) fn takes(&self, paths: &[&Path]) -> bool {
        let included = self.include.is_empty() || paths.iter().any(|path| matches(&self.include, path, false));
        included && !paths.iter().any(|path| matches(&self.exclude, path, false))
    }

    /// Whether a folder is entered.
    pub(super) fn enters(&self, paths: &[&Path]) -> bool {
        !paths.iter().any(|path| matches(&self.exclude, path, true))
    }
}

/// A pattern that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no pattern as in .gitignore that could match: {0}")]
pub struct PatternError(String);

/// Whether a path or a folder around it is matched.
pub(super) fn matches(patterns: &Gitignore, path: &Path, is_folder: bool) -> bool {
    let path = path.strip_prefix("./").or_else(|_| path.strip_prefix("/")).unwrap_or(path);
    !patterns.is_empty() && patterns.matched_path_or_any_parents(path, is_folder).is_ignore()
}

pub(super) fn patterns(globs: &[&str]) -> Result<Gitignore, PatternError> {
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        let wrong = || PatternError((*glob).to_owned());
        let comment = glob.starts_with('#');
        if comment || glob.trim().is_empty() {
            return Err(wrong());
        }
        builder.add_line(None, glob).map_err(|_| wrong())?;
    }
    builder.build().map_err(|_| PatternError(globs.join(" ")))
}
