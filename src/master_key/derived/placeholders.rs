//! What stands where a key should be put: sentences of samples and documentation, made of their parts.

use super::compounds::Judge;

/// Every sentence with spaces, `-`, `_` and nothing between its words, and with capitals.
pub(super) fn each(judge: Judge<'_>) -> Option<&'static str> {
    let mut spelled = Vec::with_capacity(96);
    let mut sentence = |words: &[&str]| each_spelling(words, &mut spelled, judge);
    SENTENCES.iter().find_map(|parts| product(parts, &mut Vec::new(), &mut sentence))
}

/// The parts in every combination.
fn product(
    parts: &[&'static str],
    chosen: &mut Vec<&'static str>,
    judge: &mut dyn FnMut(&[&str]) -> Option<&'static str>,
) -> Option<&'static str> {
    let Some((first, others)) = parts.split_first() else { return judge(chosen) };
    first.split('|').find_map(|word| {
        chosen.push(word);
        let found = product(others, chosen, judge);
        chosen.pop();
        found
    })
}

/// Words, some of which may be empty, as they are joined.
pub(super) fn each_spelling(words: &[&str], spelled: &mut Vec<u8>, judge: Judge<'_>) -> Option<&'static str> {
    let mut joined = |mark: &str, change: fn(&mut [u8], bool)| {
        spelled.clear();
        for word in words.iter().flat_map(|part| part.split(' ')).filter(|word| !word.is_empty()) {
            let first = spelled.is_empty();
            if !first {
                spelled.extend(mark.bytes());
            }
            let start = spelled.len();
            spelled.extend(word.bytes());
            change(&mut spelled[start..], first);
        }
        judge(spelled)
    };
    let lower = |_: &mut [u8], _| {};
    let upper = |word: &mut [u8], _| word.make_ascii_uppercase();
    let found = joined("", lower).or_else(|| joined("", |word, _| word[..1].make_ascii_uppercase()));
    if found.is_some()
        || !words.iter().any(|part| part.contains(' ')) && words.iter().filter(|part| !part.is_empty()).count() < 2
    {
        return found.or_else(|| joined("", upper));
    }
    joined("", |word, first| word[..usize::from(!first)].make_ascii_uppercase())
        .or_else(|| ["-", "_"].iter().find_map(|mark| joined(mark, lower).or_else(|| joined(mark, upper))))
        .or_else(|| joined(" ", lower))
        .or_else(|| joined(" ", |word, first| word[..usize::from(first)].make_ascii_uppercase()))
}

/// Parts of sentences: what may stand first, second and so on.
const SENTENCES: &[&[&str]] = &[
    // "this is a very secret key"
    &[
        "this is|here is|it is|i am",
        "a|my|the|your|not a|only a|just a",
        "|very|super|really|top|long",
        "|secret|private|master|test|dummy|fake|sample|demo|encryption|secure|insecure",
        "key|password|secret|passphrase|string|token",
    ],
    // "your-super-secret-jwt-token-with-at-least-32-characters-long"
    &[
        "|my|your|the|a|some",
        "|very|super|ultra|long",
        "|secret|private|secure|strong|random|test",
        "|jwt|session|encryption|signing|master",
        "key|secret|token|password|passphrase|string",
        "here|goes here|change me|change in production|change this|for development|for testing|\
         for production|do not use|please change|32 chars|32 bytes|at least 32 characters|\
         at least 32 characters long|with at least 32 characters|with at least 32 characters long|\
         must be 32 characters|that is 32 characters long|that is long enough|256 bit",
    ],
    // "replace-with-your-own-secret-key"
    &[
        "change|replace|insert|put|enter|add|set|generate|use|fill in",
        "|this|me|with|with your|your|with a|a|this to a|this with your|here your",
        "|own|real|random|strong|secure|long",
        "|secret|encryption|master|api",
        "|key|secret|password|string|value",
        "|here|in production|before use|please|now|later",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_made_of_their_parts_in_every_spelling() {
        let wanted = [
            "this is a very secret key",
            "ThisIsMyTestPassword",
            "your-super-secret-jwt-token-with-at-least-32-characters-long",
            "my_secret_key_here",
            "REPLACE_WITH_YOUR_OWN_SECRET_KEY",
            "Change this with your secret key before use",
            "insertSecretKeyHere",
        ];
        let mut seen = [false; 7];
        let mut count = 0;
        let found = each(&mut |text| {
            count += 1;
            for (seen, wanted) in seen.iter_mut().zip(wanted) {
                *seen |= text == wanted.as_bytes();
            }
            None
        });
        assert_eq!((found, seen), (None, [true; 7]));
        assert!(count < 1_600_000, "{count}");
    }
}
