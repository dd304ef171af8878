//! The words that people make keys of, and what they do to them.

/// Hand-picked: what stands in sample configurations, tutorials and tests, one a line.
pub(super) fn phrases() -> impl Iterator<Item = &'static [u8]> {
    lines(include_str!("phrases.txt"))
}

/// As they stand, and with `-` or `_` between words.
pub(super) fn joined_phrases() -> impl Iterator<Item = Vec<u8>> {
    phrases().flat_map(|phrase| {
        let marks: &[u8] = if phrase.contains(&b' ') { b" -_" } else { b" " };
        marks.iter().map(move |mark| phrase.iter().map(|c| if *c == b' ' { *mark } else { *c }).collect())
    })
}

/// Passwords, words and names by frequency, one a line (docs/master-keys.md tells where from).
pub(super) fn passwords() -> impl Iterator<Item = &'static [u8]> {
    crate::words::frequent().map(str::as_bytes)
}

/// Passwords of other languages, keyboard walks, names of hosts and services, and texts of documentation.
pub(super) fn others() -> impl Iterator<Item = &'static [u8]> {
    lines(include_str!("others.txt"))
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static [u8]> {
    text.lines().map(str::as_bytes)
}

/// Each phrase as it stands, with the ends that files and C leave, in other cases and with other separators.
pub(super) fn each_phrase(mut stop: impl FnMut(&[u8], &[u8]) -> bool) {
    let ends: [&[u8]; 4] = [b"", b"\n", b"\r\n", b"\0"];
    let _ = phrases().any(|phrase| {
        let texts = spellings(phrase);
        texts.iter().any(|text| ends.iter().any(|end| stop(&[&text[..], *end].concat(), end)))
    });
}

/// Each spelling of each phrase with what people append, and with letters as digits; and whether they often do.
pub(super) fn each_phrase_variant(mut stop: impl FnMut(&[u8], bool) -> bool) {
    let mut buffer = Vec::with_capacity(80);
    let years = (1970..=2035)
        .map(|year| year.to_string())
        .chain((2015..=2030).flat_map(|year| [format!("-{year}"), format!("_{year}")]));
    let years: Vec<String> = years.collect();
    let endings: Vec<&[u8]> = SUFFIXES.iter().copied().chain(years.iter().map(String::as_bytes)).collect();
    let _ = phrases().any(|phrase| {
        spellings(phrase).iter().filter(|text| !text.contains(&b'.')).any(|text| {
            let plain = !text.contains(&b'_') && !text.iter().all(|c| !c.is_ascii_lowercase());
            let mut with = |change: &dyn Fn(&mut Vec<u8>), frequent: bool| {
                buffer.clear();
                buffer.extend_from_slice(text);
                change(&mut buffer);
                stop(&buffer, frequent)
            };
            endings
                .iter()
                .any(|end| with(&|text| text.extend_from_slice(end), plain && FREQUENT_SUFFIXES.contains(end)))
                || with(&|text| text.iter_mut().for_each(|c| *c = digit_for(*c)), plain)
                || with(&|text| text.iter_mut().for_each(|c| *c = sign_for(*c)), plain)
                || with(&|text| text.extend_from_within(..), false)
                || with(&|text| text.reverse(), false)
                || ["my", "My", "my-", "my_", "the", "test", "test-", "test_", "dev-", "prod-"]
                    .iter()
                    .any(|front| with(&|text| drop(text.splice(..0, front.bytes())), false))
        })
    });
}

/// As written, lower, upper, each word capital; with each of the separators that are in use.
fn spellings(phrase: &[u8]) -> Vec<Vec<u8>> {
    let separated: Vec<Vec<u8>> = if phrase.contains(&b' ') {
        [&b" "[..], b"-", b"_", b".", b""]
            .iter()
            .map(|mark| phrase.split(|c| *c == b' ').collect::<Vec<_>>().join(*mark))
            .collect()
    } else {
        vec![phrase.to_vec()]
    };
    let mut all = vec![];
    for text in separated {
        let capital = |initials: bool| {
            let mut before = b' ';
            let turned = text.iter().enumerate().map(|(at, c)| {
                let begins = at == 0 || initials && !before.is_ascii_alphanumeric();
                before = *c;
                if begins { c.to_ascii_uppercase() } else { *c }
            });
            turned.collect::<Vec<u8>>()
        };
        let (first, each) = (capital(false), capital(true));
        all.extend([text.to_ascii_lowercase(), text.to_ascii_uppercase(), first, each, text]);
    }
    if phrase.contains(&b' ') {
        let words = phrase.split(|c| *c == b' ').map(|word| [&word[..1].to_ascii_uppercase()[..], &word[1..]].concat());
        let camel = words.collect::<Vec<_>>().concat();
        all.extend([[&camel[..1].to_ascii_lowercase()[..], &camel[1..]].concat(), camel]);
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn digit_for(c: u8) -> u8 {
    match c.to_ascii_lowercase() {
        b'a' => b'4',
        b'e' => b'3',
        b'i' => b'1',
        b'o' => b'0',
        b's' => b'5',
        b't' => b'7',
        _ => c,
    }
}

/// The milder fashion: `p@ssw0rd`.
fn sign_for(c: u8) -> u8 {
    match c.to_ascii_lowercase() {
        b'a' => b'@',
        b'o' => b'0',
        b'e' => b'3',
        b'i' => b'1',
        b's' => b'$',
        _ => c,
    }
}

/// The days of 1950 to 2035 as people write them.
pub(super) fn each_date<T>(mut judge: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    (1950..=2035_u16).find_map(|year| {
        (1..=12).find_map(|month| {
            (1..=31).find_map(|day| {
                let texts = [
                    format!("{year}{month:02}{day:02}"),
                    format!("{year}-{month:02}-{day:02}"),
                    format!("{day:02}{month:02}{year}"),
                    format!("{day:02}.{month:02}.{year}"),
                ];
                texts.iter().find_map(|text| judge(text.as_bytes()))
            })
        })
    })
}

pub(super) const SUFFIXES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\0",
    b"0",
    b"1",
    b"2",
    b"3",
    b"4",
    b"5",
    b"6",
    b"7",
    b"8",
    b"9",
    b"00",
    b"01",
    b"10",
    b"11",
    b"12",
    b"13",
    b"21",
    b"22",
    b"23",
    b"42",
    b"69",
    b"77",
    b"88",
    b"99",
    b"007",
    b"111",
    b"123",
    b"321",
    b"420",
    b"666",
    b"777",
    b"1234",
    b"12345",
    b"123456",
    b"123456789",
    b"!",
    b"!!",
    b"?",
    b".",
    b"@",
    b"#",
    b"$",
    b"*",
    b"_",
    b"-",
    b"1!",
    b"123!",
    b"@123",
    b"#1",
    b"#123",
    b"_1",
    b"_123",
    b"-1",
    b"-123",
    b"-key",
    b"_key",
    b"key",
    b"Key",
    b"-secret",
    b"_secret",
    b"secret",
    b"password",
    b"-v1",
    b"-v2",
    b"v1",
    b"v2",
    b" ",
    b"=",
    b"2020",
    b"2021",
    b"2022",
    b"2023",
    b"2024",
    b"2025",
    b"2026",
    b"2024!",
    b"2025!",
    b"2026!",
    b"@2024",
    b"@2025",
    b"@2026",
    b"-dev",
    b"-prod",
    b"-test",
    b"_dev",
    b"_prod",
    b"_test",
    b"-production",
    b"_production",
    b"-staging",
    b"-local",
    b"-development",
];

/// Those that are tried with every digest.
pub(super) const FREQUENT_SUFFIXES: &[&[u8]] = &[b"\n", b"1", b"123", b"!", b"2024", b"2025", b"2026"];

pub(super) const FEW_SUFFIXES: &[&[u8]] = &[b"\n", b"1", b"123", b"!"];

/// Salts before or after a word, and keys or messages of an HMAC.
pub(super) const LABELS: &[&[u8]] = &[
    b"",
    b"salt",
    b"key",
    b"secret",
    b"password",
    b"strongroom",
    b"master",
    b"master-key",
    b"master_key",
    b"fernet",
    b"encryption",
    b"encryption-key",
    b"django",
    b"static_salt",
    b"pepper",
    b"mysalt",
    b"my-salt",
    b"somesalt",
    b"1",
    b"v1",
    b"SALT",
    b"abc",
];

pub(super) const HKDF_SALTS: &[Option<&[u8]>] = &[
    None,
    Some(b"salt"),
    Some(b"django-fernet-fields-hkdf-salt"),
    Some(b"strongroom"),
    Some(b"static_salt"),
    Some(b"mysalt"),
    Some(&[0; 16]),
    Some(&[0; 32]),
    Some(b"django-cryptography"),
    Some(b"somesalt"),
];

pub(super) const HKDF_INFOS: &[&[u8]] = &[
    b"",
    b"django-fernet-fields",
    b"info",
    b"key",
    b"encryption",
    b"master-key",
    b"strongroom",
    b"hkdf-example",
    b"fernet",
    b"hkdf",
    b"context",
    b"handshake data",
];
