use super::*;
use crate::secret::random_array;

fn id(key: &Key) -> Option<&'static str> {
    check(key).map(|finding| finding.id)
}

fn by(rule: impl Fn(u8) -> u8) -> Key {
    std::array::from_fn(|at| rule(u8::try_from(at).expect("small")))
}

fn joined(first: [u8; 16], second: [u8; 16]) -> Key {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&first);
    key[16..].copy_from_slice(&second);
    key
}

fn half() -> [u8; 16] {
    random_array().expect("random")
}

fn text(text: &str) -> Key {
    text.as_bytes().try_into().expect("32 bytes")
}

#[test]
fn the_bounds_of_all_refusals_sum_to_less_than_2_to_the_minus_30() {
    let sum =
        |severity| TESTS.iter().filter(|test| test.severity == severity).map(|test| test.bound.exp2()).sum::<f64>();
    assert!(sum(Severity::Refuse).log2() <= -30.0, "{}", sum(Severity::Refuse).log2());
    assert!(sum(Severity::Warn).log2() <= -26.0, "{}", sum(Severity::Warn).log2());
    assert!(sum(Severity::Notice).log2() <= -21.0, "{}", sum(Severity::Notice).log2());
}

#[test]
fn the_manual_states_each_test_with_its_bound() {
    let manual = include_str!("../../../docs/master-keys.md");
    for test in TESTS {
        let row = format!("| `{}` | ", test.id);
        let line =
            manual.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{} is missing", test.id));
        let bound = format!("2^{} |", test.bound);
        assert!(line.contains(&bound), "{} has {bound}", test.id);
    }
}

#[test]
fn random_keys_pass() {
    for _ in 0..2_000 {
        let key: Key = random_array().expect("random");
        assert_eq!(id(&key), None);
    }
}

#[test]
fn each_pattern_is_named() {
    let random: Key = random_array().expect("random");
    let twenty: [u8; 20] = random_array().expect("random");
    let cases: &[(&str, Key)] = &[
        ("one-byte", [0x41; 32]),
        ("short-period", by(|at| [0x80, 0xff][usize::from(at) % 2])),
        ("short-period", joined(random[..16].try_into().expect("half"), random[..16].try_into().expect("half"))),
        ("short-period", by(|at| twenty[usize::from(at) % 20])),
        ("even-steps", by(|at| at.wrapping_mul(7).wrapping_add(0x90))),
        ("text-digits", text("31415926535897932384626433832795")),
        ("text-uuid", text("123e4567-e89b-12d3-a456-42661417")),
        ("text-hex", text("5f4dcc3b5aa765d61d8327deb882cf99")),
        ("text-base64", text("dGhpcyBpcyBub3QgYSBzZWNyZXQga2V5")),
        ("text", text("correct horse battery staple 12\n")),
        ("text-utf8", text("pässwörter: keine schlüssel!!")),
        ("text-masked", by(|at| b"correct horse battery staple 123"[usize::from(at)] ^ 0xa7)),
        ("text-masked", by(|at| b"correct horse battery staple 123"[usize::from(at)].rotate_left(3))),
        ("known-sequence", by(|at| at.wrapping_mul(at).wrapping_add(3))),
        ("known-sequence", by(|at| (at ^ (at >> 1)) ^ 0xb3)),
        ("constant-column", by(|at| if at % 2 == 0 { random[usize::from(at)] } else { 0 })),
        ("one-run", by(|at| if at < 20 { twenty[usize::from(at)] } else { 0 })),
        ("related-halves", joined(half_of(&random), half_of(&random).map(|byte| byte.rotate_left(4)))),
        ("weak-half", joined(half(), *b"my-secret-key-12")),
        ("weak-half", joined(*b"password15926535", half())),
        ("", by(|at| if at % 5 == 0 { 1 << (random[usize::from(at)] % 8) } else { random[usize::from(at)] & 0x11 })),
    ];
    for (wanted, key) in cases {
        let found = check(key);
        assert!(wanted.is_empty() || id(key) == Some(wanted), "{wanted}: {found:?}");
        let severe = found.as_ref().is_some_and(|finding| finding.severity == Severity::Refuse);
        assert!(severe, "{wanted}: {found:?}");
    }
}

fn half_of(key: &Key) -> [u8; 16] {
    key[..16].try_into().expect("half")
}

#[test]
fn words_of_every_size_that_follow_from_one_another_are_found() {
    let words32 = |rule: &dyn Fn(u32) -> u32| -> Key {
        let mut word = 0x1234_5677_u32;
        let mut key = [0; 32];
        for chunk in key.chunks_exact_mut(4) {
            chunk.copy_from_slice(&word.to_le_bytes());
            word = rule(word);
        }
        key
    };
    assert_eq!(
        id(&words32(&|word| word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))),
        Some("linear-congruence")
    );
    let minimal = |word: u32| u32::try_from(u64::from(word) * 16_807 % 0x7fff_ffff).expect("below");
    assert_eq!(id(&words32(&minimal)), Some("linear-congruence"));
    let start: u64 = 0x9876_5432_10fe_dcba;
    let mut key = [0; 32];
    for (at, chunk) in key.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&start.wrapping_add(at as u64 * 0x0123_4567_89ab_cdef).to_be_bytes());
    }
    assert_eq!(id(&key), Some("polynomial"));
    let mut fibonacci = [3_u8, 8].to_vec();
    for at in 2..32 {
        fibonacci.push(fibonacci[at - 1].wrapping_mul(5).wrapping_add(fibonacci[at - 2].wrapping_mul(9)));
    }
    assert_eq!(id(&fibonacci.try_into().expect("32 bytes")), Some("recurrence"));
    let mut register = 0xACE1_u16;
    let mut shifted = [0; 32];
    for bit in 0..256 {
        shifted[bit / 8] |= u8::try_from(register & 1).expect("a bit") << (7 - bit % 8);
        let next = (register ^ (register >> 2) ^ (register >> 3) ^ (register >> 5)) & 1;
        register = (register >> 1) | (next << 15);
    }
    assert!(super::linear::short_register(&shifted) && id(&shifted).is_some());
}

#[test]
fn what_is_merely_odd_is_no_refusal() {
    let mut key: Key = random_array().expect("random");
    for byte in &mut key {
        *byte |= 0x04;
    }
    assert_eq!(check(&key).map(|finding| (finding.id, finding.severity)), Some(("constant-bit", Severity::Warn)));
}
