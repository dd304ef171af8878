//! A list of keys as text: `VERSION:KEY` entries, or a JSON object of versions and keys.

mod error;
mod plain;

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::versions::MasterKeyVersion;

pub use error::{ListError, Mistaken};

/// The list in a text that was written by hand or by a tool: without a byte order mark, comments, `export` and the name of the
/// variable, quotes, and a second layer of base64.
pub(crate) fn plain(text: &str) -> Result<Zeroizing<String>, ListError> {
    plain::plain(text)
}

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

fn from_words<'t>(text: &'t str) -> Vec<Entry<'t>> {
    let all: Vec<_> =
        text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    // YAML has a space behind the colon, and some people one before it.
    let mut words: Vec<(&str, Option<&str>)> = vec![];
    let mut rest = all.iter().copied().peekable();
    while let Some(word) = rest.next() {
        let version = word.strip_suffix(':').filter(|version| version.parse::<MasterKeyVersion>().is_ok());
        let key = version.and_then(|_| rest.next_if(|next| !next.contains(':')));
        words.push((version.filter(|_| key.is_some()).unwrap_or(word), key));
    }
    if let [(bare, None)] = words[..]
        && !bare.contains(':')
    {
        return vec![Ok((1, MasterKeyVersion::FIRST, bare))];
    }
    let in_words = |(entry, (word, key)): (usize, (&'t str, Option<&'t str>))| match key {
        Some(key) => word.parse().map(|version| (entry, version, key)).map_err(|_| ListError::Version { entry }),
        None => in_word(entry, word),
    };
    (1..).zip(words).map(in_words).collect()
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

    const KEY: &str = "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=";
    const NEXT: &str = "Zk3wq8VbT1xYp0LrNn5sUe7GdHc2JaMiQoXv9-_RtBA=";

    #[test]
    fn a_list_is_read_as_people_and_tools_write_it() {
        use base64ct::{Base64, Base64Unpadded, Encoding};
        let both = format!("1:{KEY},2:{NEXT}");
        let wrapped = Base64::encode_string(both.as_bytes());
        let (front, back) = wrapped.split_at(76);
        let cases = [
            format!("\u{feff}1:{KEY}\r\n2:{NEXT}\r\n"),
            format!("  1:{KEY} \t\n\n2:{NEXT}\u{a0}  "),
            format!("# the vault of billing\n1:{KEY} # until June\n   # 3:old\n2:{NEXT}\n"),
            format!("STRONGROOM_MASTER_KEYS={both}\n"),
            format!("export STRONGROOM_MASTER_KEYS=\"{both}\"\r\n"),
            format!("PORT=80\nexport STRONGROOM_MASTER_KEYS='{both}' # keys\nDATABASE_URL=\"postgres://x/y?a=b\"\n"),
            format!("STRONGROOM_MASTER_KEYS = 1:{KEY}\n2:{NEXT}\n"),
            format!("STRONGROOM_MASTER_KEYS=\"1:{KEY}\n2:{NEXT}\"\n"),
            format!("\"1:{KEY}\" '2:{NEXT}'"),
            format!("1:\"{KEY}\", 2:'{NEXT}'"),
            format!("1: {KEY}\n2: \"{NEXT}\"\n"),
            format!("1:{KEY}\\n2:{NEXT}\\n"),
            wrapped.clone(),
            format!("{front}\n{back}\n"),
            Base64Unpadded::encode_string(both.as_bytes()),
            Base64::encode_string(format!("1:{KEY}\n2:{NEXT}\n").as_bytes()),
            format!(
                "1:{} 2:{}",
                Base64::encode_string(KEY.as_bytes()),
                Base64::encode_string(format!("{NEXT}\n").as_bytes())
            ),
            format!("\u{feff}{{\"1\": \"{KEY}\", \"2\": \"{NEXT}\"}}\r\n"),
            format!("export STRONGROOM_MASTER_KEYS='{{\"1\": \"{KEY}\", \"2\": \"{NEXT}\"}}'\n"),
        ];
        for text in cases {
            let list = plain(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(entries(&list), Ok(vec![(1, version(1), KEY), (2, version(2), NEXT)]), "{text}");
        }
        for bare in [
            format!("{KEY}\r\n"),
            format!("\"{KEY}\""),
            format!("STRONGROOM_MASTER_KEYS={KEY}"),
            Base64::encode_string(KEY.as_bytes()),
            Base64::encode_string(format!("{KEY}\n").as_bytes()),
        ] {
            let list = plain(&bare).expect("a list");
            assert_eq!(entries(&list), Ok(vec![(1, version(1), KEY)]), "{bare}");
        }
    }

    #[test]
    fn what_is_something_else_is_named_for_what_it_is() {
        use ListError as E;
        let cases = [
            ("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n", E::Mistaken(Mistaken::Pem)),
            ("AGE-SECRET-KEY-1QQ", E::Mistaken(Mistaken::Age)),
            ("vault:v1:8SDd3WHDOjf7mq69", E::Mistaken(Mistaken::Sealed)),
            ("ENC[AES256_GCM,data:p673w==]", E::Mistaken(Mistaken::Sealed)),
            ("1:${KEY_1}", E::Mistaken(Mistaken::Unexpanded)),
            ("$(cat keys)", E::Mistaken(Mistaken::Unexpanded)),
            ("/run/secrets/master-keys\n", E::Mistaken(Mistaken::Path)),
            ("~/keys", E::Mistaken(Mistaken::Path)),
            ("# keys\nSTRONGROOM_MASTER_KEYS_FILE=/run/keys", E::OtherVariable { line: 2 }),
            ("STRONGROOM_MASTER_KEYS=1:a\nSTRONGROOM_MASTER_KEYS=1:b", E::AssignedTwice),
            ("\"1:a", E::Quote),
            ("1:a'", E::Quote),
            ("\u{201c}1:a\u{201d}", E::Quote),
        ];
        for (text, error) in cases {
            assert_eq!(plain(text), Err(error), "{text}");
        }
        assert_eq!(plain("STRONGROOM_MASTER_KEYS=\n").and_then(|list| entries(&list).map(|_| ())), Err(E::Empty));
        assert_eq!(plain("# nothing\n").and_then(|list| entries(&list).map(|_| ())), Err(E::Empty));
    }
}
