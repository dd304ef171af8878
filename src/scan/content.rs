//! One content at a time through the scanner: as it is, and what its gzip layers hold.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use flate2::bufread::GzDecoder;
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::detect::Scanned;
use super::report::{Origin, Outlet, ScanPlace, name_of};

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
        match open(path) {
            Ok(Some(file)) => self.opened(origin, file),
            Ok(None) => {
                self.outlet.tally.special.fetch_add(1, Relaxed);
            }
            Err(error) => self.outlet.unreadable(origin, &error),
        }
    }

    /// The name of a file or folder may hold a key as well.
    pub(super) fn name(&self, place: ScanPlace, path: &Path) {
        if let Some(name) = path.file_name() {
            let scanned = self.outlet.scanner.scan("", name.as_bytes());
            self.outlet.scanned(&Origin { place, path }, &["name"], Scanned { bytes: 0, ..scanned });
        }
    }

    /// A stream that can be read only once. When it is gzip and long, the content alone is scanned, one layer deep.
    pub(super) fn stream(&mut self, name: &str, mut reader: impl Read) {
        let origin = Origin { place: ScanPlace::Input, path: Path::new(name) };
        self.outlet.tally.files.fetch_add(1, Relaxed);
        match self.fill(&mut reader) {
            Ok(true) => self.bytes(&origin),
            Ok(false) => {
                let packed = is_gzip(&self.buffer);
                let whole = Cursor::new(std::mem::take(&mut self.buffer)).chain(reader);
                let told = if packed {
                    let unpacked = Bounded { inner: Members::new(BufReader::new(whole)), left: MAX_UNPACKED };
                    self.windows(&origin, unpacked, &["gzip"])
                } else {
                    self.windows(&origin, whole, &[])
                };
                told.unwrap_or_else(|error| self.outlet.missed(&origin, gzip_fault(&error)));
            }
            Err(error) => self.outlet.unreadable(&origin, &error),
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
        Self::text(self.outlet, origin, &self.buffer);
        if is_gzip(&self.buffer) {
            self.unpacked(origin, &|| Ok(Box::new(self.buffer.as_slice())));
        }
    }

    fn long(&self, origin: &Origin<'_>, file: &File) {
        let open = || -> io::Result<Box<dyn Read + '_>> {
            let mut file = file;
            file.rewind()?;
            Ok(Box::new(file))
        };
        match open().and_then(|reader| self.windows(origin, reader, &[])) {
            Ok(()) if is_gzip(&self.buffer) => self.unpacked(origin, &open),
            Ok(()) => {}
            Err(error) => self.outlet.unreadable(origin, &error),
        }
    }

    fn windows(&self, origin: &Origin<'_>, reader: impl Read, inside: &[&'static str]) -> io::Result<()> {
        let scanned = self.outlet.scanner.scan_reader(&name_of(origin.path), reader)?;
        self.outlet.scanned(origin, inside, scanned);
        Ok(())
    }

    fn unpacked(&self, origin: &Origin<'_>, packed: Open<'_>) {
        let told = each_layer(packed, &mut |inside, layer| self.windows(origin, layer, inside));
        told.unwrap_or_else(|error| self.outlet.missed(origin, gzip_fault(&error)));
    }
}

/// Opens packed content at its beginning, as often as it is asked.
pub(super) type Open<'a> = &'a dyn Fn() -> io::Result<Box<dyn Read + 'a>>;

/// Takes the content of a layer, and what had to be opened for it.
type Layer<'l> = &'l mut dyn FnMut(&[&'static str], Box<dyn Read + '_>) -> io::Result<()>;

/// Hands out the content of every gzip layer, the outermost first.
pub(super) fn each_layer(packed: Open<'_>, layer: Layer<'_>) -> io::Result<()> {
    layers_under(packed, 1, layer)
}

fn layers_under(packed: Open<'_>, depth: usize, layer: Layer<'_>) -> io::Result<()> {
    let unpacked = || -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Bounded { inner: Members::new(BufReader::new(packed()?)), left: MAX_UNPACKED }))
    };
    layer(&vec!["gzip"; depth], unpacked()?)?;
    let mut head = vec![];
    unpacked()?.take(GZIP.len() as u64).read_to_end(&mut head)?;
    match is_gzip(&head) {
        false => Ok(()),
        true if depth == MAX_LAYERS => Err(io::Error::other(TOO_DEEP)),
        true => layers_under(&unpacked, depth + 1, layer),
    }
}

/// What is wrong with packed content, in words.
pub(super) fn gzip_fault(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data ends too early".into(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => "the gzip data is damaged".into(),
        _ => error.to_string(),
    }
}

pub(super) fn is_gzip(content: &[u8]) -> bool {
    content.starts_with(GZIP)
}

/// Opens a regular file; `None` when it is something else. Never blocks on a pipe.
fn open(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// The members of a gzip file one after the other. What follows the last one is not gzip, and no fault: it was scanned
/// as it is.
struct Members<R> {
    member: Option<GzDecoder<R>>,
    begun: bool,
}

impl<R: BufRead> Members<R> {
    fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)), begun: false }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                self.begun = true;
                return Ok(read);
            }
            let mut rest = self.member.take().expect("it was there just now").into_inner();
            if is_gzip_head(rest.fill_buf()?) {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// At the end of what is buffered, as much of the magic bytes as there is.
fn is_gzip_head(content: &[u8]) -> bool {
    let len = content.len().min(GZIP.len());
    len > 0 && content[..len] == GZIP[..len]
}

/// Ends with an error where a bomb would go on.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TOO_LONG))?;
        Ok(read)
    }
}

/// RFC 1952: magic bytes, and deflate as the only method.
const GZIP: &[u8] = &[0x1f, 0x8b, 8];
const AT_ONCE: usize = 8 << 20;
const MAX_LAYERS: usize = 3;
const MAX_UNPACKED: u64 = 1 << 30;
const TOO_DEEP: &str = "gzip in gzip in gzip in gzip: the innermost was not unpacked";
const TOO_LONG: &str = "the gzip data unpacks to more than 1 GiB: the rest was not unpacked";
