//! What people make of one word: cases, signs for letters, what they put in front of it and behind it.

/// Whatever is done with a text of a list: `None` goes on.
pub(super) type Judge<'a> = &'a mut dyn FnMut(&[u8]) -> Option<&'static str>;

/// The text with signs or digits for letters: each letter everywhere or nowhere, in each of its fashions.
pub(super) fn each_leet(text: &[u8], judge: Judge<'_>) -> Option<&'static str> {
    let present = |signs: &&(u8, &[u8])| text.iter().any(|c| c.eq_ignore_ascii_case(&signs.0));
    let chosen: Vec<_> = SIGNS.iter().filter(present).collect();
    let many: usize = chosen.iter().map(|(_, signs)| 1 + signs.len()).product();
    // Of a long text the commoner fashion of each letter is enough.
    let ways = |signs: &[u8]| if many > MANY_FASHIONS { 1 } else { signs.len() };
    let mut turned = text.to_vec();
    let count: usize = chosen.iter().map(|(_, signs)| 1 + ways(signs)).product();
    (1..count.min(MANY_FASHIONS)).find_map(|mut number| {
        turned.copy_from_slice(text);
        for (letter, signs) in &chosen {
            let way = number % (1 + ways(signs));
            number /= 1 + ways(signs);
            if way > 0 {
                let those = turned.iter_mut().filter(|c| c.eq_ignore_ascii_case(letter));
                those.for_each(|c| *c = signs[way - 1]);
            }
        }
        judge(&turned)
    })
}

/// What stands behind a word where a password has to have a digit, a sign or both: `123!`, `@2024`, `_1987`.
pub(super) fn endings() -> Vec<Vec<u8>> {
    let short = ["1", "2", "3", "7", "01", "07", "10", "11", "12", "13", "21", "22", "23", "69", "77", "88", "99"];
    let runs = ["007", "111", "123", "321", "1234", "12345", "123456", "666", "777", "1111"];
    let years = (2010..=2035).map(|year| year.to_string());
    let numbers = short.into_iter().chain(runs).map(str::to_owned).chain(years);
    let marked =
        numbers.flat_map(|number| AROUND.iter().map(move |(before, after)| format!("{before}{number}{after}")));
    let births = (1940..2010).flat_map(|year| ["", "@", "_", "."].map(|mark| format!("{mark}{year}")));
    let births = births.chain((1940..2010).map(|year| format!("{year}!")));
    let short_years = (0..=99).map(|year| format!("{year:02}"));
    let bare = ["!", "!!", "!!!", "?", ".", "@", "#", "$", "*", "!@#", "!@#$", "$$", "**"].map(str::to_owned);
    let mut all: Vec<_> = marked.chain(births).chain(short_years).chain(bare).map(String::into_bytes).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The changes that crackers' rules begin with, one at a time: turned, cut, rotated, doubled, with something before or behind.
pub(super) fn each_rule(word: &[u8], judge: Judge<'_>) -> Option<&'static str> {
    let mut buffer = Vec::with_capacity(2 * word.len() + 8);
    let mut with = |change: &dyn Fn(&mut Vec<u8>)| {
        buffer.clear();
        buffer.extend_from_slice(word);
        change(&mut buffer);
        if buffer.is_empty() { None } else { judge(&buffer) }
    };
    let found = (1..=4).find_map(|cut| {
        with(&|text| text.truncate(word.len().saturating_sub(cut)))
            .or_else(|| with(&|text| drop(text.drain(..cut.min(word.len())))))
            .or_else(|| with(&|text| text.rotate_left(cut % word.len())))
            .or_else(|| with(&|text| text.rotate_right(cut % word.len())))
    });
    let found = found
        .or_else(|| with(&|text| text.reverse()))
        .or_else(|| with(&|text| text[1..].make_ascii_uppercase()))
        .or_else(|| with(&|text| text.iter_mut().for_each(|c| *c ^= 0x20 * u8::from(c.is_ascii_alphabetic()))))
        .or_else(|| with(&|text| text.extend(word.iter().rev())))
        .or_else(|| with(&|text| text.extend([word, word].concat())))
        .or_else(|| FRONTS.split('|').find_map(|front| with(&|text| drop(text.splice(..0, front.bytes())))))
        .or_else(|| (0..100).find_map(|number| with(&|text| text.extend(number.to_string().bytes()))))
        .or_else(|| (0..10).find_map(|number| with(&|text| text.extend(format!("0{number}").bytes()))))
        .or_else(|| TAILS.split('|').find_map(|tail| with(&|text| text.extend(tail.bytes()))))
        .or_else(|| TAILS.split('|').find_map(|tail| with(&|text| replace_end(text, tail))));
    found.or_else(|| {
        (0..word.len().min(8)).find_map(|at| {
            with(&|text| _ = text.remove(at))
                .or_else(|| with(&|text| text[at..=at].make_ascii_uppercase()))
                .or_else(|| with(&|text| text.insert(at, text[at])))
        })
    })
}

fn replace_end(text: &mut Vec<u8>, tail: &str) {
    text.truncate(text.len().saturating_sub(tail.len()));
    text.extend(tail.bytes());
}

/// Letters and what people write for them, the commoner first.
const SIGNS: &[(u8, &[u8])] = &[
    (b'a', b"4@"),
    (b'b', b"8"),
    (b'e', b"3"),
    (b'g', b"9"),
    (b'i', b"1!"),
    (b'l', b"1"),
    (b'o', b"0"),
    (b's', b"5$"),
    (b't', b"7"),
];
const MANY_FASHIONS: usize = 256;

/// Before and behind a number.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("", "!"),
    ("", "@"),
    ("", "#"),
    ("", "$"),
    ("", "."),
    ("", "*"),
    ("!", ""),
    ("@", ""),
    ("@", "!"),
    ("#", ""),
    ("$", ""),
    ("*", ""),
    (".", ""),
    ("-", ""),
    ("_", ""),
    ("&", ""),
];

const FRONTS: &str = "1|2|0|12|123|a|e|i|m|s|x|!|@|#|*|the|my|mr|no|big|new|in|1a|2a|i|super";
const TAILS: &str = "\
    a|b|c|d|e|g|i|k|l|m|n|o|r|s|t|x|y|z|er|ed|es|in|ie|ing|ers|man|dog|boy|girl|love|son|abc|123|1a|a1|1!|12|!|\
    ?|.|@|#|00|01|007|me|you|xx|xxx|zz|ss|ny|lo|ito|ita";

#[cfg(test)]
mod tests {
    use super::*;

    fn all(each: impl FnOnce(Judge<'_>) -> Option<&'static str>) -> Vec<String> {
        let mut all = vec![];
        let found = each(&mut |text| {
            all.push(String::from_utf8(text.to_vec()).expect("text"));
            None
        });
        assert_eq!(found, None);
        all
    }

    #[test]
    fn letters_are_turned_everywhere_or_nowhere_in_each_fashion() {
        let turned = all(|judge| each_leet(b"SecretKey", judge));
        for wanted in ["S3cr3tK3y", "5ecretKey", "$3cr3tK3y", "Secre7Key", "53cr37K3y"] {
            assert!(turned.iter().any(|text| text == wanted), "{wanted}");
        }
        assert_eq!(turned.len(), 3 * 2 * 2 - 1);
        assert!(all(|judge| each_leet(b"mmm", judge)).is_empty());
        assert!(all(|judge| each_leet(b"abegilostabegilost", judge)).len() < MANY_FASHIONS);
    }

    #[test]
    fn endings_are_numbers_and_years_with_signs() {
        let all = endings();
        for wanted in ["123!", "@123", "2024", "@2024!", "1987", "_1987", "!", "99", "#1"] {
            assert!(all.iter().any(|text| text == wanted.as_bytes()), "{wanted}");
        }
        assert!(all.len() < 1_300, "{}", all.len());
    }

    #[test]
    fn rules_turn_cut_and_extend() {
        let made = all(|judge| each_rule(b"dragon", judge));
        for wanted in [
            "nogard",
            "drago",
            "ragon",
            "ragond",
            "dRAGON",
            "DRAGON",
            "dragonnogard",
            "1dragon",
            "dragon42",
            "dragons",
            "dragoon",
        ] {
            assert!(made.iter().any(|text| text == wanted), "{wanted}");
        }
    }
}
