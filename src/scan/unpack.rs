//! Archives and compressed data from the outside in, as a stream: every member of every layer, in bounded memory.

mod archives;
mod bound;
mod source;

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;

use super::format::{Format, TAR_BLOCK};
use archives::Members;
use bound::Bound;

/// What had to be opened to see something, the outermost first: `gzip`, `tar: app/settings.py`.
pub(super) type Inside = [Cow<'static, str>];

/// Takes what comes out of packed content.
pub(super) trait Taker {
    /// Content that is no archive; read as far as it is wanted. `name` is that of the member, and empty where it has none.
    fn content(&mut self, inside: &Inside, name: &str, reader: &mut dyn Read) -> io::Result<()>;
    /// The name of a member.
    fn name(&mut self, inside: &Inside, name: &str);
    /// Something that could hold a key and was not read.
    fn missed(&mut self, inside: &Inside, why: String);
}

/// Opens content of this format, which `packed` gives from its beginning. What cannot be read is told to the taker; whether
/// there was nothing to tell.
pub(super) fn unpack(format: Format, packed: impl Read, taker: &mut dyn Taker) -> bool {
    let bound = Bound::default();
    let mut unpacker = Unpacker { taker, bound: &bound, inside: vec![], rows: 0, whole: true };
    if let Err(error) = unpacker.layer(format, &mut bound.packed(packed)) {
        unpacker.tell(format.name(), &error);
    }
    unpacker.whole
}

struct Unpacker<'u> {
    taker: &'u mut dyn Taker,
    bound: &'u Bound,
    inside: Vec<Cow<'static, str>>,
    /// How many layers of compression without a member between them.
    rows: usize,
    /// Whether everything could be read so far.
    whole: bool,
}

impl Unpacker<'_> {
    fn layer(&mut self, format: Format, packed: &mut dyn Read) -> io::Result<()> {
        if self.inside.len() >= MOST_LAYERS {
            return Err(io::Error::other(TOO_DEEP));
        }
        match format {
            Format::Ar => archives::ar(packed, self),
            Format::Bzip2 => self.compressed(format, MultiBzDecoder::new(BufReader::new(packed))),
            Format::Gzip => self.compressed(format, Row::new(BufReader::new(packed))),
            Format::Png => archives::png(packed, self.bound, self),
            Format::Tar => archives::tar(packed, self),
            Format::Xz => self.compressed(format, XzReader::new(BufReader::new(packed), true)),
            Format::Zip => archives::zip(packed, self.bound, self),
            Format::Closed(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "no decoder for it is built in")),
        }
    }

    /// What a decoder gives, up to the bound.
    fn compressed(&mut self, format: Format, decoder: impl Read) -> io::Result<()> {
        if self.rows == MOST_ROWS {
            return Err(io::Error::other(TOO_DEEP));
        }
        let mut unpacked = self.bound.unpacked(decoder);
        self.inside.push(format.name().into());
        self.rows += 1;
        let told = self.content("", &mut unpacked);
        self.rows -= 1;
        self.inside.pop();
        told
    }

    fn content(&mut self, name: &str, reader: &mut dyn Read) -> io::Result<()> {
        let mut head = vec![];
        if let Err(fault) = reader.take(TAR_BLOCK as u64).read_to_end(&mut head) {
            self.taker.content(&self.inside, name, &mut head.as_slice())?;
            return Err(fault);
        }
        let format = Format::of(&head);
        let mut whole = Cursor::new(head).chain(reader);
        match format {
            None => {
                let mut sound = Sound { inner: whole, fault: None };
                self.taker.content(&self.inside, name, &mut sound)?;
                sound.fault.map_or(Ok(()), Err)
            }
            Some(format) => {
                let told = self.layer(format, &mut whole);
                if let Err(error) = &told
                    && !self.bound.is_over()
                {
                    self.tell(format.name(), error);
                    return Ok(());
                }
                told
            }
        }
    }

    fn tell(&mut self, format: &str, error: &io::Error) {
        self.whole = false;
        self.taker.missed(&self.inside, fault(format, error));
    }
}

impl Members for Unpacker<'_> {
    /// Its own faults are told and are not the archive's; what is left of it is passed over.
    fn member(&mut self, archive: Format, name: &str, member: &mut dyn Read) -> io::Result<()> {
        self.taker.name(&self.inside, name);
        let rows = std::mem::take(&mut self.rows);
        self.inside.push(format!("{}: {name}", archive.name()).into());
        let told = self.content(name, member);
        if let Err(error) = &told
            && !self.bound.is_over()
        {
            self.tell(PACKED, error);
        }
        self.inside.pop();
        self.rows = rows;
        if self.bound.is_over() {
            return told;
        }
        io::copy(member, &mut io::sink()).map(drop)
    }
}

/// Gives what comes before a fault, and keeps the fault: a key may stand in what is whole.
struct Sound<R> {
    inner: R,
    fault: Option<io::Error>,
}

impl<R: Read> Read for Sound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Ok(0);
        }
        match self.inner.read(buffer) {
            Err(fault) if fault.kind() != io::ErrorKind::Interrupted => {
                self.fault = Some(fault);
                Ok(0)
            }
            read => read,
        }
    }
}

/// What is wrong with packed content, in words.
fn fault(format: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the {format} data ends too early"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => format!("the {format} data is damaged"),
        _ if error.get_ref().is_some() && format != PACKED => format!("{format}: {error}"),
        _ => error.to_string(),
    }
}

/// The members of a gzip file one after the other. What follows the last one is not gzip, and no fault: it was scanned
/// as it is.
struct Row<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Row<R> {
    fn new(packed: R) -> Self {
        Self { member: Some(GzDecoder::new(packed)) }
    }
}

impl<R: BufRead> Read for Row<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
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

const GZIP: &[u8] = &[0x1f, 0x8b, 8];
/// What a member is called of which nothing else is known.
const PACKED: &str = "packed";
const MOST_LAYERS: usize = 8;
const MOST_ROWS: usize = 3;
const TOO_DEEP: &str = "packed in too many layers: the innermost was not unpacked";
