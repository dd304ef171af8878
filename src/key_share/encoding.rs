//! How a share is written (docs/format.md, Shares of master keys): 77 bytes, as base64 or as words.

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::error::KeyShareError;
use super::polynomial::VALUE_LEN;
use super::share::{KeyShare, MIN_THRESHOLD, SET_ID_LEN, Set};
use super::words as list;
use crate::master_key::Fingerprint;
use crate::secret::{SecretBytes, SecretText, on_wiped_stack};
use crate::vault_id::VaultId;

impl KeyShare {
    /// Reads a share from the text of a file: the one line that begins with `srs1-`, or the 56 words. Empty lines and lines
    /// that begin with `#` say nothing.
    pub fn parse(text: &str) -> Result<Self, KeyShareError> {
        read(text)
    }

    /// The 108 characters.
    pub fn to_text(&self) -> SecretText {
        text(self)
    }

    /// The 56 words, seven on a line: for paper.
    pub fn to_words(&self) -> SecretText {
        words(self)
    }
}

fn text(share: &KeyShare) -> SecretText {
    on_wiped_stack(|| {
        let mut encoded = Zeroizing::new([0; ENCODED_LEN]);
        let encoded = Base64UrlUnpadded::encode(&*bytes(share), encoded.as_mut()).expect("77 bytes are 103 characters");
        // Sized first: growing would leave copies behind.
        let mut text = String::with_capacity(PREFIX.len() + ENCODED_LEN);
        text.push_str(PREFIX);
        text.push_str(encoded);
        SecretText::new(text)
    })
}

fn words(share: &KeyShare) -> SecretText {
    let mut text = String::with_capacity(WORDS * 9);
    for (at, word) in list::of(&*bytes(share)).enumerate() {
        if at > 0 {
            text.push(if at % WORDS_A_LINE == 0 { '\n' } else { ' ' });
        }
        text.push_str(word);
    }
    SecretText::new(text)
}

fn read(text: &str) -> Result<KeyShare, KeyShareError> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    let first = *lines.peek().ok_or(KeyShareError::Empty)?;
    if let Some(encoded) = first.strip_prefix(PREFIX) {
        return if lines.count() > 1 { Err(KeyShareError::Several) } else { read_text(encoded) };
    }
    let words = || text.lines().filter(|line| !line.trim().starts_with('#')).flat_map(str::split_ascii_whitespace);
    match words().count() {
        WORDS => {
            let bytes = list::read(words(), BYTES_LEN).map_err(|at| KeyShareError::Word { at })?;
            parse(bytes.as_slice().try_into().expect("56 words are 77 bytes"))
        }
        1 => Err(KeyShareError::Prefix),
        found => Err(KeyShareError::Words { found }),
    }
}

fn read_text(encoded: &str) -> Result<KeyShare, KeyShareError> {
    if encoded.len() != ENCODED_LEN {
        return Err(KeyShareError::Length { found: PREFIX.len() + encoded.chars().count() });
    }
    on_wiped_stack(|| {
        let mut bytes = Zeroizing::new([0; BYTES_LEN]);
        let decoded = Base64UrlUnpadded::decode(encoded, bytes.as_mut()).map_err(|_| KeyShareError::Alphabet)?;
        parse(decoded.try_into().map_err(|_| KeyShareError::Alphabet)?)
    })
}

fn bytes(share: &KeyShare) -> Zeroizing<[u8; BYTES_LEN]> {
    let KeyShare { set, index, value } = share;
    let mut bytes = Zeroizing::new([0; BYTES_LEN]);
    let (body, check) = bytes.split_last_chunk_mut::<CHECK_LEN>().expect("77 bytes end with 4");
    let vault = set.vault.map_or([0; VaultId::LEN], |vault| vault.0);
    let fields: [&[u8]; 9] = [
        &[FORMAT],
        &[u8::from(set.vault.is_some())],
        &vault,
        &set.version.to_be_bytes(),
        &set.fingerprint.to_bytes(),
        &set.id,
        &[set.threshold, set.number],
        &[*index],
        value.expose(),
    ];
    let mut rest = &mut *body;
    for field in fields {
        let (here, after) = rest.split_at_mut(field.len());
        here.copy_from_slice(field);
        rest = after;
    }
    *check = check_of(body);
    bytes
}

fn parse(bytes: &[u8; BYTES_LEN]) -> Result<KeyShare, KeyShareError> {
    let (body, check) = bytes.split_last_chunk::<CHECK_LEN>().expect("77 bytes end with 4");
    if *check != check_of(body) {
        return Err(KeyShareError::Check);
    }
    let mut rest = body;
    let format = take::<1>(&mut rest)[0];
    if format != FORMAT {
        return Err(if format == 0 { KeyShareError::Malformed } else { KeyShareError::Format { found: format } });
    }
    let flag = take::<1>(&mut rest)[0];
    let vault = take::<{ VaultId::LEN }>(&mut rest);
    let vault = match (flag, vault) {
        (0, vault) if vault == [0; VaultId::LEN] => None,
        (1, vault) => Some(VaultId(vault)),
        _ => return Err(KeyShareError::Malformed),
    };
    let version = u32::from_be_bytes(take(&mut rest)).try_into().map_err(|_| KeyShareError::Malformed)?;
    let fingerprint = Fingerprint::from_bytes(take(&mut rest));
    let id = take::<SET_ID_LEN>(&mut rest);
    let [threshold, number, index] = take(&mut rest);
    if threshold < MIN_THRESHOLD || threshold > number || index == 0 || index > number {
        return Err(KeyShareError::Malformed);
    }
    let value = SecretBytes::fill_with(|bytes| {
        bytes.copy_from_slice(rest);
        Ok::<(), std::convert::Infallible>(())
    });
    let value = value.unwrap_or_else(|never| match never {});
    Ok(KeyShare { set: Set { vault, version, fingerprint, id, threshold, number }, index, value })
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (field, after) = rest.split_first_chunk().expect("the fields before the value are 41 bytes");
    *rest = after;
    *field
}

/// It finds typing errors; the fingerprint proves the key.
fn check_of(body: &[u8]) -> [u8; CHECK_LEN] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(PREFIX.as_bytes());
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

const PREFIX: &str = "srs1-";
const FORMAT: u8 = 1;
const CHECK_LEN: usize = 4;
const BYTES_LEN: usize = 41 + VALUE_LEN + CHECK_LEN;
const ENCODED_LEN: usize = 103;
const WORDS: usize = 56;
const WORDS_A_LINE: usize = 7;
