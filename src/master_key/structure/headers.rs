//! Beginnings of files: the magic numbers of formats, and what always stands behind them.

use super::Key;

/// Whether the key begins as a file does.
pub(super) fn file(key: &Key) -> bool {
    HEADERS.iter().any(|header| fits(key, header))
}

/// Bytes that are given must be there; alternatives have a bar between them, and `..` is any byte.
fn fits(key: &Key, header: &str) -> bool {
    let mut bytes = key.iter();
    header.split(' ').all(|part| {
        let byte = bytes.next().expect("no header is longer than a key");
        part == ".." || part.split('|').any(|wanted| u8::from_str_radix(wanted, 16) == Ok(*byte))
    })
}

/// Together they are 2^-42 of all keys.
const HEADERS: &[&str] = &[
    // Pictures: PNG, GIF, JPEG (JFIF and Exif), TIFF, WebP and others in RIFF, BMP, ICO, PSD, JPEG 2000, HEIC and MP4, PDF.
    "89 50 4e 47 0d 0a 1a 0a",
    "47 49 46 38 37|39 61 .. .. .. .. ..",
    "ff d8 ff e0 00 10 4a 46 49 46",
    "ff d8 ff e1 .. .. 45 78 69 66 00 00",
    "ff d8 ff db 00 43 00|01",
    "49 49 2a 00 08 00 00 00",
    "4d 4d 00 2a 00 00 00 08",
    "52 49 46 46 .. .. .. .. 57|41 45|41|56 42|49|56 50|45|20",
    "42 4d .. .. .. 00 00 00 00 00",
    "00 00 01 00 01|02|03|04|05|06|07|08|09|0a 00",
    "38 42 50 53 00 01 00 00",
    "00 00 00 0c 6a 50 20 20",
    "00 00 00 .. 66 74 79 70",
    "25 50 44 46 2d 31|32 2e",
    "25 21 50 53 2d 41 64 6f",
    // Archives: ZIP (and everything in it), gzip, bzip2, xz, 7-Zip, RAR, cab, deb and ar, zlib.
    "50 4b 03 04 0a|14|2d|33 00 00|02|06|08 00|08 00|08 00",
    "50 4b 05 06 00 00 00 00",
    "1f 8b 08 00|08 .. .. .. .. 00|02|04 00|03|ff",
    "1f 8b 08 00|08 00 00 00 00",
    "42 5a 68 31|39 31 41 59 26 53 59",
    "fd 37 7a 58 5a 00",
    "37 7a bc af 27 1c",
    "52 61 72 21 1a 07",
    "4d 53 43 46 00 00 00 00",
    "21 3c 61 72 63 68 3e 0a",
    "78 9c 63 60 60 60",
    // Programs: ELF, PE, Mach-O, Java, WebAssembly, LLVM, Python.
    "7f 45 4c 46 01|02 01|02 01",
    "4d 5a 90 00 03 00 00 00",
    "4d 5a 78 00 01 00 00 00",
    "cf|ce fa ed fe 07|0c 00 00 00|01",
    "fe ed fa cf|ce 00|01 00 00 07|0c",
    "ca fe ba be 00 00 00 2d|2e|2f|30|31|32|33|34|35|36|37|38|39|3a|3b|3c|3d|3e|3f|40|41|42|43|44|45",
    "00 61 73 6d 01 00 00 00",
    "42 43 c0 de 35 14 00 00",
    "55|6f|a7|cb|f3 0d 0d 0a 00 00 00 00",
    // Sound and film: Ogg, FLAC, MP3 with ID3, Matroska.
    "4f 67 67 53 00 02 00 00",
    "66 4c 61 43 00 00 00 22",
    "49 44 33 02|03|04 00 00 00",
    "1a 45 df a3 .. 42 86 81",
    "1a 45 df a3 01 00 00 00",
    // Databases and documents: SQLite, OLE (old Office), LevelDB, HDF5, NumPy, Parquet, Avro, pickles, Git packs, LUKS, DER.
    "53 51 4c 69 74 65 20 66",
    "d0 cf 11 e0 a1 b1 1a e1",
    "89 48 44 46 0d 0a 1a 0a",
    "93 4e 55 4d 50 59 01|02 00",
    "4f 62 6a 01 .. .. 61 76 72 6f",
    "80 03|04|05 95 .. .. .. 00 00 00 00",
    "50 41 43 4b 00 00 00 02 00",
    "4c 55 4b 53 ba be 00 01|02",
    "30 82 .. .. 02 01 00 30 0d 06",
    "30 82 .. .. 02 01 00 02 82",
    "30 82 .. .. 30 82 .. .. a0 03 02 01",
    "30 82 .. .. 30 0d 06 09 2a 86 48 86",
    "30 2e 02 01 00 30 05 06",
    "30 2a 30 05 06 03 2b 65",
    "30 59 30 13 06 07 2a 86",
    "30 81 9f 30 0d 06 09 2a",
    "30 74|77 02 01 01 04 20|30",
    "ef bb bf 3c 3f 78 6d 6c",
    "fe ed fe ed 00 00 00 01|02 00 00 00",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What a random key fires them with: at most the number of alternatives in 2^(8 times the fixed bytes).
    #[test]
    fn the_bound_holds_for_all_headers_together() {
        let chance = |header: &&str| {
            let fixed = header.split(' ').filter(|part| *part != "..");
            fixed.map(|part| f64::from(u32::try_from(part.split('|').count()).expect("few")) / 256.0).product::<f64>()
        };
        let sum: f64 = HEADERS.iter().map(chance).sum();
        assert!(sum.log2() <= -42.0, "{}", sum.log2());
    }

    #[test]
    fn files_are_told_by_how_they_begin() {
        let begins = |start: &[u8]| {
            let mut key: Key = crate::secret::random_array().expect("random");
            key[..start.len()].copy_from_slice(start);
            file(&key)
        };
        assert!(begins(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(begins(b"SQLite format 3\0") && begins(b"%PDF-1.7") && begins(b"\x7fELF\x02\x01\x01\0"));
        assert!(begins(b"PK\x03\x04\x14\0\x08\0\x08\0") && !begins(b"PK\x03\x04\x77"));
        assert!(!begins(b"") && !begins(b"\x89PNG\r\n\x1a"));
    }
}
