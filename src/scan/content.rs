//! One content at a time through the scanner: as it is, and what is packed in it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use zeroize::Zeroizing;

use super::detect::hit::Scanned;
use super::format::Format;
use super::holes::Dense;
use super::report::{Origin, Outlet, ScanPlace, name_of};
use super::unpack::{Inside, Taker, unpack};
use crate::plain_file;

/// One worker's scanner with its buffer.
pub(super) struct Sieve<'a, 's> {
    outlet: &'a Outlet<'s>,
    /// Files up to this long are read at once, the others in windows. Allocated once, so that nothing stays behind.
    buffer: Zeroizing<Vec<u8>>,
}

impl<'a, 's> Sieve<'a, 's> {
    pub(super) fn new(outlet: &'a Outlet<'s>) -> Self {
        Self { outlet, buffer: Zeroizing::new(Vec::with_capacity(AT_ONCE)) }
    }

    /// A file, if it is one: what has become a pipe since it was listed neither blocks nor is read.
    pub(super) fn file(&mut self, place: ScanPlace, path: &Path) {
        self.file_as(&Origin { place, path }, path);
    }

    /// The same under another name.
    pub(super) fn file_as(&mut self, origin: &Origin<'_>, path: &Path) {
        match plain_file::open(path) {
            Ok(file) => self.opened(origin, file),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.outlet.tally.special.fetch_add(1, Relaxed);
            }
            Err(error) => self.outlet.unreadable(origin, &error),
        }
    }

    /// The name of a file or folder may hold a key as well.
    pub(super) fn name(&self, place: ScanPlace, path: &Path) {
        if let Some(name) = path.file_name() {
            let scanned = self.outlet.scanner.scan("", name.as_bytes());
            self.outlet.scanned(&Origin { place, path }, &["name".into()], Scanned { bytes: 0, ..scanned });
        }
    }

    /// A stream that can be read only once. What is long and packed is read by its members alone.
    pub(super) fn stream(&mut self, origin: &Origin<'_>, mut reader: impl Read) {
        self.outlet.tally.files.fetch_add(1, Relaxed);
        match self.fill(&mut reader) {
            Ok(true) => self.bytes(origin),
            Ok(false) => {
                let format = Format::of(&self.buffer);
                let whole = Cursor::new(std::mem::take(&mut self.buffer)).chain(self.outlet.until_stopped(reader));
                match format {
                    Some(_) => {
                        self.members(origin, format, whole);
                    }
                    None => {
                        let read = self.windows(origin, whole, None);
                        read.unwrap_or_else(|error| self.outlet.unreadable(origin, &error));
                    }
                }
            }
            Err(error) => self.outlet.unreadable(origin, &error),
        }
    }

    /// Bytes that a place holds, and that are no file.
    pub(super) fn text(outlet: &Outlet<'_>, origin: &Origin<'_>, content: &[u8]) {
        outlet.scanned(origin, &[], outlet.scanner.scan(&name_of(origin.path), content));
    }

    fn opened(&mut self, origin: &Origin<'_>, mut file: File) {
        self.outlet.tally.files.fetch_add(1, Relaxed);
        match self.fill(&mut file) {
            Ok(true) => self.bytes(origin),
            Ok(false) => self.long(origin, &file),
            Err(error) => self.outlet.unreadable(origin, &error),
        }
    }

    /// Reads from the beginning; whether all of it fits.
    fn fill(&mut self, reader: &mut impl Read) -> io::Result<bool> {
        self.buffer.clear();
        self.buffer.reserve_exact(AT_ONCE);
        reader.take(AT_ONCE as u64).read_to_end(&mut self.buffer)?;
        Ok(self.buffer.len() < AT_ONCE)
    }

    fn bytes(&self, origin: &Origin<'_>) {
        let format = Format::of(&self.buffer);
        if !self.members(origin, format, self.buffer.as_slice()) {
            let scanned = self.outlet.scanner.scan_as(&name_of(origin.path), &self.buffer, format.is_none());
            self.outlet.scanned(origin, &[], scanned);
        }
    }

    fn long(&self, origin: &Origin<'_>, file: &File) {
        let format = Format::of(&self.buffer);
        let read = || self.outlet.until_stopped(Dense::of(file));
        if !self.members(origin, format, read()) {
            self.windows(origin, read(), format).unwrap_or_else(|error| self.outlet.unreadable(origin, &error));
        }
    }

    /// Opens what is packed; whether that was all there is to read.
    fn members(&self, origin: &Origin<'_>, format: Option<Format>, packed: impl Read) -> bool {
        format.is_some_and(|format| {
            unpack(format, packed, &mut Told { outlet: self.outlet, origin }) && format.has_members()
        })
    }

    /// As it is; the members of what is an archive are another matter.
    fn windows(&self, origin: &Origin<'_>, reader: impl Read, format: Option<Format>) -> io::Result<()> {
        let scanned = self.outlet.scanner.scan_reader_as(&name_of(origin.path), reader, format.is_none())?;
        self.outlet.scanned(origin, &[], scanned);
        Ok(())
    }
}

/// Tells of the members of a file.
struct Told<'t, 's> {
    outlet: &'t Outlet<'s>,
    origin: &'t Origin<'t>,
}

impl Taker for Told<'_, '_> {
    fn content(&mut self, inside: &Inside, name: &str, reader: &mut dyn Read) -> io::Result<()> {
        let outer = name_of(self.origin.path);
        let name = if name.is_empty() { unpacked_name(&outer) } else { name };
        let scanned = self.outlet.scanner.scan_reader(name, self.outlet.until_stopped(reader))?;
        self.outlet.scanned(self.origin, inside, scanned);
        Ok(())
    }

    fn name(&mut self, inside: &Inside, name: &str) {
        let scanned = self.outlet.scanner.scan("", name.as_bytes());
        let inside: Vec<_> = inside.iter().cloned().chain([Cow::Borrowed("name")]).collect();
        self.outlet.scanned(self.origin, &inside, Scanned { bytes: 0, ..scanned });
    }

    fn missed(&mut self, inside: &Inside, why: String) {
        self.outlet.missed(self.origin, self.outlet.within(inside, &why));
    }
}

/// `settings.py.gz` is named like what is in it.
fn unpacked_name(name: &str) -> &str {
    [".gz", ".bz2", ".xz"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

const AT_ONCE: usize = 8 << 20;
