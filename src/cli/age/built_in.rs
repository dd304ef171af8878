//! age files to X25519 recipients and from X25519 identities.

use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor, IdentityFile, x25519};

use super::plain::look_at;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::unreadable_file;
use crate::plain_file;
use crate::text::quoted;
use crate::told::Told;

/// Whom something is encrypted to.
pub(crate) struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads what was typed. It is not repeated in the message: an identity could have gone astray.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, Failure> {
        let read = |(at, text): (usize, &String)| text.parse().map_err(|_| unknown_recipient(at + 1, text));
        texts.iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The one of this place alone.
    pub(crate) fn only(&self, at: usize) -> Self {
        Self(vec![self.0[at].clone()])
    }

    /// As they are written.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// Encrypts what `write` writes, as text when `armored`.
    pub(crate) fn encrypt(
        &self,
        to: impl Write,
        armored: bool,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let format = if armored { Format::AsciiArmor } else { Format::Binary };
        let mut encrypted = encryptor.wrap_output(ArmoredWriter::wrap_output(to, format)?)?;
        write(&mut encrypted)?;
        encrypted.finish()?.finish()?.flush()
    }
}

fn unknown_recipient(place: usize, text: &str) -> Failure {
    let hint = if text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("AGE-SECRET-KEY-")) {
        "this is an identity, which is secret: make a new one with `age-keygen`, since arguments are seen by others, and give \
         the recipient that it prints, which begins with age1"
    } else {
        "give what `age-keygen -y FILE` prints for the file of the person's identity: it begins with age1"
    };
    Failure::input(format!("recipient {place} is no age recipient"), hint)
}

/// Who can read what is encrypted.
pub(crate) struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    pub(crate) fn open(files: &[PathBuf]) -> Result<Self, Failure> {
        let mut all = vec![];
        for path in files {
            all.extend(identities(path)?);
        }
        Ok(Self(all))
    }

    /// The plain text of an age file, or of one that is not encrypted, as it is read. `name` is for messages.
    pub(crate) fn reader<'r>(&self, from: impl Read + 'r, name: &str) -> Result<Box<dyn Read + 'r>, Failure> {
        let (from, encrypted) = look_at(from, name)?;
        if !encrypted {
            return Ok(Box::new(from));
        }
        if self.0.is_empty() {
            return Err(Told::new(Exit::Usage, "identity-missing", format!("{name} is encrypted with age"))
                .hint("give the file of an age identity it is encrypted to: --identity FILE")
                .into());
        }
        let identities = self.0.iter().map(|identity| &**identity as &dyn age::Identity);
        let opened = Decryptor::new_buffered(ArmoredReader::new(from)).and_then(|file| file.decrypt(identities));
        match opened {
            Ok(reader) => Ok(Box::new(reader)),
            Err(error) => Err(unopened(name, &error)),
        }
    }
}

fn identities(path: &Path) -> Result<Vec<Box<dyn age::Identity + Send + Sync>>, Failure> {
    let name = path.display().to_string();
    let file = plain_file::open(path).map_err(|error| unreadable_file(&name, &error))?;
    // The parser wipes the lines it reads, and quotes none.
    let read = IdentityFile::from_buffer(BufReader::new(file.take(MAX_LEN))).map_err(|_| no_identity(&name))?;
    let found = read.into_identities().map_err(|_| no_identity(&name))?;
    if found.is_empty() { Err(no_identity(&name)) } else { Ok(found) }
}

fn no_identity(name: &str) -> Failure {
    Told::new(Exit::Usage, "identity-unreadable", format!("{name} holds no age identity that can be used here"))
        .hint(format!(
            "name a file as `age-keygen -o FILE` makes it; open what a passphrase or a plugin guards with `age -d -i {}` first",
            quoted(name)
        ))
        .into()
}

fn unopened(name: &str, error: &DecryptError) -> Failure {
    let (code, message, hint) = match error {
        DecryptError::NoMatchingKeys => (
            "identity-wrong",
            format!("{name} is not encrypted to any of these identities"),
            "give the identity of the person it was encrypted to: --identity FILE",
        ),
        _ => ("age-damaged", format!("{name} is a damaged age file"), "take another copy of it"),
    };
    Told::new(Exit::Usage, code, message).hint(hint).into()
}

/// Thousands of identities; what is longer than this is cut in the middle of one, and none.
const MAX_LEN: u64 = 1 << 20;
