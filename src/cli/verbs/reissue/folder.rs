//! The folder that takes the tokens of many reissued API keys: a file for each, named after the old id and the new one.
//!
//! A file is there, whole and on the medium, before its token becomes valid. So a run that was killed has lost no token,
//! and the names tell the next run what this one has made. A file whose API key is not in the vault is set aside as
//! `.unused`, and not removed: the vault may be another than the file is of.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use strongroom::error::Detail;
use strongroom::{Act, ApiKeyId, Error, Issued, Reissue, Vault};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, refuse_unsafe, sync_all, sync_folder};
use crate::told::Told;

pub(super) struct Folder {
    path: PathBuf,
    /// New ids that runs into this folder have made, with the old ones.
    made: BTreeMap<ApiKeyId, ApiKeyId>,
    /// Held until the run is over: another one would take files whose API keys are about to come to be for abandoned ones.
    _lock: File,
}

/// What came of one: the new API key, and the name of the file with its token.
type Filed = Result<(Issued, String), Failure>;

impl Folder {
    /// Makes the folder, or takes up what an earlier run left in it.
    pub(super) fn open(path: &Path, vault: &Vault) -> Result<Self, Failure> {
        let refused = |error: io::Error| unusable(path, &error);
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused(error)),
            _ => {}
        }
        let found = fs::metadata(path).map_err(refused)?;
        if !found.is_dir() {
            return Err(refused(io::ErrorKind::NotADirectory.into()));
        }
        // Who can put files into it could have API keys passed over, as if an earlier run had issued them.
        refuse_unsafe(path)?;
        // Its own name is on the medium before anything in it counts.
        sync_folder(path).map_err(refused)?;
        let mut folder = Self { path: path.into(), made: BTreeMap::new(), _lock: locked(path)? };
        for entry in fs::read_dir(path).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name();
            let Some((old, new)) = name.to_str().and_then(ids) else { continue };
            folder.settle(vault, old, new, |file| fs::rename(file, file.with_extension("token.unused")))?;
        }
        Ok(folder)
    }

    /// Whether a run into this folder issued it.
    pub(super) fn made(&self, id: ApiKeyId) -> bool {
        self.made.contains_key(&id)
    }

    /// Reissues API keys in one commit, with their tokens in files first.
    pub(super) fn reissue(
        &mut self,
        vault: &Vault,
        ids: &[ApiKeyId],
        reissue: &Reissue,
        act: &Act,
    ) -> Result<Vec<Filed>, Failure> {
        // The old id of each new one whose file is there.
        let (mut kept, mut unwritten) = (BTreeMap::new(), None);
        let reissued = vault.reissue_many_keeping(ids, reissue, act, |issued| {
            let written = self.write_all(issued, &mut kept);
            written.map_err(|(place, error)| {
                unwritten = Some(unusable(&place, &error));
                error
            })
        });
        match reissued {
            Ok(each) => {
                let mut done = Vec::with_capacity(each.len());
                for (old, one) in ids.iter().zip(each) {
                    done.push(one.map_err(Failure::from).map(|issued| {
                        kept.remove(&issued.id);
                        self.made.insert(issued.id, *old);
                        let file = self.file(*old, issued.id).display().to_string();
                        (issued, file)
                    }));
                }
                // What was about to be issued in an attempt before the last.
                self.settle_all(vault, &kept)?;
                Ok(done)
            }
            Err(error) => {
                // They may have come to be, all the same: then the files stay.
                self.settle_all(vault, &kept)?;
                Err(unwritten.unwrap_or_else(|| error.into()))
            }
        }
    }

    /// Writes the files of those that have none yet, onto the medium together.
    fn write_all(
        &self,
        issued: &[&Issued],
        kept: &mut BTreeMap<ApiKeyId, ApiKeyId>,
    ) -> Result<(), (PathBuf, io::Error)> {
        let mut written = vec![];
        for issued in issued {
            if kept.contains_key(&issued.id) {
                continue;
            }
            let old = issued.replaces.map_or(issued.id, |old| old.id);
            let file = self.file(old, issued.id);
            let line = issued.token.expose();
            let kept_there = Reserved::create(&file).and_then(|reserved| reserved.write_later(line));
            kept_there.map_err(|error| (file.clone(), error))?;
            kept.insert(issued.id, old);
            written.push(file);
        }
        sync_all(&self.path, &written)
    }

    fn settle_all(&mut self, vault: &Vault, kept: &BTreeMap<ApiKeyId, ApiKeyId>) -> Result<(), Failure> {
        kept.iter().try_for_each(|(new, old)| self.settle(vault, *old, *new, |file| fs::remove_file(file)))
    }

    /// Finds out whether an API key came to be, and does away with its file if it did not.
    fn settle(
        &mut self,
        vault: &Vault,
        old: ApiKeyId,
        new: ApiKeyId,
        dispose: impl Fn(&Path) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match vault.show(new).map_err(Error::into_detail) {
            Err(Detail::NotFound { .. }) => {
                let file = self.file(old, new);
                dispose(&file).map_err(|error| unusable(&file, &error))
            }
            Ok(_) | Err(Detail::Record { .. }) => {
                self.made.insert(new, old);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn file(&self, old: ApiKeyId, new: ApiKeyId) -> PathBuf {
        self.path.join(format!("{old}-{new}.token"))
    }
}

fn locked(path: &Path) -> Result<File, Failure> {
    let folder = File::open(path).map_err(|error| unusable(path, &error))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process puts tokens into {}", path.display());
            let hint = "wait until it is done, and run the command again: what it has reissued is skipped";
            Err(Told::new(Exit::Busy, "folder-held", message).hint(hint).into())
        }
        Err(TryLockError::Error(error)) => Err(unusable(path, &error)),
    }
}

fn ids(name: &str) -> Option<(ApiKeyId, ApiKeyId)> {
    let (old, new) = name.strip_suffix(".token")?.split_once('-')?;
    Some((old.parse().ok()?, new.parse().ok()?))
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Told::new(Exit::OutputFailed, "token-not-kept", format!("cannot keep tokens in {}: {error}", path.display()))
        .hint("name a folder that can be written, with room in it, and run the command again with the same one")
        .into()
}
