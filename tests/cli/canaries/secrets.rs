//! What must not be said, and where it is heard all the same.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use regex::Regex;
use sha2::{Digest, Sha256};

/// What a canary is of, as bits of what may be shown.
pub(crate) type Kinds = u8;
pub(crate) const NOTHING: Kinds = 0;
pub(crate) const MASTER_KEY: Kinds = 1;
pub(crate) const TOKEN: Kinds = 1 << 1;
pub(crate) const SHARE: Kinds = 1 << 2;
pub(crate) const VERIFIER_KEY: Kinds = 1 << 3;
pub(crate) const IDENTITY: Kinds = 1 << 4;
pub(crate) const ATTRIBUTE: Kinds = 1 << 5;
pub(crate) const REASON: Kinds = 1 << 6;

/// Every secret so far, cut into all its pieces of 12 bytes.
#[derive(Default)]
pub(crate) struct Secrets {
    pieces: HashMap<[u8; PIECE], Kinds>,
    /// Three words of a share each: two may stand beside one another in any text.
    words: HashMap<String, Kinds>,
    /// Files that were learned already.
    read: HashSet<PathBuf>,
}

impl Secrets {
    /// Everything that stands in this text and looks like a secret is one from now on.
    pub(crate) fn learn(&mut self, text: &str) {
        TOKENS.find_iter(text).for_each(|token| self.token(token.as_str()));
        KEYS.captures_iter(text).for_each(|key| self.master_key(&key[1]));
        VERIFIER_KEYS.find_iter(text).for_each(|key| self.verifier_key(key.as_str()));
        SHARES.find_iter(text).for_each(|share| self.share(share.as_str()));
        self.words(text);
    }

    pub(crate) fn plain(&mut self, kind: Kinds, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= PIECE, "a canary is long enough to be told from anything else");
        self.pieces.extend(secret.windows(PIECE).map(|piece| (piece.try_into().expect("so long"), kind)));
    }

    pub(crate) fn master_key(&mut self, text: &str) {
        let raw = Base64Url::decode_vec(text).expect("a master key");
        self.in_every_writing(MASTER_KEY, &raw);
        self.plain(MASTER_KEY, text);
        for hashed in [&raw[..], text.as_bytes(), text.trim_end_matches('=').as_bytes()] {
            self.in_every_writing(MASTER_KEY, &Sha256::digest(hashed));
        }
    }

    /// Without its prefix and its id, which are no secret.
    pub(crate) fn token(&mut self, token: &str) {
        let secret = &token[token.len() - 49..];
        self.plain(TOKEN, secret);
        for hashed in [token, secret, &secret[..43]] {
            self.in_every_writing(TOKEN, &Sha256::digest(hashed));
        }
    }

    /// Vault, version, fingerprint and set stand before what is secret.
    fn share(&mut self, share: &str) {
        let bytes = Base64UrlUnpadded::decode_vec(&share[5..]).expect("a share");
        self.plain(SHARE, &share[60..]);
        self.in_every_writing(SHARE, &bytes[41..]);
    }

    fn verifier_key(&mut self, key: &str) {
        let bytes = Base64UrlUnpadded::decode_vec(&key[5..]).expect("a verifier key");
        self.plain(VERIFIER_KEY, &key[37..]);
        self.in_every_writing(VERIFIER_KEY, &bytes[24..]);
    }

    fn words(&mut self, text: &str) {
        let text = text.replace("\\n", "\n").replace('"', "\n");
        let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let of_a_share = |line: &Vec<&str>| line.len() == WORDS_A_LINE && line.iter().all(|word| is_word(word));
        let words: Vec<_> = lines.filter(of_a_share).flatten().collect();
        for share in words.chunks_exact(SHARE_WORDS) {
            self.words.extend(share[PUBLIC_WORDS..].windows(3).map(|three| (three.join(" "), SHARE)));
        }
    }

    fn in_every_writing(&mut self, kind: Kinds, bytes: &[u8]) {
        let hex = base16ct::lower::encode_string(bytes);
        self.plain(kind, bytes);
        self.plain(kind, hex.to_uppercase());
        self.plain(kind, hex);
        self.plain(kind, Base64::encode_string(bytes));
        self.plain(kind, Base64Url::encode_string(bytes));
        self.plain(kind, Base64Unpadded::encode_string(bytes));
    }

    /// The first piece of a secret of another kind than these.
    pub(crate) fn heard(&self, said: &[u8], allowed: Kinds) -> Option<String> {
        let piece = said.windows(PIECE).find(|piece| {
            let kind = self.pieces.get::<[u8; PIECE]>((*piece).try_into().expect("so long"));
            kind.is_some_and(|kind| kind & allowed == 0)
        });
        let words = || {
            let said = String::from_utf8_lossy(said).replace("\\n", " ");
            let words: Vec<_> = said.split_ascii_whitespace().collect();
            let mut threes = words.windows(3).map(|three| three.join(" "));
            threes.find(|three| self.words.get(three).is_some_and(|kind| kind & allowed == 0))
        };
        piece.map(|piece| String::from_utf8_lossy(piece).into_owned()).or_else(words)
    }

    /// What looks like a secret that nobody has heard of, such as those of a scratch vault.
    pub(crate) fn lookalike(said: &str, allowed: Kinds) -> Option<String> {
        let kinds = [(&TOKENS, TOKEN), (&KEYS, MASTER_KEY), (&VERIFIER_KEYS, VERIFIER_KEY), (&SHARES, SHARE)];
        let shown = kinds.into_iter().filter(|(_, kind)| kind & allowed == 0);
        shown.filter_map(|(pattern, _)| pattern.find(said)).map(|found| found.as_str().to_owned()).next()
    }

    /// Learns what was written into the files that may hold secrets.
    pub(crate) fn learn_from_files(&mut self, folder: &Path) {
        for path in files(folder).into_iter().filter(|path| may_hold_secrets(path)) {
            if self.read.insert(path.clone()) {
                self.learn(&String::from_utf8_lossy(&fs::read(path).expect("read")));
            }
        }
    }

    /// Looks for secrets in all other files.
    pub(crate) fn heard_in_files(&self, folder: &Path) -> Option<String> {
        files(folder).into_iter().filter(|path| !may_hold_secrets(path)).find_map(|path| {
            let bytes = fs::read(&path).expect("read");
            // What is encrypted as text ends with a line that looks like a key when its length is that of one.
            let strange = || Self::lookalike(&String::from_utf8_lossy(&bytes), NOTHING);
            let heard = self.heard(&bytes, REASON).or_else(|| if bytes.starts_with(ARMOR) { None } else { strange() });
            heard.map(|heard| format!("{} holds {heard}", path.display()))
        })
    }

    /// How many pieces are looked for.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len() + self.words.len()
    }
}

fn is_word(word: &str) -> bool {
    WORDS.binary_search(&word).is_ok()
}

/// By its name, or that of the folder it is in.
fn may_hold_secrets(path: &Path) -> bool {
    path.iter().any(|name| name.to_string_lossy().starts_with("secret"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const PIECE: usize = 12;
const SHARE_WORDS: usize = 56;
const WORDS_A_LINE: usize = 7;
/// Of 11 bits each, before the 41st byte ends.
const PUBLIC_WORDS: usize = 30;

static TOKENS: LazyLock<Regex> =
    LazyLock::new(|| pattern("[a-z0-9_]{1,20}_[0-7][0-9a-hjkmnp-tv-z]{25}[0-9A-Za-z]{49}"));
static KEYS: LazyLock<Regex> = LazyLock::new(|| pattern("(?:^|[^A-Za-z0-9_=-])([A-Za-z0-9_-]{43}=)"));
static VERIFIER_KEYS: LazyLock<Regex> = LazyLock::new(|| pattern("srv1-[A-Za-z0-9_-]{80}"));
static SHARES: LazyLock<Regex> = LazyLock::new(|| pattern("srs1-[A-Za-z0-9_-]{103}"));
static WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../../src/key_share/words.txt").lines().collect());

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}
