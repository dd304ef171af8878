//! Archives of which the members follow each other: tar, zip, ar; and the chunks of PNG images.

use std::io::{self, BufRead, ErrorKind, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};

use super::bound::Bound;
use super::source::Source;
use crate::scan::format::{Format, TAR_BLOCK, octal, tar_sum};

/// Takes the members of an archive, one after the other.
pub(super) trait Members {
    /// One of them, up to its end. An error ends the archive.
    fn member(&mut self, archive: Format, name: &str, member: &mut dyn Read) -> io::Result<()>;
}

/// POSIX.1 ustar and pax, and what GNU adds: long names, and files with holes.
pub(super) fn tar(packed: &mut dyn Read, members: &mut dyn Members) -> io::Result<()> {
    let mut source = Source::new(packed);
    let (mut long_name, mut long_size) = (None, None);
    let mut ended = false;
    loop {
        let next = source.peek(TAR_BLOCK)?;
        if next.is_empty() {
            return Ok(());
        }
        // Blocks of zeros end it, and another may follow.
        if next.iter().all(|byte| *byte == 0) {
            let len = next.len();
            source.consume(len);
            ended = true;
            continue;
        }
        if ended && next.first_chunk().is_none_or(|header| tar_sum(header).is_none()) {
            return members.member(Format::Tar, BEHIND, &mut source);
        }
        let header: [u8; TAR_BLOCK] = source.exactly()?;
        tar_sum(&header).ok_or(ErrorKind::InvalidData)?;
        let size = octal(&header[124..136]).ok_or(ErrorKind::InvalidData)?;
        let padding = |size: u64| size.next_multiple_of(TAR_BLOCK as u64) - size;
        match header[156] {
            b'L' => {
                long_name = Some(text_of(&source.text(size)?));
                source.skip(padding(size))?;
            }
            b'x' => {
                let records = source.text(size)?;
                long_name = record(&records, b"path").map(text_of).or(long_name);
                long_size = record(&records, b"size").and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
                source.skip(padding(size))?;
            }
            b'K' | b'g' => source.skip(size + padding(size))?,
            kind => {
                let size = long_size.take().unwrap_or(size);
                let name = long_name.take().unwrap_or_else(|| name_of(&header));
                // The map of a file with holes may go on in blocks of its own.
                let mut more = kind == b'S' && header[482] == 1;
                while more {
                    more = source.exactly::<TAR_BLOCK>()?[504] == 1;
                }
                let mut member = Whole { inner: (&mut source).take(size) };
                members.member(Format::Tar, &name, &mut member)?;
                source.skip(padding(size))?;
            }
        }
    }
}

fn name_of(header: &[u8; TAR_BLOCK]) -> String {
    let prefix = if &header[257..262] == b"ustar" { text_of(&header[345..500]) } else { String::new() };
    let name = text_of(&header[..100]);
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// The value of a pax record: `LENGTH NAME=VALUE` and a line break.
fn record<'r>(mut records: &'r [u8], name: &[u8]) -> Option<&'r [u8]> {
    loop {
        let blank = records.iter().position(|byte| *byte == b' ')?;
        let len: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
        let entry = records.get(blank + 1..len.checked_sub(1)?)?;
        if let Some(value) = entry.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")) {
            return Some(value);
        }
        records = &records[len..];
    }
}

/// Members by their own headers (APPNOTE 4.3.7): the directory at the end says nothing more of them but remarks.
pub(super) fn zip(packed: &mut dyn Read, bound: &Bound, members: &mut dyn Members) -> io::Result<()> {
    let mut source = Source::new(packed);
    loop {
        match source.peek(4)? {
            b"PK\x03\x04" => zip_member(&mut source, bound, members)?,
            b"PK\x01\x02" | b"PK\x05\x06" | b"PK\x06\x06" => return directory(&mut source, members),
            [_, _, _, _] => seek(&mut source)?,
            _ => return Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn zip_member(source: &mut Source<'_>, bound: &Bound, members: &mut dyn Members) -> io::Result<()> {
    let header: [u8; 30] = source.exactly()?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: usize| u64::from(u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let (flags, method, mut size) = (short(6), short(8), long(18));
    let name = text_of(&source.text(u64::from(short(26)))?);
    let extra = source.text(u64::from(short(28)))?;
    let wide = size == u64::from(u32::MAX);
    if wide {
        size = wide_size(&extra, long(22) == u64::from(u32::MAX)).ok_or(ErrorKind::InvalidData)?;
    }
    let (encrypted, open_end) = (flags & 1 != 0, flags & 8 != 0 && size == 0);
    let read = match method {
        8 if open_end && !encrypted => {
            members.member(Format::Zip, &name, &mut bound.unpacked(DeflateDecoder::new(&mut *source)))
        }
        0 if open_end && !name.ends_with('/') => Err(io::Error::other("a member does not say how long it is")),
        _ => {
            let mut data = Whole { inner: source.take(size) };
            let read = zip_data(&name, method, encrypted, &mut data, bound, members);
            read.and_then(|()| io::copy(&mut data, &mut io::sink()).map(drop))
        }
    };
    read?;
    if flags & 8 != 0 { describe(source) } else { Ok(()) }
}

fn zip_data(
    name: &str,
    method: u16,
    encrypted: bool,
    data: &mut dyn Read,
    bound: &Bound,
    members: &mut dyn Members,
) -> io::Result<()> {
    let mut decoder: Box<dyn Read + '_> = match method {
        _ if encrypted => Box::new(Failing("it is encrypted".to_owned())),
        0 => return members.member(Format::Zip, name, data),
        8 => Box::new(DeflateDecoder::new(io::BufReader::new(data))),
        12 => Box::new(BzDecoder::new(io::BufReader::new(data))),
        method => Box::new(Failing(format!("no decoder for method {method} of zip is built in"))),
    };
    // Its end is known without its decoder: what is damaged ends nothing else.
    let told = members.member(Format::Zip, name, &mut bound.unpacked(&mut *decoder));
    if bound.is_over() { told } else { Ok(()) }
}

/// Remarks on members (4.3.12) and on the whole (4.3.16), and what somebody has put behind it.
fn directory(source: &mut Source<'_>, members: &mut dyn Members) -> io::Result<()> {
    loop {
        let head = source.peek(ENTRY)?;
        let short = |at: usize| head.get(at..at + 2).map_or(0, |len| u64::from(u16::from_le_bytes([len[0], len[1]])));
        let (before, remark) = match head {
            [b'P', b'K', 1, 2, ..] => (ENTRY as u64 + short(28) + short(30), short(32)),
            [b'P', b'K', 6, 6, size @ ..] if size.len() >= 8 => {
                let size = size.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
                (size.saturating_add(12), 0)
            }
            [b'P', b'K', 6, 7, ..] => (20, 0),
            [b'P', b'K', 5, 6, ..] => (22, short(20)),
            [] => return Ok(()),
            _ => return members.member(Format::Zip, BEHIND, source),
        };
        source.skip(before)?;
        if remark > 0 {
            members.member(Format::Zip, "remark", &mut Whole { inner: source.take(remark) })?;
        }
    }
}

/// What follows data whose length was not known before it (4.3.9): with or without its mark, in lengths of 4 or 8 bytes.
fn describe(source: &mut Source<'_>) -> io::Result<()> {
    let next = source.peek(28)?;
    let marked = next.starts_with(b"PK\x07\x08");
    let begins = |at: usize| next.get(at..at + 2) == Some(b"PK");
    let len = if marked { [16, 24] } else { [12, 20] };
    let len = len.into_iter().find(|len| begins(*len)).unwrap_or(len[0]);
    source.skip(len as u64)
}

/// On to the next mark: what signs an APK stands before the directory.
fn seek(source: &mut Source<'_>) -> io::Result<()> {
    loop {
        let buffer = source.peek(4096)?;
        if buffer.len() < 4 {
            return Err(ErrorKind::InvalidData.into());
        }
        match memchr::memmem::find(buffer, b"PK").filter(|at| at + 4 <= buffer.len()) {
            Some(at) if matches!(buffer[at + 2..at + 4], [1, 2] | [3, 4] | [5, 6]) => {
                source.consume(at);
                return Ok(());
            }
            Some(at) => source.consume(at + 2),
            None => {
                let len = buffer.len() - 3;
                source.consume(len);
            }
        }
    }
}

/// The compressed length in the extra field of zip64 (4.5.3), where the length itself stands before it if it is wide as well.
fn wide_size(mut extra: &[u8], both: bool) -> Option<u64> {
    loop {
        let (head, rest) = extra.split_first_chunk::<4>()?;
        let (field, after) = rest.split_at_checked(usize::from(u16::from_le_bytes([head[2], head[3]])))?;
        if head[..2] == [1, 0] {
            return field.get(if both { 8 } else { 0 }..)?.first_chunk().map(|size| u64::from_le_bytes(*size));
        }
        extra = after;
    }
}

/// Packages of Debian and libraries: a line of text before each member.
pub(super) fn ar(packed: &mut dyn Read, members: &mut dyn Members) -> io::Result<()> {
    let mut source = Source::new(packed);
    source.skip(8)?;
    while !source.peek(1)?.is_empty() {
        let header: [u8; 60] = source.exactly()?;
        let size = std::str::from_utf8(&header[48..58]).ok().and_then(|size| size.trim().parse().ok());
        let size: u64 = size.filter(|_| header[58..] == *b"`\n").ok_or(ErrorKind::InvalidData)?;
        let name = text_of(&header[..16]).trim().trim_end_matches('/').to_owned();
        members.member(Format::Ar, &name, &mut Whole { inner: (&mut source).take(size) })?;
        if size % 2 == 1 && !source.peek(1)?.is_empty() {
            source.skip(1)?;
        }
    }
    Ok(())
}

/// Pixels hold no text: the chunks with words, and what somebody has put behind the image.
pub(super) fn png(packed: &mut dyn Read, bound: &Bound, members: &mut dyn Members) -> io::Result<()> {
    let mut source = Source::new(packed);
    source.skip(8)?;
    loop {
        let header = source.peek(8)?;
        let Some(&[a, b, c, d, ref kind @ ..]) = header.first_chunk::<8>() else { return Ok(()) };
        let (kind, len) = (*kind, u64::from(u32::from_be_bytes([a, b, c, d])));
        source.consume(8);
        let mut chunk = Whole { inner: (&mut source).take(len) };
        match &kind {
            b"zTXt" | b"iTXt" => words(&mut chunk, bound, members)?,
            b"IHDR" | b"PLTE" | b"IDAT" | b"fdAT" | b"IEND" => {}
            _ => members.member(Format::Png, TEXT, &mut chunk)?,
        }
        io::copy(&mut chunk, &mut io::sink())?;
        source.skip(4)?;
        if &kind == b"IEND" {
            break;
        }
    }
    if source.peek(1)?.is_empty() { Ok(()) } else { members.member(Format::Png, BEHIND, &mut source) }
}

/// A keyword and a zero, in `iTXt` a language and the keyword in it, and text that is compressed or not.
fn words(chunk: &mut dyn Read, bound: &Bound, members: &mut dyn Members) -> io::Result<()> {
    let mut head = vec![];
    chunk.take(LONGEST_KEYWORD).read_to_end(&mut head)?;
    let zeros = memchr::memchr_iter(0, &head).take(MOST_ZEROS);
    let zlib = zeros.flat_map(|zero| [zero + 1, zero + 2]).find(|at| head.get(*at..).is_some_and(is_zlib));
    let Some(zlib) = zlib else { return members.member(Format::Png, TEXT, &mut head.chain(chunk)) };
    let (mut plain, packed) = head.split_at(zlib);
    members.member(Format::Png, TEXT, &mut plain)?;
    let packed = ZlibDecoder::new(io::BufReader::new(packed.chain(chunk)));
    members.member(Format::Png, TEXT, &mut bound.unpacked(packed))
}

/// RFC 1950, section 2.2: deflate with a window, and a check of the two bytes.
fn is_zlib(content: &[u8]) -> bool {
    matches!(content, [first, second, ..] if first & 0x8f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// Gives as much as was said: fewer bytes are a fault.
struct Whole<R> {
    inner: io::Take<R>,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let early = read == 0 && self.inner.limit() > 0 && !buffer.is_empty();
        if early { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
    }
}

/// A member that cannot be read, once.
struct Failing(String);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let why = std::mem::take(&mut self.0);
        if why.is_empty() { Ok(0) } else { Err(io::Error::new(ErrorKind::Unsupported, why)) }
    }
}

/// Behind the keyword, the two flags, the language, and the keyword in it.
const MOST_ZEROS: usize = 5;

/// A keyword has 79 characters at most, and languages are short.
const LONGEST_KEYWORD: u64 = 4096;

/// What findings call words in an image, and what stands after the end of anything.
const TEXT: &str = "text";
const BEHIND: &str = "behind the end";

/// Of the directory of a zip file, without names and remarks.
const ENTRY: usize = 46;
