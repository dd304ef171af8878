//! What people write: passwords, words and names by frequency, and the pairs of letters that words are made of.

/// Passwords, words and names, the most frequent first (docs/master-keys.md tells where from).
pub(crate) fn frequent() -> std::str::Lines<'static> {
    FREQUENT.lines()
}

/// Whether words have these two letters side by side often: four of five pairs in 58,000 words, one of four in what is random.
pub(crate) fn is_spoken(first: u8, second: u8) -> bool {
    let [first, second] = [first, second].map(|letter| letter.to_ascii_lowercase());
    first.is_ascii_lowercase() && PAIRS[usize::from(first - b'a')].contains(&second)
}

const FREQUENT: &str = include_str!("words/frequent.txt");

/// What follows each letter of the alphabet often: 170 pairs.
const PAIRS: [&[u8]; 26] = [
    b"bcdgiklmnprstuvy",
    b"aeiloru",
    b"aehikort",
    b"aeior",
    b"acdelmnrstvxy",
    b"aeio",
    b"aehior",
    b"aeio",
    b"acdeglmnorstv",
    b"a",
    b"aei",
    b"aeilouy",
    b"aeimop",
    b"acdegiknost",
    b"bcdglmnoprstuvw",
    b"aeilopr",
    b"",
    b"adeinorstuy",
    b"acehiopstu",
    b"aehiorstuy",
    b"clmnrst",
    b"aei",
    b"aei",
    b"",
    b"",
    b"",
];
