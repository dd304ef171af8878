//! Tokens: the whole strings that clients send, made and parsed strictly.

mod id;

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::{Drawn, RandomError, SecretText};

pub use id::ApiKeyId;

/// A token of strongroom's own: `<prefix>_<id><secret><check>` (docs/format.md, Tokens).
pub(crate) struct Token<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) id: ApiKeyId,
    pub(crate) secret: &'a str,
}

/// What a presented string looks like.
pub(crate) enum Shape<'a> {
    /// A token with a right check.
    Token(Token<'a>),
    /// The shape of a token, and a wrong check: a typo, or a cut-and-paste gone wrong.
    Damaged,
    /// Anything else; perhaps an imported token.
    Foreign,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        match Token::split(text) {
            None => Self::Foreign,
            Some((body, check)) if check_characters(body) != check.as_bytes() => Self::Damaged,
            Some((body, _)) => Token::from_body(body).map_or(Self::Foreign, Self::Token),
        }
    }
}

impl<'a> Token<'a> {
    /// Writes the token of an API key.
    pub(crate) fn compose(prefix: &str, id: ApiKeyId, secret: &str) -> SecretText {
        // Sized first: growing would leave copies behind.
        let mut text = String::with_capacity(prefix.len() + 1 + ID_LEN + SECRET_LEN + CHECK_LEN);
        text.push_str(prefix);
        text.push('_');
        text.push_str(id.encode(&mut [0; ID_LEN]));
        text.push_str(secret);
        let check = check_characters(&text);
        text.extend(check.map(char::from));
        SecretText::new(text)
    }

    /// 43 uniformly random base62 characters: 256 bits.
    pub(crate) fn random_secret() -> Result<SecretText, RandomError> {
        Self::drawn_secret(&mut Drawn::about(SECRET_RANDOM_LEN))
    }

    /// The same from bytes that are drawn for many.
    pub(crate) fn drawn_secret(drawn: &mut Drawn) -> Result<SecretText, RandomError> {
        let mut secret = String::with_capacity(SECRET_LEN);
        let mut bytes = Zeroizing::new([0; SECRET_RANDOM_LEN]);
        while secret.len() < SECRET_LEN {
            drawn.fill(bytes.as_mut())?;
            // 248 is the greatest multiple of 62 in a byte; taking the others as well would favour the first letters.
            let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(BASE62[usize::from(byte % 62)]));
            secret.extend(fair.take(SECRET_LEN - secret.len()));
        }
        Ok(SecretText::new(secret))
    }

    /// Separates the check from the rest when lengths and alphabets are those of a token.
    fn split(text: &'a str) -> Option<(&'a str, &'a str)> {
        let (rest, check) = text.split_at_checked(text.len().checked_sub(CHECK_LEN)?)?;
        let (rest, secret) = rest.split_at_checked(rest.len().checked_sub(SECRET_LEN)?)?;
        let (rest, id) = rest.split_at_checked(rest.len().checked_sub(ID_LEN)?)?;
        let prefix = rest.strip_suffix('_')?;
        let body = &text[..text.len() - CHECK_LEN];
        let base62 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_prefix(prefix) && id.parse::<ApiKeyId>().is_ok() && base62(secret) && base62(check))
            .then_some((body, check))
    }

    fn from_body(body: &'a str) -> Option<Self> {
        let (rest, secret) = body.split_at_checked(body.len().checked_sub(SECRET_LEN)?)?;
        let (rest, id) = rest.split_at_checked(rest.len().checked_sub(ID_LEN)?)?;
        Some(Self { prefix: rest.strip_suffix('_')?, id: id.parse().ok()?, secret })
    }
}

/// What a record keeps of a secret: the SHA-256 of its text. Secrets are 256 random bits, so nothing slower is
/// needed, and no decoding step stands where its timing could tell.
pub(crate) fn secret_digest(secret: &str) -> [u8; 32] {
    digest_of(secret.as_bytes())
}

/// The same of a secret that is at hand as bytes.
pub(crate) fn digest_of(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Whether `prefix` is `[a-z0-9_]{1,20}`.
pub(crate) fn is_prefix(prefix: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=MAX_PREFIX_LEN).contains(&prefix.len()) && prefix.bytes().all(allowed)
}

/// The CRC-32 of `body` as six base62 digits, the highest first.
fn check_characters(body: &str) -> [u8; CHECK_LEN] {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut check = [0; CHECK_LEN];
    for character in check.iter_mut().rev() {
        *character = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    check
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token({})", self.id)
    }
}

/// The prefix of API keys that ask for none.
pub(crate) const DEFAULT_PREFIX: &str = "sr";
pub(crate) const MAX_PREFIX_LEN: usize = 20;
/// Imported tokens may be any text of 1 to this many bytes.
pub(crate) const MAX_IMPORTED_LEN: usize = 512;
const ID_LEN: usize = ApiKeyId::TEXT_LEN;
const SECRET_LEN: usize = 43;
/// Bytes that are drawn for one: nearly always enough.
const SECRET_RANDOM_LEN: usize = 64;
const CHECK_LEN: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> String {
        let secret = Token::random_secret().expect("random");
        Token::compose("sr", ApiKeyId::from_bytes([7; 16]), secret.expose()).expose().to_owned()
    }

    fn is_token(text: &str) -> bool {
        matches!(Shape::of(text), Shape::Token(_))
    }

    #[test]
    fn a_token_parses_into_its_parts() {
        let secret = Token::random_secret().expect("random");
        let id = ApiKeyId::from_bytes([0x01; 16]);
        for prefix in ["sr", "a", "my_app_live", "12345678901234567890", "_"] {
            let text = Token::compose(prefix, id, secret.expose());
            let Shape::Token(token) = Shape::of(text.expose()) else { panic!("{prefix}") };
            assert_eq!((token.prefix, token.id, token.secret), (prefix, id, secret.expose()));
        }
    }

    #[test]
    fn any_changed_character_is_noticed_without_the_store() {
        let good = sample();
        for at in 0..good.len() {
            for other in ['0', 'z', 'A', '_', '-', 'é'] {
                let mut changed = good.clone();
                changed.replace_range(at..=at, &other.to_string());
                assert!(changed == good || !is_token(&changed), "{at} {other}");
            }
        }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let good = sample();
        let long = format!("{}{good}", "x".repeat(19));
        for bad in
            [good.to_uppercase(), format!("{good} "), format!(" {good}"), good[1..].into(), good[..40].into(), long]
        {
            assert!(!is_token(&bad), "{bad}");
        }
        assert!(is_token(&good));
    }

    #[test]
    fn secrets_use_every_character_evenly() {
        let mut counts = [0_u32; 256];
        for _ in 0..20_000 {
            Token::random_secret().expect("random").expose().bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        }
        let used: Vec<_> = counts.into_iter().filter(|count| *count > 0).collect();
        assert_eq!((used.len(), used.iter().sum::<u32>()), (62, 860_000));
        // The mean is 13,871 and the standard deviation 117: ten of them never happen by chance.
        assert!(used.iter().all(|count| count.abs_diff(13_871) < 1_170), "{used:?}");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,120}") {
            let _ = Shape::of(&text);
        }
    }
}
