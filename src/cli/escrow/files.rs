//! Shares as files: one each, new, private, and on disk before anybody is told.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use strongroom::{KeyShare, KeyShareError, SecretText};

use crate::cli::age::{Identities, Recipients, unreadable};
use crate::cli::args::SplitArgs;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::master_key::{refuse_existing, unwritten};

/// Where the shares of one set go.
pub(super) struct Folder {
    path: PathBuf,
    files: Vec<PathBuf>,
    words: bool,
}

impl Folder {
    pub(super) fn new(path: &Path, args: &SplitArgs, version: u32, number: u8) -> Self {
        let end = if args.recipients.is_empty() { "txt" } else { "txt.age" };
        let file = |index| path.join(format!("master-key-{version}-share-{index}-of-{number}.{end}"));
        Self { path: path.into(), files: (1..=number).map(file).collect(), words: args.words }
    }

    /// Before a share is made: the folder is there, and none of the files is.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        if !self.path.is_dir() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
            made.map_err(|error| unwritten(&self.path, &error))?;
        }
        self.files.iter().try_for_each(|file| refuse_existing(file))
    }

    /// All of them, or none.
    pub(super) fn write(&self, shares: &[KeyShare], recipients: &Recipients) -> Result<Vec<PathBuf>, Failure> {
        for (at, (share, path)) in shares.iter().zip(&self.files).enumerate() {
            let recipient = (recipients.len() > 0).then(|| recipients.only(at));
            if let Err(error) = write_new(path, &self.text(share), recipient.as_ref()) {
                self.files[..at].iter().for_each(|path| drop(fs::remove_file(path)));
                return Err(unwritten(path, &error));
            }
        }
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(|error| unwritten(&self.path, &error))?;
        Ok(self.files.clone())
    }

    fn text(&self, share: &KeyShare) -> SecretText {
        let body = if self.words { share.to_words() } else { share.to_text() };
        let heading = heading(share);
        // Sized first: growing would leave copies behind.
        let mut text = String::with_capacity(heading.len() + HOW.len() + body.expose().len() + 8);
        for (mark, line) in [("# ", heading.as_str()), ("# ", HOW), ("", body.expose())] {
            text.push_str(mark);
            text.push_str(line);
            text.push('\n');
        }
        SecretText::new(text)
    }
}

/// What whoever finds a share needs to know of it.
pub(super) fn heading(share: &KeyShare) -> String {
    let vault = share.vault().map(|vault| format!(" of vault {vault}")).unwrap_or_default();
    format!(
        "strongroom: share {} of {}, set {}; any {} give master key {} ({}){vault} back",
        share.index(),
        share.number(),
        share.set(),
        share.threshold(),
        share.version(),
        share.fingerprint()
    )
}

fn write_new(path: &Path, text: &SecretText, recipient: Option<&Recipients>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let body = text.expose().as_bytes();
    let written = match recipient {
        Some(recipient) => recipient.encrypt(&file, true, |to| to.write_all(body)),
        None => file.write_all(body),
    };
    written.and_then(|()| file.sync_all()).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Reads one share; a single dash is standard input.
pub(super) fn read(path: &Path, identities: &Identities) -> Result<Result<KeyShare, KeyShareError>, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let bytes = input::secret(MAX_LEN)?;
        identities.read(bytes.as_ref().map_or(&[][..], |bytes| bytes), "standard input")?
    } else {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        identities.read(file, &name)?
    };
    Ok(std::str::from_utf8(&bytes).map_err(|_| KeyShareError::Alphabet).and_then(KeyShare::parse))
}

const HOW: &str = "keep it secret, apart from the others; `strongroom master-key combine FILE...` puts them together";
const MAX_LEN: usize = 16 * 1024;
