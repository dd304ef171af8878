//! A list of keys as text: `VERSION:KEY` entries, or a JSON object of versions and keys.

use crate::versions::MasterKeyVersion;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};

/// The entries of a list: which one it is, from 1, its version, and its key as it stands in the text.
///
/// Entries are `VERSION:KEY`, separated by commas or ASCII white space; one bare key is version 1. A text that begins with
/// `{` is a JSON object with versions for names and keys for values.
pub(crate) fn entries(text: &str) -> Result<Vec<(usize, MasterKeyVersion, &str)>, ListError> {
    each_entry(text)?.into_iter().collect()
}

/// The same, where an entry that is none does not hide those behind it.
pub(crate) fn each_entry(text: &str) -> Result<Vec<Entry<'_>>, ListError> {
    let entries = if text.trim_start().starts_with('{') { from_json(text)? } else { from_words(text) };
    if entries.is_empty() { Err(ListError::Empty) } else { Ok(entries) }
}

pub(crate) type Entry<'t> = Result<(usize, MasterKeyVersion, &'t str), ListError>;

/// Whether a text is meant as a list and not as one bare key.
pub(crate) fn is_list(text: &str) -> bool {
    let text = text.trim_start();
    let version = text.split_once(':').is_some_and(|(version, _)| version.parse::<MasterKeyVersion>().is_ok());
    version || text.starts_with('{')
}

fn from_words(text: &str) -> Vec<Entry<'_>> {
    let words: Vec<_> =
        text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    if let [bare] = words[..]
        && !bare.contains(':')
    {
        return vec![Ok((1, MasterKeyVersion::FIRST, bare))];
    }
    (1..).zip(words).map(|(entry, word)| in_word(entry, word)).collect()
}

fn in_word(entry: usize, word: &str) -> Entry<'_> {
    let (version, key) = word.split_once(':').ok_or(ListError::Entry { entry })?;
    let version = version.parse().map_err(|_| ListError::Version { entry })?;
    Ok((entry, version, key))
}

fn from_json(text: &str) -> Result<Vec<Entry<'_>>, ListError> {
    // No key needs an escape, and undoing one would leave a copy of the key in the parser's buffer.
    if text.contains('\\') {
        return Err(ListError::Json);
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    // The parser's own errors name what they found, so they go no further.
    let pairs = parser.deserialize_map(Pairs).map_err(|_| ListError::Json)?;
    parser.end().map_err(|_| ListError::Json)?;
    let entry = |(entry, (version, key)): (usize, (&str, _))| match version.parse() {
        Ok(version) => Ok((entry, version, key)),
        Err(_) => Err(ListError::Version { entry }),
    };
    Ok((1..).zip(pairs).map(entry).collect())
}

/// Names and values of an object, in their order, none of them copied.
struct Pairs;

impl<'t> Visitor<'t> for Pairs {
    type Value = Vec<(&'t str, &'t str)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut pairs = vec![];
        while let Some(pair) = object.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// Why a text is no list of keys. Never holds any part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// Nothing but separators.
    #[error("it is empty")]
    Empty,
    /// An entry has no colon.
    #[error("entry {entry} is not VERSION:KEY")]
    Entry {
        /// Which one, from 1.
        entry: usize,
    },
    /// It begins like JSON, and is no object of versions and keys.
    #[error("it is no JSON object with versions for names and keys, without escapes, for values")]
    Json,
    /// A version is not a number from 1 to 4294967295.
    #[error("the version of entry {entry} is not a number from 1")]
    Version {
        /// Which one, from 1.
        entry: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versions::version;

    #[test]
    fn both_ways_of_writing_give_the_same_entries() {
        let expected = vec![(1, version(1), "one"), (2, version(20), "two")];
        for text in [
            "1:one,20:two",
            "\n1:one\t 20:two,\n",
            r#"{"1":"one","20":"two"}"#,
            " {\n\"1\" : \"one\" , \"20\":\"two\" }\n",
        ] {
            assert_eq!(entries(text).as_ref(), Ok(&expected), "{text}");
        }
        assert_eq!(entries("bare"), Ok(vec![(1, version(1), "bare")]));
        assert_eq!(entries(r#"{"1":"a","1":"b"}"#).map(|entries| entries.len()), Ok(2), "for the caller to refuse");
    }

    #[test]
    fn an_entry_that_is_none_does_not_hide_the_others() {
        let (no_version, no_entry) = (Err(ListError::Version { entry: 2 }), Err(ListError::Entry { entry: 2 }));
        assert_eq!(each_entry("1:a 0:b 3:c"), Ok(vec![Ok((1, version(1), "a")), no_version, Ok((3, version(3), "c"))]));
        assert_eq!(
            each_entry(r#"{"1":"a","x":"b","3":"c"}"#),
            Ok(vec![Ok((1, version(1), "a")), no_version, Ok((3, version(3), "c"))])
        );
        assert_eq!(each_entry("1:a b"), Ok(vec![Ok((1, version(1), "a")), no_entry]));
        assert!(is_list(" 7:a") && is_list("{") && !is_list("a 7:b") && !is_list(""));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        use ListError as E;
        let cases = [
            ("", E::Empty),
            (" ,\n", E::Empty),
            ("{}", E::Empty),
            ("a b", E::Entry { entry: 1 }),
            ("1:a b", E::Entry { entry: 2 }),
            ("0:a", E::Version { entry: 1 }),
            ("1:a 01:b", E::Version { entry: 2 }),
            ("+1:a", E::Version { entry: 1 }),
            (":a", E::Version { entry: 1 }),
            ("4294967296:a", E::Version { entry: 1 }),
            ("\"1:a\"", E::Version { entry: 1 }),
            (r#"{"0":"a"}"#, E::Version { entry: 1 }),
            (r#"{"1":"a","x":"b"}"#, E::Version { entry: 2 }),
            (r#"{"1":"a"} {"2":"b"}"#, E::Json),
            (r#"{"1":"a"}, 2:b"#, E::Json),
            (r#"{"1":"a""#, E::Json),
            (r#"{"1":1}"#, E::Json),
            (r#"{"1":null}"#, E::Json),
            (r#"{"1":["a"]}"#, E::Json),
            (r#"{"1":{"key":"a"}}"#, E::Json),
            (r#"{"1":"\u0061"}"#, E::Json),
            (r#"{1:"a"}"#, E::Json),
            ("{", E::Json),
        ];
        for (text, error) in cases {
            assert_eq!(entries(text), Err(error), "{text}");
        }
    }
}
