//! A pack with its index (gitformat-pack): where its objects stand, and each of them inflated.
//!
//! Read by position and never mapped: a pack that is cut short beside the scan is a fault to report, not a signal.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use super::object::{Kind, ObjectId};
use crate::plain_file;
use crate::scan::detect::window::fill;

pub(super) struct Pack {
    pub(super) path: PathBuf,
    file: File,
    /// Where the objects end and the checksum begins.
    end: u64,
    id_len: usize,
    /// Sorted, one after the other.
    ids: Vec<u8>,
    /// By place in `ids`.
    offsets: Vec<u64>,
    /// Places in `ids` in the order of their offsets.
    order: Vec<u32>,
    fanout: Vec<u32>,
}

/// What stands before an object's data.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) form: Form,
    /// Of the data inflated: the object, or the delta.
    pub(super) size: u64,
    data_at: u64,
}

#[derive(Clone, Copy)]
pub(super) enum Form {
    Whole(Kind),
    /// A delta against the object at this offset of the same pack.
    OnOffset(u64),
    OnId(ObjectId),
}

impl Pack {
    /// Opens the pack beside an index.
    pub(super) fn open(index: &Path, id_len: usize) -> io::Result<Self> {
        let path = index.with_extension("pack");
        let file = plain_file::open(&path)?;
        let len = file.metadata()?.len();
        let mut head = [0; 12];
        file.read_exact_at(&mut head, 0)?;
        if &head[..4] != b"PACK" || !matches!(head[7], 2 | 3) {
            return Err(damaged("not a pack"));
        }
        let bytes = read_index(index)?;
        let (fanout, ids, offsets) = parse_index(&bytes, id_len).ok_or_else(|| damaged("the pack index is damaged"))?;
        let mut order: Vec<u32> = (0..).take(offsets.len()).collect();
        order.sort_unstable_by_key(|place| offsets[*place as usize]);
        Ok(Self { path, file, end: len.saturating_sub(id_len as u64), id_len, ids, offsets, order, fanout })
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The object with this rank in the order of offsets.
    pub(super) fn id(&self, rank: u32) -> ObjectId {
        let at = self.order[rank as usize] as usize * self.id_len;
        ObjectId::new(&self.ids[at..at + self.id_len]).expect("the index was parsed with ids of this length")
    }

    pub(super) fn rank_of_offset(&self, offset: u64) -> Option<u32> {
        let found = self.order.binary_search_by_key(&offset, |place| self.offsets[*place as usize]).ok()?;
        u32::try_from(found).ok()
    }

    pub(super) fn rank_of(&self, id: &ObjectId) -> Option<u32> {
        let wanted = id.as_bytes();
        let first = usize::from(wanted[0]);
        let mut low = if first == 0 { 0 } else { self.fanout[first - 1] as usize };
        let mut high = self.fanout[first] as usize;
        while low < high {
            let middle = usize::midpoint(low, high);
            let at = middle * self.id_len;
            match self.ids[at..at + self.id_len].cmp(wanted) {
                std::cmp::Ordering::Equal => return self.rank_of_offset(self.offsets[middle]),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    pub(super) fn header(&self, rank: u32) -> io::Result<Header> {
        let offset = self.offset(rank);
        let mut bytes = [0; 64];
        let len = read_at(&self.file, &mut bytes, offset, self.end)?;
        parse_header(&bytes[..len], offset, self.id_len).ok_or_else(|| damaged("the object's header is damaged"))
    }

    /// The object's data, or its delta.
    pub(super) fn inflate(&self, rank: u32, header: &Header, inflater: &mut Inflater) -> io::Result<Vec<u8>> {
        let packed_len = usize::try_from(self.next_offset(rank).saturating_sub(header.data_at)).unwrap_or(usize::MAX);
        // Deflate makes at most 1032 bytes of one.
        if header.size / 1032 > packed_len as u64 {
            return Err(damaged("the object ends too early"));
        }
        // Nor does it take twice the room. A pack with a hole in it would have any amount set aside.
        let most = usize::try_from(header.size).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(1024);
        inflater.compressed.resize(packed_len.min(most), 0);
        let read = read_at(&self.file, &mut inflater.compressed, header.data_at, self.end)?;
        inflater.inflate(read, usize::try_from(header.size).map_err(|_| damaged("the object is too large"))?)
    }

    /// The same as a stream.
    pub(super) fn stream(&self, rank: u32, header: &Header) -> impl Read {
        let packed = Window { file: &self.file, position: header.data_at, end: self.next_offset(rank) };
        Exactly { inner: ZlibDecoder::new(BufReader::with_capacity(64 * 1024, packed)), left: header.size }
    }

    fn offset(&self, rank: u32) -> u64 {
        self.offsets[self.order[rank as usize] as usize]
    }

    fn next_offset(&self, rank: u32) -> u64 {
        let next = self.order.get(rank as usize + 1).map_or(self.end, |place| self.offsets[*place as usize]);
        next.min(self.end)
    }
}

/// An inflater that keeps its buffers.
pub(super) struct Inflater {
    decompress: Decompress,
    compressed: Vec<u8>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { decompress: Decompress::new(true), compressed: vec![] }
    }

    fn inflate(&mut self, packed_len: usize, len: usize) -> io::Result<Vec<u8>> {
        self.decompress.reset(true);
        // One byte more, so that data which goes on is noticed.
        let mut data = Vec::with_capacity(len + 1);
        let status = self.decompress.decompress_vec(&self.compressed[..packed_len], &mut data, FlushDecompress::Finish);
        match status {
            Ok(Status::StreamEnd) if data.len() == len => Ok(data),
            Ok(_) if data.len() > len => Err(damaged("the object goes on after its end")),
            Ok(_) => Err(damaged("the object ends too early")),
            Err(_) => Err(damaged("the object does not inflate")),
        }
    }
}

struct Window<'f> {
    file: &'f File,
    position: u64,
    end: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..room], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// Gives so many bytes; fewer or more are an error.
pub(super) struct Exactly<R> {
    pub(super) inner: R,
    pub(super) left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(damaged("the object ends too early"));
        }
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| damaged("the object goes on after its end"))?;
        Ok(read)
    }
}

pub(super) fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// As much as there is before `end`.
fn read_at(file: &File, buffer: &mut [u8], at: u64, end: u64) -> io::Result<usize> {
    fill(&mut Window { file, position: at, end }, buffer)
}

fn parse_header(bytes: &[u8], offset: u64, id_len: usize) -> Option<Header> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut size = u64::from(first & 0x0f);
    let (mut byte, mut shift) = (first, 4);
    while byte & 0x80 != 0 {
        (byte, rest) = rest.split_first().map(|(byte, rest)| (*byte, rest))?;
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
    }
    let form = match first >> 4 & 7 {
        1 => Form::Whole(Kind::Commit),
        2 => Form::Whole(Kind::Tree),
        3 => Form::Whole(Kind::Blob),
        4 => Form::Whole(Kind::Tag),
        6 => {
            let (distance, after) = base_distance(rest)?;
            rest = after;
            Form::OnOffset(offset.checked_sub(distance).filter(|_| distance > 0)?)
        }
        7 => {
            let (id, after) = rest.split_at_checked(id_len)?;
            rest = after;
            Form::OnId(ObjectId::new(id)?)
        }
        _ => return None,
    };
    Some(Header { form, size, data_at: offset + (bytes.len() - rest.len()) as u64 })
}

/// Seven bits a byte, the highest first, and one added for each further byte.
fn base_distance(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let (mut byte, mut value) = (first, u64::from(first & 0x7f));
    while byte & 0x80 != 0 {
        (byte, rest) = rest.split_first().map(|(byte, rest)| (*byte, rest))?;
        value = value.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
    }
    Some((value, rest))
}

type Index = (Vec<u32>, Vec<u8>, Vec<u64>);

/// Fanout, ids and offsets of an index of version 1 or 2.
/// All of an index. Its ids are digests, which no file system makes smaller: with holes in it, it is none.
fn read_index(path: &Path) -> io::Result<Vec<u8>> {
    let file = plain_file::open(path)?;
    let found = file.metadata()?;
    if found.len() > SURELY_WHOLE && found.blocks() * 512 < found.len() / 2 {
        return Err(damaged("the pack index is damaged"));
    }
    plain_file::bounded(file, usize::try_from(found.len()).unwrap_or(usize::MAX - 1))
}

fn parse_index(bytes: &[u8], id_len: usize) -> Option<Index> {
    match bytes.strip_prefix(b"\xfftOc\0\0\0\x02") {
        Some(rest) => parse_index_2(rest, id_len),
        None => parse_index_1(bytes, id_len),
    }
}

fn parse_index_2(bytes: &[u8], id_len: usize) -> Option<Index> {
    let (fanout, rest) = parse_fanout(bytes)?;
    let count = *fanout.last()? as usize;
    let (ids, rest) = rest.split_at_checked(count.checked_mul(id_len)?)?;
    let (_checksums, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
    let (short, long) = rest.split_at_checked(count * 4)?;
    let long = &long[..long.len().checked_sub(2 * id_len)?];
    let offset = |short: &[u8; 4]| {
        let short = u32::from_be_bytes(*short);
        if short & 0x8000_0000 == 0 {
            return Some(u64::from(short));
        }
        let at = (short & 0x7fff_ffff) as usize * 8;
        Some(u64::from_be_bytes(*long.get(at..)?.first_chunk()?))
    };
    let offsets = short.as_chunks().0.iter().map(offset).collect::<Option<_>>()?;
    Some((fanout, ids.to_vec(), offsets))
}

fn parse_index_1(bytes: &[u8], id_len: usize) -> Option<Index> {
    let (fanout, rest) = parse_fanout(bytes)?;
    let count = *fanout.last()? as usize;
    let (table, trailer) = rest.split_at_checked(count.checked_mul(4 + id_len)?)?;
    if trailer.len() != 2 * id_len {
        return None;
    }
    let mut ids = Vec::with_capacity(count * id_len);
    let mut offsets = Vec::with_capacity(count);
    for entry in table.chunks_exact(4 + id_len) {
        let (offset, id) = entry.split_first_chunk()?;
        offsets.push(u64::from(u32::from_be_bytes(*offset)));
        ids.extend_from_slice(id);
    }
    Some((fanout, ids, offsets))
}

fn parse_fanout(bytes: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let (table, rest) = bytes.split_at_checked(256 * 4)?;
    let fanout: Vec<_> = table.as_chunks().0.iter().map(|count| u32::from_be_bytes(*count)).collect();
    fanout.is_sorted().then_some((fanout, rest))
}

/// Shorter ones cost nothing, whatever is in them.
const SURELY_WHOLE: u64 = 16 << 20;
