//! Every byte the program writes goes through here: stdout is data, stderr is talk.
//!
//! A reader that has closed the pipe has seen enough: later output goes nowhere, quietly. Any other failure to write
//! is reported, because data that is missing unnoticed is worse than none.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;
use strongroom::SecretText;
use strongroom::master::SourceConcern;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::redact::redacted;
use crate::text::{Table, escaped, escaped_json, local};
use crate::told::Told;

/// Standard output and standard error.
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub(crate) struct Terminal {
    json: bool,
    /// Remarks and progress are left out.
    quiet: bool,
    /// Lines wait for the end of the command.
    held: bool,
    /// Times are those of this place: somebody looks at them.
    local: bool,
    /// Lines not yet written. Secrets never stand here.
    pending: Vec<u8>,
    closed: bool,
    /// A failure to write, told when the command ends.
    failed: Option<io::Error>,
    /// The progress bar that is seen.
    bar: Option<String>,
}

impl Terminal {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            quiet: false,
            held: false,
            local: io::stdout().is_terminal(),
            pending: vec![],
            closed: false,
            failed: None,
            bar: None,
        }
    }

    /// Nothing is said where all is well. Results that are remarks as well wait, to be left out at the end where all was.
    pub(crate) fn hush(&mut self, results: bool) {
        (self.quiet, self.held) = (true, results);
    }

    /// Times are in UTC, whoever looks at them.
    pub(crate) fn keep_utc(&mut self) {
        self.local = false;
    }

    /// A cell that is a moment, as whoever looks at it has it.
    pub(crate) fn place_in_time(&self, cell: &mut String) {
        if !self.local {
            return;
        }
        if let Some(local) = local(cell) {
            *cell = local;
        } else if let Some(local) = cell.strip_prefix(SINCE).and_then(local) {
            *cell = format!("{SINCE}{local}");
        }
    }

    /// How wide the terminal on standard output is, where it is one.
    pub(crate) fn width() -> Option<usize> {
        let stdout = rustix::stdio::stdout();
        let named =
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        let size = || rustix::termios::tcgetwinsize(stdout).ok().map(|size| usize::from(size.ws_col));
        io::stdout().is_terminal().then(|| named.or_else(|| size().filter(|columns| *columns > 0)).unwrap_or(80))
    }

    /// All was well.
    pub(crate) fn forget_held(&mut self) {
        if std::mem::take(&mut self.held) {
            self.pending.clear();
        }
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether a question would reach somebody.
    pub(crate) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether a progress bar makes sense.
    pub(crate) fn can_draw(&self) -> bool {
        io::stderr().is_terminal() && !self.json && !self.quiet
    }

    /// Whether the reader of standard output has gone.
    pub(crate) fn closed(&self) -> bool {
        self.closed
    }

    /// A line of data for people; nothing with `--json`.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.pending.extend_from_slice(escaped(text).as_bytes());
        self.pending.push(b'\n');
        self.flush_when_long()
    }

    /// Rows in columns; nothing with `--json`.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) -> Result<(), Failure> {
        self.page(&mut Table::default(), rows)
    }

    /// The next rows of a table that is shown page by page.
    pub(crate) fn page(&mut self, table: &mut Table, rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut rows = rows.to_vec();
        rows.iter_mut().flatten().for_each(|cell| self.place_in_time(cell));
        table.lines(&rows).iter().try_for_each(|line| self.line(line))
    }

    /// What is known of one thing, each with its name before it.
    pub(crate) fn pairs(
        &mut self,
        pairs: impl IntoIterator<Item = (impl Into<String>, String)>,
    ) -> Result<(), Failure> {
        let rows: Vec<_> = pairs.into_iter().map(|(name, value)| vec![name.into(), value]).collect();
        self.table(&rows)
    }

    /// A document for programs, on one line; nothing without `--json`.
    pub(crate) fn document(&mut self, schema: &str, body: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let json = serde_json::to_string(&Document { schema, body }).map_err(io::Error::from)?;
        self.pending.extend_from_slice(escaped_json(&json).as_bytes());
        self.pending.push(b'\n');
        self.flush_when_long()
    }

    /// Text as it is, such as help or a script.
    pub(crate) fn raw(&mut self, text: &str) -> Result<(), Failure> {
        self.pending.extend_from_slice(text.as_bytes());
        self.flush_when_long()
    }

    /// Bytes as they are stored.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.pending.extend_from_slice(bytes);
        self.flush_when_long()
    }

    /// Lines of JSON as they are stored, but for what could harm a terminal.
    pub(crate) fn escaped_bytes(&mut self, lines: &[u8]) -> Result<(), Failure> {
        for line in String::from_utf8_lossy(lines).lines() {
            self.pending.extend_from_slice(escaped_json(line).as_bytes());
            self.pending.push(b'\n');
        }
        self.flush_when_long()
    }

    /// Before anything is done that cannot be taken back and whose result is a secret on standard output: what can be known to swallow
    /// it is refused.
    pub(crate) fn must_take_secret(&mut self) -> Result<(), Failure> {
        self.flush()?;
        refuse_nowhere().and_then(|()| refuse_full()).map_err(|error| {
            let message = format!("standard output cannot be written: {error}; nothing was done");
            let hint = "run the command again with its output going where it is read, or where there is room";
            Told::new(Exit::OutputFailed, "output-failed", message).hint(hint).into()
        })
    }

    /// Before something is printed that is to be kept: nowhere is no place for it.
    #[expect(clippy::unused_self, reason = "it is asked of the terminal, whose standard output it is")]
    pub(crate) fn must_take_data(&self) -> Result<(), Failure> {
        Ok(refuse_nowhere()?)
    }

    /// A secret, alone on its line. That nobody takes it is a failure here.
    pub(crate) fn secret(&mut self, secret: &SecretText) -> Result<(), Failure> {
        self.flush()?;
        refuse_nowhere()?;
        if io::stdout().is_terminal() {
            write_all(escaped(secret.expose()).as_bytes())?;
        } else {
            write_all(secret.expose().as_bytes())?;
        }
        Ok(write_all(b"\n")?)
    }

    /// A document that holds a secret.
    pub(crate) fn secret_document(&mut self, schema: &str, body: &impl Serialize) -> Result<(), Failure> {
        self.flush()?;
        refuse_nowhere()?;
        // Sized first: growing would leave copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *json, &Document { schema, body }).map_err(io::Error::from)?;
        json.push(b'\n');
        Ok(write_all(&json)?)
    }

    /// A remark for people.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet || text.starts_with(WARNING) {
            self.say(text);
        }
    }

    /// What a question is about, before it.
    pub(crate) fn ask_about(&mut self, text: &str) {
        self.talk(&format!("{}\n", escaped(text)));
    }

    fn say(&mut self, text: &str) {
        if !self.json {
            // Where both go to one place, data written earlier comes first.
            self.failed = self.flush_pending().err().or(self.failed.take());
            self.talk(&format!("{}\n", escaped(&redacted(text))));
        }
    }

    /// What is to be known of a source of keys, and what to do about it.
    pub(crate) fn warning(&mut self, SourceConcern { id, what, remedy, .. }: &SourceConcern) {
        self.caution(id, what, remedy);
    }

    /// What is to be known of what a command shows, and what to do about it.
    pub(crate) fn caution(&mut self, id: &str, what: &str, remedy: &str) {
        if self.json {
            let body = json!({ "id": id, "what": what, "remedy": remedy });
            let json = serde_json::to_string(&Document { schema: "warning", body: &body }).unwrap_or_default();
            return self.talk(&format!("{}\n", escaped_json(&json)));
        }
        self.say(&format!("{WARNING}{what}; {remedy}"));
    }

    /// What went wrong and what to type next.
    pub(crate) fn failure(&mut self, told: &Told) {
        if told.exit == Exit::Success {
            return;
        }
        if self.json {
            let told = told.map(|text| redacted(text).into_owned());
            let json = serde_json::to_string(&Document { schema: "error", body: &told }).unwrap_or_default();
            return self.talk(&format!("{}\n", escaped_json(&json)));
        }
        let mut text = format!("{} {}\n", painted("31", "error:"), escaped(&redacted(&told.message)));
        for cause in &told.causes {
            let _ = writeln!(text, "caused by: {}", escaped(&redacted(cause)));
        }
        if let Some(hint) = &told.hint {
            let _ = writeln!(text, "{} {}", painted("36", "hint:"), escaped(&redacted(hint)));
        }
        self.talk(&text);
    }

    /// Asks on the terminal; only this word goes on, and for a yes what people type in its place.
    pub(crate) fn ask(&mut self, question: &str, word: &str) -> Result<bool, Failure> {
        self.flush()?;
        self.talk(&format!("{} Type {word} to go on: ", escaped(question)));
        let mut answer = String::new();
        // A read error is no yes.
        let _ = io::stdin().read_line(&mut answer);
        if !answer.ends_with('\n') {
            self.talk("\n");
        }
        let answer = answer.trim();
        Ok(answer == word || word == "yes" && ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()))
    }

    /// Draws the progress bar anew.
    pub(crate) fn draw(&mut self, bar: &str) {
        self.bar = None;
        self.talk(&format!("\r\x1b[K{bar}"));
        self.bar = Some(bar.to_owned());
    }

    /// Takes the progress bar away, for lines to come.
    pub(crate) fn clear(&mut self) {
        if self.bar.is_some() {
            self.talk("");
        }
    }

    /// Columns of the terminal on standard error.
    pub(crate) fn columns() -> usize {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stderr());
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
    }

    /// Writes what is pending.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.held = false;
        self.clear();
        self.flush()
    }

    fn flush_when_long(&mut self) -> Result<(), Failure> {
        if self.pending.len() > MAX_PENDING { self.flush() } else { Ok(()) }
    }

    /// Lets a reader of the pipe see what there is so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match self.failed.take() {
            Some(error) => Err(error.into()),
            None => Ok(self.flush_pending()?),
        }
    }

    fn flush_pending(&mut self) -> io::Result<()> {
        if self.held {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() || self.closed {
            return Ok(());
        }
        // On one terminal lines go above the bar.
        let above = self.bar.take_if(|_| io::stdout().is_terminal());
        if above.is_some() {
            self.talk("\r\x1b[K");
        }
        let written = write_all(&pending);
        if let Some(bar) = above {
            self.draw(&bar);
        }
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            written => written?,
        }
        Ok(())
    }

    /// Nobody could be told of a failure here.
    fn talk(&mut self, text: &str) {
        let clear = if self.bar.take().is_some() { "\r\x1b[K" } else { "" };
        let _ = io::stderr().write_all(format!("{clear}{text}").as_bytes());
    }
}

/// Before anything is done whose result would be a secret on this terminal: somebody may look over the shoulder, and the
/// scrollback remembers it.
pub(crate) fn refuse_terminal(what: &str) -> Result<(), Failure> {
    if !io::stdout().is_terminal() {
        return Ok(());
    }
    let message = format!("{what} would be shown on this terminal: nothing was done");
    let hint = "write it to a new file with --out FILE, send it through a pipe, or show it with --reveal";
    Err(Told::new(Exit::Unconfirmed, "reveal-needed", message).hint(hint).into())
}

/// Where standard output was closed, the standard library has opened the null device in its place, to read and to write. So do some
/// programs that throw the output of others away; a shell opens it to write alone, for somebody who wants no token.
fn refuse_nowhere() -> io::Result<()> {
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};
    let stdout = rustix::stdio::stdout();
    let (found, mode) = (fstat(stdout)?, fcntl_getfl(stdout)? & OFlags::RWMODE);
    let null = || stat("/dev/null").is_ok_and(|null| null.st_rdev == found.st_rdev);
    let nowhere = mode == OFlags::RDWR && FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice && null();
    if nowhere { Err(rustix::io::Errno::BADF.into()) } else { Ok(()) }
}

/// Whether what is written would be lost: into a pipe that nobody reads, onto a full disk or what behaves like one, or without the
/// right to write. Of a file it sets the room aside.
fn refuse_full() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
    let stdout = rustix::stdio::stdout();
    if fcntl_getfl(stdout)? & OFlags::RWMODE == OFlags::RDONLY {
        return Err(rustix::io::Errno::BADF.into());
    }
    match FileType::from_raw_mode(fstat(stdout)?.st_mode) {
        FileType::RegularFile => set_room_aside(),
        // Nothing is written, and a device tells all the same.
        FileType::CharacterDevice => Ok(rustix::io::write(stdout, &[]).map(drop)?),
        FileType::Fifo | FileType::Socket => {
            let mut ends = [PollFd::new(&stdout, PollFlags::OUT)];
            poll(&mut ends, Some(&Timespec::default()))?;
            let gone = ends[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
            if gone { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn set_room_aside() -> io::Result<()> {
    use rustix::fs::{FallocateFlags, OFlags, SeekFrom, fallocate, fcntl_getfl, fstat, seek};
    use rustix::io::Errno;
    let stdout = rustix::stdio::stdout();
    let at_end = fcntl_getfl(stdout)?.contains(OFlags::APPEND);
    let end = || Ok(u64::try_from(fstat(stdout)?.st_size).unwrap_or(0));
    let from = if at_end { end() } else { seek(stdout, SeekFrom::Current(0)) }?;
    match fallocate(stdout, FallocateFlags::KEEP_SIZE, from, ROOM) {
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::IO)) => Err(error.into()),
        // Not every file system knows how.
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn set_room_aside() -> io::Result<()> {
    Ok(())
}

/// A word in colour, where it is seen and wanted.
fn painted(colour: &str, word: &str) -> String {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let plain = set("NO_COLOR").is_some() || set("TERM").is_none_or(|terminal| terminal == "dumb");
    if plain || !io::stderr().is_terminal() { word.into() } else { format!("\x1b[1;{colour}m{word}\x1b[0m") }
}

#[derive(Serialize)]
struct Document<'a, T: Serialize> {
    #[serde(serialize_with = "schema_name")]
    schema: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

fn schema_name<S: serde::Serializer>(name: &&str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("strongroom.{name}.v1"))
}

/// Past the standard library's buffer, which would keep a copy.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

const SINCE: &str = "since ";
const WARNING: &str = "warning: ";
const MAX_PENDING: usize = 32 * 1024;
/// Longer than tokens with what `--json` says of them.
#[cfg(target_os = "linux")]
const ROOM: u64 = 8 * 1024;
