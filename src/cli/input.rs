//! What is read from standard input or a file; secrets into buffers that are wiped.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::plain_file;
use crate::told::Told;

/// Everything on standard input, or one line when it is a terminal, without its last newline. `None` when it is longer
/// than `limit`.
pub(crate) fn secret(limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let stdin = rustix::stdio::stdin();
    let unseen = io::stdin().is_terminal().then(|| Unseen::begin(stdin)).flatten();
    // Past the standard library's buffer, which would keep a copy.
    let mut bytes = Zeroizing::new(vec![0; limit + 3]);
    let mut len = 0;
    while len < bytes.len() && !(unseen.is_some() && matches!(bytes[..len].last(), Some(b'\n' | &CTRL_C))) {
        match rustix::io::read(stdin, &mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(unreadable("standard input", &error.into())),
        }
    }
    bytes.truncate(len);
    if unseen.is_some() && bytes.last() == Some(&CTRL_C) {
        return Err(Told::new(Exit::Interrupted, "stopped", "stopped: nothing was done").into());
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// A token on standard input, or `None` for what is longer than any.
pub(crate) fn token() -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    secret(MAX_TOKEN_LEN)
}

/// What is too long or no text is nobody's token.
pub(crate) fn text_of(token: Option<&Zeroizing<Vec<u8>>>) -> &str {
    token.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Typing is not shown until this is dropped.
struct Unseen {
    terminal: BorrowedFd<'static>,
    before: Termios,
}

impl Unseen {
    fn begin(terminal: BorrowedFd<'static>) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut unseen = before.clone();
        // Ctrl-C ends the line, and not the process: that would leave the terminal as it is now.
        unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        unseen.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        unseen.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(terminal, OptionalActions::Now, &unseen).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // There is no other way to give the terminal back.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Lines of a file, one after the other in the same buffer.
pub(crate) struct Lines<'r> {
    from: Box<dyn Read + 'r>,
    name: String,
    buffer: Zeroizing<Vec<u8>>,
    /// What is read and not yet given out.
    start: usize,
    end: usize,
    ended: bool,
    /// How many were given out.
    count: usize,
}

impl<'r> Lines<'r> {
    /// Opens a file, and says what it is called; a single dash is standard input.
    pub(crate) fn file(path: &Path) -> Result<(String, File), Failure> {
        let (name, file) = if path.as_os_str() == "-" {
            let stdin = rustix::stdio::stdin().try_clone_to_owned();
            ("standard input".to_owned(), stdin.map(File::from))
        } else {
            (path.display().to_string(), plain_file::open(path))
        };
        let file = file.map_err(|error| unreadable(&name, &error))?;
        Ok((name, file))
    }

    /// The lines of what is read from there.
    pub(crate) fn of(from: Box<dyn Read + 'r>, name: String) -> Self {
        let buffer = Zeroizing::new(vec![0; MAX_LINE_LEN + 1]);
        Self { from, name, buffer, start: 0, end: 0, ended: false, count: 0 }
    }

    /// The next line without its newline; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            if let Some(len) = self.buffer[self.start..self.end].iter().position(|byte| *byte == b'\n') {
                let line = self.start..self.start + len;
                self.start += len + 1;
                self.count += 1;
                return Ok(Some(&self.buffer[line]));
            }
            if self.ended {
                let rest = std::mem::replace(&mut self.start, self.end)..self.end;
                self.count += 1;
                return Ok((!rest.is_empty()).then(|| &self.buffer[rest]));
            }
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == self.buffer.len() {
                let hint = "nothing was done: mend the line and run the command again";
                return Err(Failure::input(format!("line {}: longer than 256 KiB", self.count + 1), hint));
            }
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.name, &error)),
            }
        }
    }
}

/// Everything there is to read, into a buffer that is wiped; `None` when it is longer than `limit`.
pub(crate) fn whole(mut from: impl Read, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let (mut bytes, mut len) = (Zeroizing::new(vec![0; FIRST_LEN.min(limit + 1)]), 0);
    loop {
        if len == bytes.len() {
            if len > limit {
                return Ok(None);
            }
            // Growing in place would leave a copy behind.
            let mut longer = Zeroizing::new(vec![0; (2 * len).min(limit + 1)]);
            longer[..len].copy_from_slice(&bytes);
            bytes = longer;
        }
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok(Some(bytes))
}

/// All of a short secret file, into a buffer that is wiped.
pub(crate) fn short_secret(mut from: impl Read, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(vec![0; MAX_SHORT_LEN + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable_file(name, &error)),
        }
    }
    bytes.truncate(len);
    if len > MAX_SHORT_LEN {
        return Err(Failure::input(format!("{name} is longer than 64 KiB"), "name a file that holds one share"));
    }
    Ok(bytes)
}

/// All of a short text; a single dash is standard input.
pub(crate) fn short_text(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        plain_file::bounded(io::stdin(), MAX_SHORT_LEN)
    } else {
        plain_file::text(path, MAX_SHORT_LEN)
    }
}

/// Why a file, or standard input, could not be read; of an age file also that it was cut or changed.
pub(crate) fn unreadable_file(name: &str, error: &io::Error) -> Failure {
    Told::new(Exit::Usage, "input-unreadable", format!("cannot read {name}: {error}"))
        .hint("name a file that is there, readable and whole")
        .into()
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Told::new(Exit::Usage, "input-unreadable", format!("cannot read {name}: {error}"))
        .hint("name a file that is there and readable, or a single dash for standard input")
        .into()
}

const CTRL_C: u8 = 3;
const FIRST_LEN: usize = 256 * 1024;
const MAX_LINE_LEN: usize = 256 * 1024;
/// The longest token there can be is far shorter.
const MAX_TOKEN_LEN: usize = 4 * 1024;
/// Far longer than any share, checkpoint or certificate.
const MAX_SHORT_LEN: usize = 64 * 1024;
