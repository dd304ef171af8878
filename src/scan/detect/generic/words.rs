//! What names say: a key that encrypts, something else that is called key, or nothing.

use super::statement::Statement;

/// How far the names speak for a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Judgement {
    /// They say that it is something else.
    Other,
    /// They say nothing.
    Silent,
    /// A key, a secret, or something that takes one.
    Likely,
    /// A key, and what it is for.
    Named,
    /// It is an argument that is a key.
    Taken,
}

/// Judges by the name that the literal is given: its last word says what it is, those before it what for. Where it says little,
/// what encloses the literal is part of the name.
pub(super) fn judge(statement: &Statement, enclosing: &dyn Fn() -> Vec<Vec<String>>) -> Judgement {
    if DIGESTS.iter().any(|digest| statement.prefix.contains(digest)) {
        return Judgement::Other;
    }
    let own = judge_name(&statement.name);
    if matches!(statement.name.iter().map(String::as_str).collect::<Vec<_>>()[..], [.., "primary", "key"])
        && own != Judgement::Named
    {
        return of_rows_unless_encryption(statement, &enclosing());
    }
    let mut judgement = match own {
        Judgement::Likely | Judgement::Silent => within(&statement.name, own, &enclosing()),
        own => own,
    };
    let strong = |word: String| is_any(STRONG, &word);
    if judgement == Judgement::Likely && is_bare(&statement.name) && statement.own && statement.beside().any(strong) {
        judgement = Judgement::Named;
    }
    if judgement == Judgement::Silent && statement.words().any(|word| is_any(STRONG, &word)) {
        judgement = Judgement::Likely;
    }
    judgement
}

/// `primary_key` is of Rails where encryption is near, and else of a table.
fn of_rows_unless_encryption(statement: &Statement, outer: &[Vec<String>]) -> Judgement {
    let strong = outer.iter().flatten().cloned().chain(statement.words()).any(|word| is_any(STRONG, &word));
    if strong { Judgement::Named } else { Judgement::Other }
}

/// Whether a name says that it is a key and no more.
fn is_bare(name: &[String]) -> bool {
    let words: Vec<_> = name.iter().filter(|word| !is_tail(word)).collect();
    words.len() < 2 && words.iter().all(|word| is_any(KEYS, word))
}

/// A name that says little, as part of the names of what it stands in.
fn within(name: &[String], own: Judgement, outer: &[Vec<String>]) -> Judgement {
    let mut words = name.to_vec();
    for outer in outer.iter().take(DEEPEST) {
        if outer == name {
            continue;
        }
        let theirs = judge_name(outer);
        let turned = outer.iter().any(|word| *word != "key" && is_turning(word));
        let is_key = own == Judgement::Likely && is_bare(name) && !name.iter().any(|word| is_any(STRONG, word));
        if theirs == Judgement::Other && (is_key || own == Judgement::Silent) || turned && is_key {
            return Judgement::Other;
        }
        words.splice(0..0, outer.iter().cloned());
        let strong = words.iter().any(|word| is_any(STRONG, word) || is_any(PLACES, word));
        let key = words.iter().any(|word| is_any(KEYS, word) && word != "token" && word != "password");
        if theirs == Judgement::Named || strong && key {
            return Judgement::Named;
        }
    }
    own
}

fn judge_name(name: &[String]) -> Judgement {
    let words: Vec<&str> = name.iter().map(String::as_str).filter(|word| !is_tail(word)).collect();
    let Some((head, modifiers)) = words.split_last() else { return Judgement::Silent };
    let joined = words.concat();
    let strong = words.iter().filter(|word| is_any(STRONG, word)).count() + usize::from(STRONG.contains(&&*joined));
    let turned = words[..words.len() - 1].iter().any(|word| is_turning(word));
    let private = words.iter().any(|word| matches!(*word, "private" | "secret" | "priv"));
    if DENIED.iter().any(|word| words.contains(word)) || !private && words.iter().any(|word| is_any(SIGNING, word)) {
        return Judgement::Other;
    }
    let wrapped = |word: &str| is_any(WRAPPED, word);
    let directly = modifiers.last().is_some_and(|word| wrapped(word));
    if is_any(KEYS, head) && (directly || wrapped(words[0]) && modifiers.iter().any(|word| is_any(WRAPPING, word))) {
        return Judgement::Other;
    }
    if is_any(KEYS, head) || KEYS.iter().any(|key| joined.ends_with(key) && joined.len() > key.len()) {
        let vouched = strong > 0 || words.contains(&"secret") && modifiers.iter().any(|word| !is_turning(word));
        return match (turned, vouched) {
            (true, _) if strong == 0 || modifiers.iter().any(|word| OPEN.contains(word)) => Judgement::Other,
            (_, true) => Judgement::Named,
            _ if *head == "token" || *head == "tokens" => Judgement::Silent,
            _ => Judgement::Likely,
        };
    }
    if OTHERS.contains(head) || OTHERS.contains(&&*joined) {
        return Judgement::Other;
    }
    if strong > 0 { Judgement::Likely } else { Judgement::Silent }
}

/// Whether two words together, or one alone, are what people call a master key.
pub(super) fn is_phrase(first: &str, second: &str) -> bool {
    let key = |word: &str| matches!(word, "key" | "keys" | "secret" | "keyring");
    STRONG.contains(&first) && key(second) || KEYS.iter().any(|key| *key == first && STRONG.contains(key))
}

/// Whether a sentence with this word is about something else.
pub(super) fn is_denial(word: &str) -> bool {
    OPEN.contains(&word)
        || DENIED.contains(&word)
        || SIGNING.contains(&word)
        || DIGEST_WORDS.contains(&word)
        || is_any(SAID, word)
}

fn is_turning(word: &str) -> bool {
    TURNING.contains(&word) || OPEN.contains(&word)
}

/// Whether the line is about digests: half of all hexadecimal of this length is one.
pub(super) fn speaks_of_digests(statement: &Statement, judgement: Judgement) -> bool {
    if judgement == Judgement::Taken {
        return false;
    }
    let words = statement.words().collect::<Vec<_>>();
    // What is named as a key may have other settings beside it, and their hash.
    let remark = ["#", "//", "/*", "--"].iter().filter_map(|mark| statement.after.find(mark)).min();
    let after = match judgement {
        Judgement::Named | Judgement::Taken => &statement.after[remark.unwrap_or(statement.after.len())..],
        _ => &statement.after,
    };
    words.iter().any(|word| DIGEST_WORDS.contains(&word.as_str()))
        || DIGEST_WORDS.iter().any(|word| after.contains(word))
}

/// The name of the rule.
pub(super) fn rule(statement: &Statement, kind: &str) -> &'static str {
    let words = statement.words().collect::<Vec<_>>();
    let has = |wanted: &str| words.iter().any(|word| word.contains(wanted));
    let by_name = RULES.iter().find(|(word, _)| has(word)).map(|(_, rule)| *rule);
    by_name.unwrap_or(match kind {
        "hex" | "hex-in-pieces" => "hex-key",
        "byte-array" | "word-array" => "byte-array-key",
        "escapes" => "escaped-key",
        "text" => "text-key",
        _ => "base64-key",
    })
}

/// Words behind the one that says what something is.
fn is_tail(word: &str) -> bool {
    TAILS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_any(words: &[&str], word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    words.contains(&stem) || words.contains(&word)
}

/// What is encrypted with, or with what.
#[rustfmt::skip]
const STRONG: &[&str] = &[
    "aead", "aes", "aescbc", "aesctr", "aesgcm", "aessiv", "aesgcmsiv", "airflow", "appkey", "cek", "chacha", "chacha20poly1305", "cipher",
    "ciphers", "cmk", "credential", "credentials", "cryptor", "crypt", "cryptography", "decipher", "decrypt", "decryption", "dek",
    "enc", "encipher", "encrypt", "encrypted", "encryption", "encryptor", "fernet", "hkdf", "kek", "keyring", "kms", "lockbox", "master",
    "masterkey", "multifernet", "nacl", "poly1305", "psk", "rails", "rijndael", "root", "salsa", "sealing", "secretbox", "secretkeyspec",
    "sodium", "sqlcipher", "strongroom", "symmetric", "tink", "unseal", "vault", "wrapping", "xchacha", "xsalsa", "luks",
    "chiffrement", "cifrado", "cifratura", "criptografia", "haupt", "hauptschluessel", "maestra", "maitre", "mestra", "shifrovaniya", "verschluesselung",
    "verschluesselungsschluessel", "versleuteling",
];

/// What a key is called.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "key", "keys", "secret", "secrets", "masterkey", "secretkey", "passkey", "passphrase", "kek", "dek", "cek", "cmk", "psk", "token",
    "tokens", "password", "keymaterial", "keybase", "keyfile", "secretkeybase", "ikm", "pepper",
    "chave", "chiave", "clave", "cle", "clef", "klyuch", "schluessel", "sleutel",
];

/// What a key is that another key has encrypted: `encrypted_dek`, `wrapped_key`, `encrypted_data_key`.
const WRAPPED: &[&str] = &["encrypted", "wrapped", "sealed", "enciphered"];

/// What stands between the two.
const WRAPPING: &[&str] = &["data", "master", "private", "secret", "session", "content", "symmetric"];

/// What is called key and is no secret, or is no key that encrypts.
#[rustfmt::skip]
const TURNING: &[&str] = &[
    "access", "answer", "api", "attribute", "blinded", "bucket", "cache", "certificate", "column", "composite", "dedup", "dedupe", "device", "dict",
    "document", "etag", "event", "foreign", "group", "host", "idempotency", "identity", "index", "item", "join", "key", "lock", "lookup",
    "map", "memo", "message", "metric", "natural", "object", "onion", "page", "partition", "peer", "primary", "query", "recaptcha",
    "record", "request", "routing", "row", "s3", "server", "shard", "shared", "site", "slot", "sort", "span", "ssh", "storage", "surrogate", "table", "trace",
    "unique", "upload", "user", "vapid",
];

/// What a key is that everybody may know.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "disco", "pub", "public", "publickey", "publishable", "verification", "verifier", "verify", "verifying", "verkey",
];

/// Keys that sign: what is not called private or secret is the public half.
const SIGNING: &[&str] =
    &["bls", "curve25519", "ecdsa", "ed25519", "ed448", "edkey", "nistp256", "secp256k1", "x25519"];

/// What a sentence is about when it is about no key that encrypts.
const SAID: &[&str] = &["address", "commit", "derived", "id", "merge", "branch", "signature", "signed", "txid"];

/// Places that hold what encrypts.
const PLACES: &[&str] = &["crypto", "cryptography", "encryption", "protection", "security", "vaults"];

/// How many names around a name are part of it.
const DEEPEST: usize = 3;

/// Words that say that a value is no secret, wherever they stand in its name.
const DENIED: &[&str] = &[
    "example",
    "dummy",
    "expected",
    "fake",
    "placeholder",
    "sample",
    "pubkey",
    "fingerprint",
    "digest",
    "checksum",
    "sha256",
    "integrity",
    "discokey",
    "dnskey",
    "mkey",
    "nodekey",
];

/// What a value is that is no key.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "aad", "address", "asset", "blob", "block", "bundle", "cert", "certificate", "challenge", "checksum", "checksums", "cid", "ciphertext",
    "ciphertexts", "ciphervalue", "code", "commit", "cookie", "csrf", "cursor", "digest", "digests", "encrypted", "etag", "expected", "file", "fingerprint", "hash", "hashes",
    "head", "id", "ids", "image", "integrity", "iv", "kid", "layer", "mac", "manifest", "md5", "narhash", "nonce", "output",
    "parent", "pin", "pins", "plaintext", "proof", "pubkey", "rev", "revision", "root", "salt", "seed", "seeds", "sha", "sha1", "sha256", "sha512",
    "sig", "signature", "snapshot", "spki", "state", "sum", "tag", "thumbprint", "transaction", "tree", "unity", "tx", "txid", "url",
    "uuid", "vendor", "verifier", "hmac", "record", "was", "checkpoint", "message", "msg", "ct", "pt", "result", "output",
];

const TAILS: &[&str] = &[
    "a",
    "b",
    "b64",
    "base64",
    "hex",
    "bytes",
    "byte",
    "b58",
    "current",
    "default",
    "development",
    "dev",
    "prod",
    "production",
    "staging",
    "old",
    "new",
    "next",
    "prev",
    "previous",
    "primary",
    "secondary",
    "raw",
    "str",
    "string",
    "test",
    "v",
    "v1",
    "v2",
    "v3",
    "value",
    "encoded",
    "env",
    "data",
    "one",
    "two",
    "len",
    "material",
    "array",
    "const",
    "literal",
    "text",
    "url",
    "base",
    "part",
    "spec",
    "from",
    "fromhex",
    "frombase",
    "of",
    "decode",
    "parse",
];

/// What stands directly before a digest, or before what was encrypted.
const DIGESTS: &[&str] =
    &["sha256-", "sha256:", "sha384-", "sha512-", "sha512:", "blake3:", "md5:", "h1:", "base64,", "sha256/", "vault:v"];

const DIGEST_WORDS: &[&str] = &[
    "sha256",
    "sha-256",
    "sha512",
    "sha",
    "digest",
    "checksum",
    "hash",
    "hashes",
    "integrity",
    "commit",
    "fingerprint",
    "thumbprint",
];

const RULES: &[(&str, &str)] = &[
    ("strongroom", "strongroom-master-key"),
    ("airflow", "airflow-fernet-key"),
    ("fernet", "fernet-key"),
    ("lockbox", "lockbox-master-key"),
    ("rails", "rails-master-key"),
    ("aescbc", "kubernetes-encryption-key"),
    ("secretbox", "secretbox-key"),
    ("unseal", "vault-unseal-key"),
    ("n8n", "n8n-encryption-key"),
];
