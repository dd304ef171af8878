//! Classes of bytes.

/// Place in the alphabet `0-9a-z`, whatever the case.
pub(super) fn fold(byte: u8) -> Option<u8> {
    let class = FOLDED[usize::from(byte)];
    (class < DROPPED).then_some(class)
}

/// Of the alphabets of base64, both.
pub(in crate::scan) fn is_base64(byte: u8) -> bool {
    BASE64[usize::from(byte)]
}

/// How many of them stand in front. Eight at a time: runs of them are long, or not looked at.
#[inline]
pub(super) fn base64_len(bytes: &[u8]) -> usize {
    let all = |eight: &&[u8; 8]| eight.iter().fold(true, |all, byte| all & is_base64(*byte));
    let len = 8 * bytes.as_chunks().0.iter().take_while(all).count();
    len + bytes[len..].iter().take_while(|byte| is_base64(**byte)).count()
}

/// What a character is in base64, either alphabet.
#[inline]
pub(super) fn base64_value(byte: u8) -> Option<u8> {
    let value = BASE64_VALUES[usize::from(byte)];
    (value != NO_VALUE).then_some(value)
}

#[inline]
pub(in crate::scan) fn hex_value(byte: u8) -> Option<u8> {
    let value = HEX_VALUES[usize::from(byte)];
    (value != NO_VALUE).then_some(value)
}

/// Letters, digits and the underscore.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

/// How often a class of characters follows another.
pub(in crate::scan) fn turns(text: &[u8]) -> usize {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    text.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count()
}

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// For a loop over every byte: how far a letter or digit shifts those before it, and its place in `0-9a-z`. What is
/// neither shifts nothing and adds nothing, so that the loop has no branch.
pub(super) static SHIFTS: [(u8, u8); 256] = shifts();

/// For loops without branches.
pub(super) static HEX_VALUES: [u8; 256] = hex_values();

/// It has all bits.
pub(super) const NO_VALUE: u8 = 0xff;

static BASE64_VALUES: [u8; 256] = base64_values();

const fn base64_values() -> [u8; 256] {
    let mut table = [NO_VALUE; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NO_VALUE,
        };
        byte += 1;
    }
    table
}

const fn hex_values() -> [u8; 256] {
    let mut table = [NO_VALUE; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value as usize] as usize] = value;
        table[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    table
}

static WORD: [bool; 256] = word();

const fn word() -> [bool; 256] {
    let (mut table, folded) = ([false; 256], folded());
    let mut byte = 0;
    while byte < 256 {
        table[byte] = folded[byte] < DROPPED || byte == b'_' as usize;
        byte += 1;
    }
    table
}

static BASE64: [bool; 256] = base64();

const fn base64() -> [bool; 256] {
    let (mut table, folded) = ([false; 256], folded());
    let mut byte = 0;
    while byte < 256 {
        table[byte] = folded[byte] < DROPPED || matches!(byte, 0x2b | 0x2d | 0x2f | 0x5f);
        byte += 1;
    }
    table
}

static FOLDED: [u8; 256] = folded();

const DROPPED: u8 = 36;

const fn shifts() -> [(u8, u8); 256] {
    let (mut table, folded) = ([(0, 0); 256], folded());
    let mut byte = 0;
    while byte < 256 {
        if folded[byte] < DROPPED {
            table[byte] = (6, folded[byte]);
        }
        byte += 1;
    }
    table
}

const fn folded() -> [u8; 256] {
    let mut table = [DROPPED; 256];
    let mut place = 0;
    while place < 36 {
        if place < 10 {
            table[b'0' as usize + place as usize] = place;
        } else {
            table[b'a' as usize + place as usize - 10] = place;
            table[b'A' as usize + place as usize - 10] = place;
        }
        place += 1;
    }
    table
}
