//! Pages of what a vault lists, and the cursors by which they go on.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::parse_error::ParseError;
use crate::secret::hex;
use crate::token::ApiKeyId;
use crate::written::written_as_text;

/// One page of a list.
///
/// What is listed when a page is read is on it as it stands then. Between two pages others may issue, change, revoke and
/// rotate: whatever is there from the first page to the last is listed exactly once.
///
/// ```
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Query, Vault};
/// # let keys = MasterKeys::single(MasterKey::generate()?);
/// # let vault = Vault::create(MemoryStore::new(), keys, &Act::by("deploy"))?;
/// # vault.issue_many(&vec![NewApiKey::new("worker"); 5], &Act::by("deploy"))?;
/// let mut query = Query::new().name_contains("worker").limit(2);
/// # let mut seen = 0;
/// loop {
///     let page = vault.list(&query)?;
///     for listed in &page.items {
///         println!("{}", listed.id);
///         # seen += 1;
///     }
///     let Some(next) = page.next else { break };
///     query = query.after(next);
/// }
/// # assert_eq!(seen, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins. `None` when nothing came after this page, and when nothing was asked for: a limit of 0.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Takes so many of what comes, and looks whether there is another.
    pub(crate) fn take<E>(
        limit: usize,
        mut rows: impl Iterator<Item = Result<T, E>>,
        after: impl Fn(&T) -> Cursor,
    ) -> Result<Self, E> {
        let items = rows.by_ref().take(limit).collect::<Result<Vec<_>, _>>()?;
        let next = match items.last() {
            Some(last) if items.len() == limit => rows.next().transpose()?.map(|_| after(last)),
            _ => None,
        };
        Ok(Self { items, next })
    }

    /// The same page of what is made of the items.
    pub(crate) fn try_map<U, E>(self, made: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page { items: self.items.into_iter().map(made).collect::<Result<_, _>>()?, next: self.next })
    }
}

/// Where a page of a list begins: behind something that may be there no more.
///
/// Its text goes into URLs, JSON and shells, and is read back whole or not at all. It is no secret: whoever can read it learns
/// an id or the number of an audit entry. What it says is not signed, so it shows no more than the list does.
///
/// API keys are listed in the order of their ids everywhere, so [`Verifier::list`](crate::Verifier::list),
/// [`list_usage`](crate::Verifier::list_usage), [`due`](crate::Verifier::due) and
/// [`export_page`](crate::Vault::export_page) take each other's cursors. The audit log has its own.
///
/// ```
/// use strongroom::Cursor;
/// let cursor = Cursor::after_audit_entry(42);
/// assert_eq!(cursor.to_string(), "02000000000000002ac2af2cb3");
/// assert_eq!("02000000000000002ac2af2cb3".parse(), Ok(cursor));
/// assert!("02000000000000002bc2af2cb3".parse::<Cursor>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    ApiKey(ApiKeyId),
    AuditEntry(u64),
}

impl Cursor {
    /// Behind this API key, whether there is one or not.
    pub fn after_api_key(id: ApiKeyId) -> Self {
        Self(Place::ApiKey(id))
    }

    /// Behind the audit entry of this number; 0 is before the first.
    pub fn after_audit_entry(seq: u64) -> Self {
        Self(Place::AuditEntry(seq))
    }

    pub(crate) fn api_key(self) -> Result<ApiKeyId, CursorError> {
        match self.0 {
            Place::ApiKey(id) => Ok(id),
            Place::AuditEntry(_) => Err(CursorError { expected: API_KEYS, found: AUDIT_LOG }),
        }
    }

    pub(crate) fn audit_entry(self) -> Result<u64, CursorError> {
        match self.0 {
            Place::AuditEntry(seq) => Ok(seq),
            Place::ApiKey(_) => Err(CursorError { expected: AUDIT_LOG, found: API_KEYS }),
        }
    }

    /// The kind, and the place in the order of the list.
    fn body(self) -> Vec<u8> {
        match self.0 {
            Place::ApiKey(id) => [&[API_KEY], id.to_bytes().as_slice()].concat(),
            Place::AuditEntry(seq) => [&[AUDIT_ENTRY], seq.to_be_bytes().as_slice()].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, check) = bytes.split_last_chunk()?;
        let (kind, place) = body.split_first()?;
        let place = match *kind {
            API_KEY => Place::ApiKey(ApiKeyId::from_bytes(place.try_into().ok()?)),
            AUDIT_ENTRY => Place::AuditEntry(u64::from_be_bytes(place.try_into().ok()?)),
            _ => return None,
        };
        (*check == crc32fast::hash(body).to_be_bytes()).then_some(Self(place))
    }
}

/// The kind, the place, and the CRC-32 of both, in hex.
impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        out.write_str(&hex(&body))?;
        out.write_str(&hex(&crc32fast::hash(&body).to_be_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = base16ct::lower::decode_vec(text).ok();
        let cursor = bytes.and_then(|bytes| Self::from_bytes(&bytes));
        cursor.ok_or_else(|| ParseError::new("cursor", "a cursor is the whole text that came with the page before it"))
    }
}

written_as_text!(Cursor);

/// A cursor of one kind of list was given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is one of {found}, and this lists {expected}")]
pub struct CursorError {
    expected: &'static str,
    found: &'static str,
}

const API_KEYS: &str = "API keys";
const AUDIT_LOG: &str = "the audit log";
const API_KEY: u8 = 1;
const AUDIT_ENTRY: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples() -> [Cursor; 2] {
        [Cursor::after_api_key(ApiKeyId::from_bytes([0xa7; 16])), Cursor::after_audit_entry(0x0102_0304_0506_0708)]
    }

    #[test]
    fn a_cursor_that_is_out_there_can_be_read_for_ever() {
        let texts = ["01a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7", "020102030405060708"];
        for (cursor, body) in samples().into_iter().zip(texts) {
            let text = cursor.to_string();
            assert_eq!(&text[..body.len()], body);
            assert_eq!(text.len(), body.len() + 8);
            assert_eq!(text.parse(), Ok(cursor));
            assert_eq!(serde_json::to_value(cursor).expect("written"), text);
        }
    }

    #[test]
    fn no_character_of_a_cursor_can_be_another_be_left_out_or_be_added() {
        for good in samples().map(|cursor| cursor.to_string()) {
            for at in 0..good.len() {
                let mut short = good.clone();
                short.remove(at);
                assert!(short.parse::<Cursor>().is_err(), "{short}");
                for other in "0123456789abcdefABCDEFg-é ".chars() {
                    let mut mangled = good.clone();
                    mangled.replace_range(at..=at, &other.to_string());
                    assert_eq!(mangled.parse::<Cursor>().is_ok(), mangled == good, "{mangled}");
                    let mut long = good.clone();
                    long.insert(at, other);
                    assert!(long.parse::<Cursor>().is_err(), "{long}");
                }
            }
            assert!(good.to_uppercase().parse::<Cursor>().is_err());
        }
        let told = "".parse::<Cursor>().expect_err("nothing");
        assert_eq!((told.what(), told.to_string().contains("the page before")), ("cursor", true));
    }

    #[test]
    fn a_kind_that_is_not_known_and_a_place_of_another_length_are_no_cursor() {
        for body in [&[3, 0, 0, 0, 0, 0, 0, 0, 0][..], &[2], &[1, 0, 0, 0, 0, 0, 0, 0, 0], &[2; 17], &[0]] {
            let text = hex(&[body, &crc32fast::hash(body).to_be_bytes()].concat());
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_cursor_reads_back(id: [u8; 16], seq: u64) {
            for cursor in [Cursor::after_api_key(ApiKeyId::from_bytes(id)), Cursor::after_audit_entry(seq)] {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
