//! Shares as files: one each, new, private, and on disk before anybody is told.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use strongroom::escrow::KeyShare;
use strongroom::{MasterKeyVersion, SecretText};

use crate::age::Recipients;
use crate::args::SplitArgs;
use crate::failure::Failure;
use crate::new_file::{Reserved, refuse_unsafe, unwritten};

/// Where the shares of one set go.
pub(super) struct Folder {
    files: Vec<Reserved>,
    words: bool,
}

impl Folder {
    /// Before a share is made: the folder is there, and a new file for each of them.
    pub(super) fn prepare(
        path: &Path,
        args: &SplitArgs,
        version: MasterKeyVersion,
        number: u8,
    ) -> Result<Self, Failure> {
        if !path.is_dir() {
            let made = DirBuilder::new().mode(0o700).create(path);
            made.map_err(|error| unwritten(path, &error))?;
        }
        refuse_unsafe(path)?;
        let end = if args.recipients.is_empty() { "txt" } else { "txt.age" };
        let file = |index| path.join(format!("master-key-{version}-share-{index}-of-{number}.{end}"));
        let files = (1..=number).map(|index| Reserved::at(&file(index))).collect::<Result<_, _>>()?;
        Ok(Self { files, words: args.words })
    }

    /// All of them, or none.
    pub(super) fn write(self, shares: &[KeyShare], recipients: &Recipients) -> Result<Vec<PathBuf>, Failure> {
        for (at, (share, file)) in shares.iter().zip(&self.files).enumerate() {
            let recipient = (recipients.len() > 0).then(|| recipients.only(at));
            let text = self.text(share);
            let body = text.expose().as_bytes();
            file.fill(|mut file| match &recipient {
                Some(recipient) => recipient.encrypt(file, true, |to| to.write_all(body)),
                None => file.write_all(body),
            })?;
        }
        let written = self.files.iter().map(|file| file.path().to_owned()).collect();
        self.files.into_iter().try_for_each(Reserved::keep)?;
        Ok(written)
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

const HOW: &str = "keep it secret, apart from the others; `strongroom master-key combine FILE...` puts them together";
