//! What content is, by its first bytes: an archive, compressed, or an image.

/// Content with other content inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ar,
    Bzip2,
    Gzip,
    Png,
    Tar,
    Xz,
    Zip,
    /// Known, and not opened here.
    Closed(&'static str),
}

impl Format {
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| head.starts_with(magic);
        let bzip2 = matches!(head, [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]);
        match () {
            // RFC 1952: magic bytes, and deflate as the only method.
            () if begins(&[0x1f, 0x8b, 8]) => Some(Self::Gzip),
            () if begins(b"PK\x03\x04") => Some(Self::Zip),
            () if begins(b"\xfd7zXZ\0") => Some(Self::Xz),
            () if begins(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            () if begins(b"!<arch>\n") => Some(Self::Ar),
            () if bzip2 => Some(Self::Bzip2),
            () if is_tar(head) => Some(Self::Tar),
            () => CLOSED.iter().find(|(magic, _)| begins(magic)).map(|(_, name)| Self::Closed(name)),
        }
    }

    /// Whether its members are all there is to read; of other packed content the outside is read as well.
    pub(super) fn has_members(self) -> bool {
        matches!(self, Self::Ar | Self::Png | Self::Tar | Self::Zip)
    }

    /// What findings call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Bzip2 => "bzip2",
            Self::Gzip => "gzip",
            Self::Png => "png",
            Self::Tar => "tar",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Closed(name) => name,
        }
    }
}

/// Whether the first header has the sum of its own bytes in it, as every tar file has since 1979.
fn is_tar(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|header: &[u8; TAR_BLOCK]| header[0] != 0 && tar_sum(header).is_some())
}

/// The sum that a header of tar says it has, if it has it.
pub(super) fn tar_sum(header: &[u8; TAR_BLOCK]) -> Option<u64> {
    let said = octal(&header[SUM])?;
    let blank = u64::try_from(SUM.len()).ok()? * u64::from(b' ');
    let all = header.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let own = header[SUM].iter().map(|byte| u64::from(*byte)).sum::<u64>();
    (said == all - own + blank).then_some(said)
}

/// A number as tar writes it: octal digits up to a zero or a blank, or, where the first bit is set, bytes.
pub(super) fn octal(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        return field[1..]
            .iter()
            .try_fold(u64::from(field[0] & 0x7f), |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)));
    }
    let text = field.split(|byte| *byte == 0).next()?.trim_ascii();
    if text.is_empty() { Some(0) } else { u64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok() }
}

/// Compressed data and archives that may hold a key and that no decoder here reads.
const CLOSED: &[(&[u8], &str)] = &[
    (b"(\xb5/\xfd", "zstd"),
    (b"7z\xbc\xaf'\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x04\"M\x18", "lz4"),
    (b"LZIP\x01", "lzip"),
    (b"\x1f\x9d", "compress"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"\xed\xab\xee\xdb", "rpm"),
];

pub(super) const TAR_BLOCK: usize = 512;
const SUM: std::ops::Range<usize> = 148..156;
