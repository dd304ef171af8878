//! The manifest of an export: what was exported, part by part, one JSON object a line. It holds no secret, and a line counts
//! only once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use strongroom::{ApiKeyId, Cursor, VaultId};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::unreadable_file;
use crate::new_file::{sync_folder, unwritten};
use crate::plain_file;
use crate::told::Told;

/// One export, open to go on with or to be read.
pub(crate) struct Manifest {
    path: PathBuf,
    file: File,
    pub(crate) head: Head,
    pub(crate) parts: Vec<Part>,
    pub(crate) complete: bool,
}

/// The first line.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) schema: String,
    pub(crate) vault: String,
    pub(crate) recipients: Vec<String>,
}

/// The line of a part that is whole and on disk.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(rename = "part")]
    pub(crate) number: u64,
    pub(crate) keys: u64,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) last: String,
    pub(crate) sha256: String,
}

/// An API key that could not be exported.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeftOut {
    pub(crate) id: String,
    pub(crate) cause: String,
}

/// The last line of an export that is complete.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct End {
    complete: bool,
    parts: u64,
    keys: u64,
}

impl Head {
    pub(crate) fn new(vault: VaultId, recipients: Vec<String>) -> Self {
        Self { schema: SCHEMA.into(), vault: vault.to_string(), recipients }
    }
}

impl Manifest {
    /// A new one. A file that is there is never touched.
    pub(crate) fn create(path: &Path, head: Head) -> Result<Self, Failure> {
        let opened = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path);
        let file = opened.map_err(|error| unwritten(path, &error))?;
        let mut manifest = Self { path: path.into(), file, head: head.clone(), parts: vec![], complete: false };
        manifest.claim()?;
        let begun = manifest.append(&head).and_then(|()| sync_folder(path).map_err(|error| unwritten(path, &error)));
        match begun {
            Ok(()) => Ok(manifest),
            Err(failure) => {
                // Half a line is of no use to anybody, and would be in the way of the next.
                manifest.discard();
                Err(failure)
            }
        }
    }

    /// One that was begun before, cut to its whole lines. One that was cut off in its first line begins anew.
    pub(crate) fn resume(path: &Path, head: &Head) -> Result<Self, Failure> {
        let file = plain_file::open_with(path, OpenOptions::new().read(true).append(true));
        let file = file.map_err(|error| unreadable(path, &error.to_string()))?;
        if is_cut_off(&file, head).map_err(|error| unreadable(path, &error.to_string()))? {
            let mut manifest = Self { path: path.into(), file, head: head.clone(), parts: vec![], complete: false };
            manifest.claim()?;
            manifest.append(head)?;
            sync_folder(path).map_err(|error| unwritten(path, &error))?;
            return Ok(manifest);
        }
        let mut manifest = Self::read_from(path, file)?;
        manifest.claim()?;
        // Somebody may have gone on with it until a moment ago.
        let file = manifest.file.try_clone().map_err(|error| unwritten(path, &error))?;
        manifest = Self { file: manifest.file, ..Self::read_from(path, file)? };
        Ok(manifest)
    }

    /// The one in this file, to read it; `None` when the file is something else.
    pub(crate) fn of(path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |error| unreadable_file(&path.display().to_string(), &error);
        let file = plain_file::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            // What is read here could not be read again.
            return Ok(None);
        }
        let mut start = vec![];
        (&file).take(MARK.len() as u64).read_to_end(&mut start).map_err(failed)?;
        if start == MARK.as_bytes() { Self::read_from(path, file).map(Some) } else { Ok(None) }
    }

    fn read_from(path: &Path, mut file: File) -> Result<Self, Failure> {
        let read = file.rewind().and_then(|()| plain_file::bounded(&file, MAX_LEN));
        let text = read.map_err(|error| unreadable(path, &error.to_string()))?;
        // A last line without its end was cut off, and what it tells of does not count.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        let wrong = |number: usize| unreadable(path, &format!("line {number} is not that of an export"));
        let head: Head = lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(|| wrong(1))?;
        if head.schema != SCHEMA {
            return Err(wrong(1));
        }
        let mut manifest = Self { path: path.into(), file, head, parts: vec![], complete: false };
        for (at, line) in lines.enumerate() {
            if manifest.complete {
                return Err(wrong(at + 2));
            }
            if let Ok(part) = serde_json::from_str::<Part>(line) {
                if part.number != at as u64 + 1 || part.last.parse::<ApiKeyId>().is_err() {
                    return Err(wrong(at + 2));
                }
                manifest.parts.push(part);
            } else {
                let end: End = serde_json::from_str(line).map_err(|_| wrong(at + 2))?;
                let counted = (manifest.parts.len() as u64, manifest.keys());
                manifest.complete = end.complete && (end.parts, end.keys) == counted;
                if !manifest.complete {
                    return Err(wrong(at + 2));
                }
            }
        }
        Ok(manifest)
    }

    /// Nobody else goes on with it meanwhile. Then what was cut off is taken away.
    fn claim(&mut self) -> Result<(), Failure> {
        if self.file.try_lock().is_err() {
            let message = format!("another process is at the export {}", self.path.display());
            return Err(Told::new(Exit::Busy, "export-held", message).hint("wait until it is done").into());
        }
        let cut = || -> io::Result<()> {
            (&self.file).rewind()?;
            let text = plain_file::bounded(&self.file, MAX_LEN)?;
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            if whole < text.len() { self.file.set_len(whole as u64) } else { Ok(()) }
        };
        cut().map_err(|error| unwritten(&self.path, &error))
    }

    /// Where the next part begins.
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.parts.last().and_then(|part| part.last.parse().ok()).map(Cursor::after_api_key)
    }

    pub(crate) fn keys(&self) -> u64 {
        self.parts.iter().map(|part| part.keys).sum()
    }

    pub(crate) fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        self.parts.iter().flat_map(|part| &part.left_out)
    }

    /// The file of a part, beside the manifest.
    pub(crate) fn part_path(&self, part: u64) -> PathBuf {
        Self::part_of(&self.path, part)
    }

    pub(crate) fn part_of(path: &Path, part: u64) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{part:05}.age"));
        name.into()
    }

    /// Tells of a part whose file is whole and on disk.
    pub(crate) fn add(&mut self, part: Part) -> Result<(), Failure> {
        self.append(&part)?;
        self.parts.push(part);
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.append(&End { complete: true, parts: self.parts.len() as u64, keys: self.keys() })?;
        self.complete = true;
        Ok(())
    }

    /// Takes away a manifest that tells of no part.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(&self.path);
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line).map_err(io::Error::from)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|error| unwritten(&self.path, &error))
    }
}

/// Whether the first line was not written to its end, and nothing else stands there.
fn is_cut_off(file: &File, head: &Head) -> io::Result<bool> {
    let mut start = vec![];
    file.take(HEAD_LEN).read_to_end(&mut start)?;
    let whole = serde_json::to_string(head)?;
    Ok((start.len() as u64) < HEAD_LEN && whole.as_bytes().starts_with(&start))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Told::new(Exit::Usage, "export-unreadable", format!("cannot read the export {}: {why}", path.display()))
        .hint("name the file that `strongroom recover --all --out FILE` wrote, beside its parts")
        .into()
}

const SCHEMA: &str = "strongroom.export.v1";
const MARK: &str = "{\"schema\":\"strongroom.export.v1\"";
/// Longer than any first line.
const HEAD_LEN: u64 = 1 << 20;
/// A hundred thousand parts.
const MAX_LEN: usize = 64 << 20;
