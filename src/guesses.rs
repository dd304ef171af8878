//! How many guesses a text from elsewhere withstands, in bits: an upper bound, the length of the shortest description of it.
//!
//! Each description is a code: of all texts of one length, no more than 2^k have one of k bits. So of random tokens of 96 bits no
//! more than 2^-16 for each code fall below 80, and what is random is not taken for weak however many patterns are tried. What is
//! taken off without a price, such as a prefix, has to stand in few random texts, and says in how many.

mod alphabet;
mod disguise;
mod prefix;
mod segments;
#[cfg(test)]
mod tests;
mod uuid;
mod vocabulary;

use segments::Single;
use zeroize::Zeroizing;

/// The bits of the shortest description of this text, rounded down. Its length and what says whose token it is cost nothing.
pub(crate) fn bits(text: &str) -> u32 {
    // At most 512 characters of 21 bits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
    let bits = estimate(text, DISGUISES) as u32;
    bits
}

fn estimate(text: &str, disguises: usize) -> f64 {
    let (body, prefix) = prefix::without(text);
    let body = disguise::without_padding(body);
    let mut least = uuid::bits(body).unwrap_or(f64::INFINITY).min(described(body));
    if let Some(joined) = joined(body) {
        least = least.min(described(&joined));
    }
    if disguise::is_digest_of_a_word(body) {
        least = least.min(DIGEST);
    }
    if disguises > 0 {
        let inner = disguise::texts(body).into_iter().map(|text| estimate(&text, disguises - 1) + 1.0);
        least = inner.fold(least, f64::min);
    }
    prefix + least
}

fn described(text: &str) -> f64 {
    let characters = Zeroizing::new(text.chars().collect::<Vec<_>>());
    let each = alphabet::bits_each(characters.iter().copied());
    #[expect(clippy::cast_precision_loss, reason = "short")]
    let plain = each * characters.len() as f64;
    // Marks may also stand only between segments, and the rest be of a smaller alphabet.
    let between = alphabet::bits_each(characters.iter().copied().filter(|c| !segments::is_mark(*c)));
    let singles = [Single { mark: each, other: each }, Single { mark: f64::INFINITY, other: between }];
    let singles = if characters.iter().any(|c| segments::is_mark(*c)) { &singles[..] } else { &singles[..1] };
    plain.min(alphabet::adaptive(&characters, each)).min(segments::shortest(&characters, singles))
}

/// Groups of one length without the marks between them, as in product keys. Of 16 characters of base64url 2^-16 have three such marks,
/// and far fewer two and letters of one case only.
fn joined(text: &str) -> Option<Zeroizing<String>> {
    let mark = text.chars().find(|c| ['-', '_', '.', ' '].contains(c))?;
    let groups: Vec<_> = text.split(mark).collect();
    let (last, whole) = groups.split_last()?;
    let len = whole.first()?.len();
    let has = |class: fn(&u8) -> bool| text.bytes().any(|c| class(&c));
    let least = if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) { 3 } else { 2 };
    let regular = (3..=8).contains(&len)
        && whole.len() >= least
        && whole.iter().all(|group| group.len() == len)
        && groups.iter().all(|group| group.bytes().all(|c| c.is_ascii_alphanumeric()));
    if !regular || last.len() > len {
        return None;
    }
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    for group in groups {
        joined.push_str(group);
    }
    Some(joined)
}

/// A digest, and one of the frequent words.
const DIGEST: f64 = 18.0;
/// Base64 of hexadecimal, and the like.
const DISGUISES: usize = 2;
