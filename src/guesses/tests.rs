//! What is refused and what is not. The lists follow rules, and share nothing with the estimator but the alphabet.

use sha2::{Digest, Sha256};

use super::bits;

/// The bar of an import.
const BAR: u32 = 80;

/// SplitMix64: the same lists in each run.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 11).expect("53 bits") % bound
    }

    fn of<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    fn text(&mut self, alphabet: &str, len: usize) -> String {
        (0..len).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }

    fn word(&mut self) -> &'static str {
        self.of(WORDS)
    }

    /// Given in one of the ways that people write a word.
    fn written(&mut self) -> String {
        let word = self.word();
        match self.below(5) {
            0 => word.to_uppercase(),
            1 => format!("{}{}", word[..1].to_uppercase(), &word[1..]),
            2 => word.replace('a', "4").replace('e', "3").replace('o', "0").replace('s', "$"),
            _ => word.to_owned(),
        }
    }

    fn digits(&mut self, least: usize, most: usize) -> String {
        let len = least + self.below(most - least + 1);
        self.text(DECIMAL, len)
    }

    fn date(&mut self, mark: &str) -> String {
        format!("{}{mark}{:02}{mark}{:02}", 1990 + self.below(40), 1 + self.below(12), 1 + self.below(28))
    }

    fn uuid(&mut self, version: &str) -> String {
        let hex = |draws: &mut Self, len| draws.text(HEX, len);
        let (low, mid, high, node) = (hex(self, 8), hex(self, 4), hex(self, 3), hex(self, 12));
        format!("{low}-{mid}-{version}{high}-{}{}-{node}", self.text("89ab", 1), hex(self, 3))
    }
}

const DECIMAL: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER_HEX: &str = "0123456789ABCDEF";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOWER_CROCKFORD: &str = "0123456789abcdefghjkmnpqrstvwxyz";
const BASE36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
const BASE64URL: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const PRINTABLE: &str =
    "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// Alphabets with the fewest characters that give 96 bits.
const STRONG: &[(&str, &str, usize)] = &[
    ("decimal", DECIMAL, 29),
    ("hex", HEX, 24),
    ("upper hex", UPPER_HEX, 24),
    ("base32", BASE32, 20),
    ("Crockford", CROCKFORD, 20),
    ("lower Crockford", LOWER_CROCKFORD, 20),
    ("base36", BASE36, 19),
    ("base58", BASE58, 17),
    ("base62", BASE62, 17),
    ("base64", BASE64, 16),
    ("base64url", BASE64URL, 16),
    ("printable", PRINTABLE, 15),
];

const PREFIXES: &[&str] = &[
    "",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "sk-",
    "sk-proj-",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hf_",
    "shpat_",
    "SG.",
    "AKIA",
    "AIza",
    "key-",
    "whsec_",
    "tok_live_",
    "ghx_",
    "KEY-",
    "acme_",
    "acme_prod_",
    "api-",
    "Bearer-",
    "id:",
    "v1.",
];

/// Everyday words, those of services, and names.
const WORDS: &[&str] = &[
    "password",
    "secret",
    "admin",
    "welcome",
    "dragon",
    "monkey",
    "sunshine",
    "football",
    "shadow",
    "master",
    "summer",
    "winter",
    "autumn",
    "spring",
    "coffee",
    "orange",
    "banana",
    "purple",
    "yellow",
    "silver",
    "golden",
    "diamond",
    "thunder",
    "freedom",
    "whatever",
    "computer",
    "internet",
    "service",
    "billing",
    "invoice",
    "payment",
    "customer",
    "partner",
    "production",
    "staging",
    "testing",
    "development",
    "backend",
    "frontend",
    "database",
    "server",
    "gateway",
    "monitor",
    "report",
    "export",
    "import",
    "mobile",
    "android",
    "website",
    "company",
    "office",
    "manager",
    "support",
    "account",
    "default",
    "example",
    "sample",
    "demo",
    "token",
    "access",
    "london",
    "berlin",
    "paris",
    "madrid",
    "vienna",
    "tokyo",
    "chicago",
    "texas",
    "alice",
    "robert",
    "michael",
    "jennifer",
    "charlie",
    "daniel",
    "thomas",
    "andrea",
    "julia",
    "martin",
    "garden",
    "kitchen",
    "window",
    "mountain",
    "river",
    "ocean",
    "forest",
    "tiger",
    "eagle",
    "horse",
    "battery",
    "staple",
    "correct",
    "rocket",
    "planet",
    "galaxy",
    "guitar",
    "piano",
    "cheese",
    "chicken",
    "cookie",
    "pepper",
    "ginger",
    "hunter",
    "soccer",
    "hockey",
    "tennis",
    "legacy",
    "system",
    "network",
    "storage",
    "cluster",
    "worker",
    "queue",
    "logger",
    "metrics",
    "search",
    "product",
    "order",
];

/// What people take for tokens, each list by one rule.
fn weak_lists() -> Vec<(&'static str, Vec<String>)> {
    let mut draws = Draws(20_270_131);
    let mut list = |rule: fn(&mut Draws, usize) -> String| (0..400).map(|at| rule(&mut draws, at)).collect::<Vec<_>>();
    vec![
        ("a word with digits", list(|d, _| format!("{}{}", d.written(), d.digits(0, 6)))),
        (
            "a word, a year, a sign",
            list(|d, _| format!("{}{}{}", d.written(), 1990 + d.below(40), d.of(&["!", "#", "?", ""]))),
        ),
        ("two words with digits", list(|d, _| format!("{}{}{}", d.written(), d.written(), d.digits(0, 4)))),
        ("three words", list(|d, _| [d.word(), d.word(), d.word()].join(d.of_mark()))),
        ("four words", list(|d, _| [d.word(), d.word(), d.word(), d.word()].join(d.of_mark()))),
        ("a slug with a number", list(|d, at| format!("{}-{}-{}-{at:04}", d.word(), d.word(), d.word()))),
        ("an address", list(|d, _| format!("{}.{}@{}.com", d.word(), d.word(), d.word()))),
        (
            "a product key of few random characters",
            list(|d, at| {
                let tail = d.text(CROCKFORD, 6);
                format!("{}-{}-{:04}-{tail}", d.word().to_uppercase(), 2015 + d.below(12), at)
            }),
        ),
        (
            "a product key of three groups",
            list(|d, _| {
                let groups = [d.text(BASE32, 4), d.text(BASE32, 4), d.text(BASE32, 4)];
                format!("{}-{}", d.word().to_uppercase(), groups.join("-"))
            }),
        ),
        ("a sequential number", list(|d, at| format!("{}{}{:06}", d.word(), d.of_mark(), at * 7))),
        ("a long sequential number", list(|_, at| format!("{:024}", 1_000_000 + at))),
        ("a PIN", list(|d, _| d.digits(4, 10))),
        ("a number of up to 23 digits", list(|d, _| d.digits(11, 23))),
        ("8 to 12 characters of base62", list(|d, _| random(d, BASE62, 8, 12))),
        ("8 to 10 printable characters", list(|d, _| random(d, PRINTABLE, 8, 10))),
        ("12 to 16 characters of hex", list(|d, _| random(d, HEX, 12, 16))),
        (
            "a prefix and 8 to 12 characters",
            list(|d, _| {
                let prefix = d.of(&[
                    "sk_live_",
                    "ghp_",
                    "xoxb-",
                    "acme_",
                    "acmecorp-",
                    "billing_prod_",
                    "api_key_",
                    "KEY-",
                    "live_",
                ]);
                format!("{prefix}{}", random(d, BASE62, 8, 12))
            }),
        ),
        (
            "a repeated block",
            list(|d, _| {
                let block = random(d, BASE62, 1, 6);
                block.repeat(32 / block.len())
            }),
        ),
        ("a repeated word", list(|d, _| d.written().repeat(5))),
        (
            "a date",
            list(|d, _| {
                let mark = d.of(&["", "-", "/", "."]);
                d.date(mark)
            }),
        ),
        (
            "a date and a time",
            list(|d, _| format!("{}T{:02}{:02}{:02}Z", d.date(""), d.below(24), d.below(60), d.below(60))),
        ),
        ("a word and a date", list(|d, _| format!("{}-{}", d.word(), d.date("-")))),
        (
            "a run",
            list(|d, at| {
                let rows = [
                    "abcdefghijklmnopqrstuvwxyz",
                    "0123456789",
                    "qwertyuiopasdfghjklzxcvbnm",
                    "zyxwvutsrqponm",
                    "9876543210",
                ];
                let (one, other) = (rows[at % rows.len()], d.of(&rows));
                format!("{}{}", &one[d.below(4)..], &other[..10])
            }),
        ),
        ("one character", list(|d, at| d.text(BASE62, 1).repeat(8 + at % 40))),
        (
            "a UUID of version 1",
            list(|d, _| {
                let (time, sequence) = (d.text(HEX, 8), d.text(HEX, 3));
                format!("{time}-3f2a-11ee-8{sequence}-0242ac120002")
            }),
        ),
        (
            "base64 of a name and a password",
            list(|d, _| base64(&format!("{}:{}{}", d.word(), d.written(), d.digits(0, 4)))),
        ),
        (
            "hex of a text",
            list(|d, _| base16ct::lower::encode_string(format!("{}{}", d.written(), d.digits(0, 4)).as_bytes())),
        ),
        ("SHA-256 of a word", list(|d, _| base16ct::lower::encode_string(&Sha256::digest(d.word())))),
        #[cfg(feature = "strength")]
        ("MD5 of a word", list(|d, _| base16ct::lower::encode_string(&<md5::Md5 as md5::Digest>::digest(d.word())))),
        #[cfg(feature = "strength")]
        (
            "SHA-1 of a word",
            list(|d, _| base16ct::lower::encode_string(&<sha1::Sha1 as sha1::Digest>::digest(d.word()))),
        ),
    ]
}

impl Draws {
    fn of_mark(&mut self) -> &'static str {
        self.of(&["-", "_", ".", " ", ""])
    }
}

fn random(draws: &mut Draws, alphabet: &str, least: usize, most: usize) -> String {
    let len = least + draws.below(most - least + 1);
    draws.text(alphabet, len)
}

fn base64(text: &str) -> String {
    use base64ct::Encoding;
    base64ct::Base64::encode_string(text.as_bytes())
}

/// The frequent words miss some of a trade, such as invoice, frontend and metrics.
#[test]
fn of_the_weak_texts_99_in_100_are_refused_and_of_each_kind_nine_in_ten() {
    let lists = weak_lists();
    let taken = |texts: &[String]| texts.iter().filter(|text| bits(text) >= BAR).count();
    let counts: Vec<_> = lists.iter().map(|(rule, texts)| (rule, taken(texts), texts.len())).collect();
    assert!(counts.iter().all(|(_, taken, all)| taken * 10 <= *all), "{counts:?}");
    let [taken, all] = counts.iter().fold([0, 0], |[taken, all], (_, some, of)| [taken + some, all + of]);
    assert!(taken * 100 <= all, "{taken} of {all}: {counts:?}");
}

/// 96 bits are 16 more than the bar: see the module for why so few of them fall below it.
#[test]
fn of_random_tokens_of_96_bits_one_in_ten_thousand_at_most_is_refused() {
    let mut draws = Draws(96);
    let mut faults = vec![];
    for &(name, alphabet, len) in STRONG {
        let refused: Vec<_> = (0..10_000)
            .map(|at| format!("{}{}", PREFIXES[at % PREFIXES.len()], draws.text(alphabet, len)))
            .filter(|token| bits(token) < BAR)
            .collect();
        if refused.len() > 1 {
            faults.push(format!("{name}: {} of 10000: {refused:?}", refused.len()));
        }
    }
    let refused = (0..10_000).filter(|_| bits(&draws.uuid("4")) < BAR).count();
    assert!(faults.is_empty() && refused == 0, "{refused} UUIDs\n{}", faults.join("\n"));
}

#[test]
fn what_is_known_of_a_text_does_not_count() {
    let cases = [
        ("0123456789abcdef0123456789abcdef", 0..60),
        ("6f9619ff-8b86-4011-b42d-00cf4fc964ff", 122..123),
        ("018f3b1c-7d2e-7a3b-9c4d-5e6f7a8b9c0d", 84..85),
        ("6f9619ff-8b86-11d0-b42d-00cf4fc964ff", 37..38),
        ("01J3ZK5X7MQ8E4T2V9RWYZ3ABD", 90..91),
        ("d41d8cd98f00b204e9800998ecf8427e", 105..129),
        ("sk_live_", 0..50),
        ("", 0..1),
        ("=", 0..8),
        ("Zm9vOmJhcg==", 0..50),
        ("\u{1f511}\u{1f511}\u{1f511}\u{1f511}", 0..40),
    ];
    for (text, expected) in cases {
        assert!(expected.contains(&bits(text)), "{text}: {}", bits(text));
    }
    let random = "9m83fei8pNM5igsr4MGe";
    assert_eq!(bits(random), bits(&format!("acme_prod_{random}")));
    assert_eq!(bits(random), bits(&format!("sk_live_{random}")));
}

/// However long and however repetitive: a line of an import is judged in a moment.
#[test]
fn the_longest_texts_are_judged() {
    let mut draws = Draws(512);
    assert!(bits(&"a".repeat(512)) < 60);
    assert!(bits(&"password".repeat(64)) < 60);
    assert!(bits(&draws.text(BASE64URL, 512)) > 2_900);
    assert!(bits(&draws.text(DECIMAL, 512)) > 1_600);
    assert!(bits(&"\u{10ffff}".repeat(128)) < 60);
}

#[test]
fn a_key_that_is_pressed_again_is_a_repetition_and_no_way_along_a_keyboard() {
    assert_eq!(bits("11111trustEdd006COMPOUNDS"), 96);
}
