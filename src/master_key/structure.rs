//! Whether a key belongs to a set so small that chance does not lead there: patterns, texts, paddings, short recurrences.
//!
//! Each test is a generator with a short description: it fires on at most 2^T of the 2^256 keys, so on a random one with
//! a probability of at most 2^(T-256). The bounds stand beside the tests, docs/master-keys.md derives them, and their sum
//! over all that refuse is below 2^-30.

mod alphabet;
mod describe;
mod halves;
mod known;
mod linear;
mod sequence;
mod spelled;

use super::finding::{Finding, Severity};
use alphabet::Key;

/// The most telling finding about the shape of a key; the tests stand in that order.
pub(super) fn check(key: &Key) -> Option<Finding> {
    let gravest = |severity: Severity| TESTS.iter().find(move |test| test.severity == severity && (test.fires)(key));
    let test = [Severity::Refuse, Severity::Warn, Severity::Notice].into_iter().find_map(gravest)?;
    Some(Finding::new(test.id, test.severity, test.what))
}

struct Test {
    id: &'static str,
    severity: Severity,
    /// Base-2 logarithm of an upper bound of the probability that a random key fires it.
    #[cfg_attr(not(test), allow(dead_code, reason = "the sum is checked by a test"))]
    bound: f64,
    fires: fn(&Key) -> bool,
    what: &'static str,
}

const fn refuse(id: &'static str, bound: f64, fires: fn(&Key) -> bool, what: &'static str) -> Test {
    Test { id, severity: Severity::Refuse, bound, fires, what }
}

const fn warn(id: &'static str, bound: f64, fires: fn(&Key) -> bool, what: &'static str) -> Test {
    Test { id, severity: Severity::Warn, bound, fires, what }
}

const fn notice(id: &'static str, bound: f64, fires: fn(&Key) -> bool, what: &'static str) -> Test {
    Test { id, severity: Severity::Notice, bound, fires, what }
}

const TESTS: &[Test] = &[
    refuse("one-byte", -248.0, alphabet::one_byte, "all 32 bytes are the same"),
    refuse("short-period", -46.0, sequence::repeats, "it repeats itself, or its complement, with a short period"),
    refuse("even-steps", -240.0, sequence::even_steps, "each byte differs from the one before by the same amount"),
    refuse("text-digits", -149.0, alphabet::digits, "its bytes are decimal digits, not random bytes"),
    refuse("text-uuid", -128.0, alphabet::uuid_text, "its bytes are the text of a UUID, not random bytes"),
    refuse("text-hex", -113.0, alphabet::hex_text, "its bytes are hexadecimal text: 128 bits at the most"),
    refuse(
        "text-base64",
        -63.0,
        alphabet::base64_text,
        "its bytes are base64 or letters and digits: 192 bits at the most",
    ),
    refuse("text", -44.3, alphabet::text, "its bytes are readable text, such as a passphrase, not random bytes"),
    refuse("text-utf8", -34.0, alphabet::utf8_text, "its bytes are text in UTF-8, not random bytes"),
    refuse("decimal-coded", -43.0, alphabet::decimal_coded, "its bytes are decimal digits, two in each byte"),
    refuse(
        "spelled-words",
        -40.0,
        spelled::words,
        "its 44 characters are readable words, not an encoding of random bytes",
    ),
    refuse("spelled-narrow", -33.8, spelled::narrow, "its 44 characters leave out most of the alphabet of base64"),
    refuse("known-sequence", -174.0, known::known, "it is a well-known sequence, such as a counter, primes or squares"),
    refuse("polynomial", -44.0, sequence::polynomial, "its words follow a polynomial, such as a counter"),
    refuse("linear-congruence", -61.0, sequence::congruential, "its words follow a linear congruence"),
    refuse("recurrence", -170.0, sequence::recurrence, "its words follow a linear recurrence, such as Fibonacci's"),
    refuse(
        "text-masked",
        -37.2,
        alphabet::masked_text,
        "its bytes are readable text under a constant mask or a rotation of bits",
    ),
    refuse("constant-column", -42.0, sequence::constant_columns, "every second, fourth or eighth byte is the same"),
    refuse("close-words", -40.6, sequence::close_words, "its words are numbers close to one another, such as times"),
    refuse("one-run", -35.2, sequence::long_run, "six or more bytes in a row are the same, as in a padded key"),
    refuse("even-run", -35.3, sequence::long_slope, "seven or more bytes in a row rise or fall by the same amount"),
    refuse("repeated-block", -37.2, sequence::repeated_block, "a block of six bytes stands in it twice"),
    refuse("related-halves", -38.3, halves::related, "one half, or every second byte, follows from the other"),
    refuse("related-quarters", -37.0, halves::related_quarters, "one quarter follows from another"),
    refuse(
        "weak-half",
        -33.5,
        halves::weak,
        "one half is a pattern or a text: the half that signs, or the half that encrypts, is weak",
    ),
    refuse("shift-register", -38.0, linear::short_register, "a short shift register generates it"),
    refuse("few-values", -37.6, alphabet::few_values, "it is made of 18 or fewer different bytes"),
    refuse("few-steps", -37.3, alphabet::few_steps, "its bytes differ from one to the next by few amounts"),
    refuse("few-nibbles", -38.5, alphabet::few_nibbles, "its hexadecimal digits are of few kinds"),
    refuse("narrow-range", -34.4, alphabet::narrow_range, "its bytes lie in a narrow range of values"),
    refuse("bit-pattern", -48.5, alphabet::flat, "two or more bits of every byte follow from the others"),
    refuse("multiples", -48.7, alphabet::multiples, "its bytes are all of one remainder, such as multiples of 3"),
    refuse("few-bits", -37.6, alphabet::few_bits, "far too few, or too many, of its bits are set"),
    refuse("sorted", -41.5, alphabet::sorted, "its bytes are in sorted order"),
    refuse(
        "short-description",
        -39.0,
        describe::short,
        "it is mostly repetition, steps or text: a short rule describes it",
    ),
    refuse("seven-bit", -32.0, alphabet::seven_bit, "no byte has its highest bit set, as in text"),
    warn("eight-bit", -32.0, alphabet::eight_bit, "every byte has its highest bit set"),
    warn(
        "constant-bit",
        -27.8,
        alphabet::constant_bit,
        "one bit is the same in every byte, or each byte has even or odd parity",
    ),
    warn("run-of-five", -27.1, sequence::run_of_five, "five bytes in a row are the same"),
    warn("block-of-five", -31.4, sequence::block_of_five, "a block of five bytes stands in it twice"),
    warn("time-ordered-ids", -34.9, halves::time_ordered_ids, "its halves look like time-ordered UUIDs"),
    notice(
        "printable-half",
        -21.8,
        halves::printable,
        "one half is printable text: Fernet signs with the first half and encrypts with the second",
    ),
];

#[cfg(test)]
mod tests;
