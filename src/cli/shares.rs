//! Shares of a master key: read from files, and put together.

mod refusal;

use std::path::{Path, PathBuf};

use serde::Serialize;
use strongroom::escrow::{Combined, KeyShare, KeyShareError};
use strongroom::strength::Waivers;

use crate::age::Identities;
use crate::failure::Failure;
use crate::input::{self, short_secret, unreadable_file};
use crate::plain_file;
use crate::terminal::Terminal;

/// Files that were of no use, although the others gave the key.
#[derive(Serialize)]
pub(crate) struct Noted {
    wrong: Vec<String>,
    repeated: Vec<String>,
}

/// Reads shares, and gives the key that they prove. What was wrong with some, although the others were enough, is said.
pub(crate) fn put_together(
    terminal: &mut Terminal,
    waivers: &Waivers,
    identities: &Identities,
    files: &[PathBuf],
) -> Result<(Combined, Noted), Failure> {
    let (mut shares, mut names, mut broken) = (vec![], vec![], vec![]);
    for path in files {
        match read(path, identities)? {
            Ok(share) => {
                shares.push(share);
                names.push(path.display().to_string());
            }
            Err(error) => broken.push((path.display().to_string(), error)),
        }
    }
    let combined = KeyShare::combine(&shares, waivers);
    let combined = combined.map_err(|error| refusal::uncombined(error, &shares, &names, &broken))?;
    let named = |places: &[usize]| -> Vec<String> { places.iter().map(|at| names[*at].clone()).collect() };
    for (name, error) in &broken {
        terminal.note(&format!("{name} was left out: {error}"));
    }
    for name in named(&combined.wrong) {
        terminal.note(&format!("{name} is wrong: it does not fit the other shares, and was left out"));
    }
    for name in named(&combined.repeated) {
        terminal.note(&format!("{name} repeats another share, and was left out"));
    }
    let wrong = broken.into_iter().map(|(name, _)| name).chain(named(&combined.wrong)).collect();
    let noted = Noted { wrong, repeated: named(&combined.repeated) };
    Ok((combined, noted))
}

/// Reads one share; a single dash is standard input.
fn read(path: &Path, identities: &Identities) -> Result<Result<KeyShare, KeyShareError>, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let (name, bytes) = ("standard input", input::secret(MAX_LEN)?);
        short_secret(identities.reader(bytes.as_ref().map_or(&[][..], |bytes| bytes), name)?, name)?
    } else {
        let name = path.display().to_string();
        let file = plain_file::open(path).map_err(|error| unreadable_file(&name, &error))?;
        short_secret(identities.reader(file, &name)?, &name)?
    };
    Ok(std::str::from_utf8(&bytes).map_err(|_| KeyShareError::Alphabet).and_then(KeyShare::parse))
}

const MAX_LEN: usize = 16 * 1024;
