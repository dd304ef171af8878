//! A short description of the key in a language of literals, texts, and earlier bytes once more.
//!
//! The language is prefix-free, so at most 2^T keys have a description of T bits (Kraft's inequality).

use super::alphabet::Key;

/// At most 216 bits describe it, forward or backward: 2 * 2^(217-256) and a little.
pub(super) fn short(key: &Key) -> bool {
    let mut backward = *key;
    backward.reverse();
    cost(key) <= 216.0 || cost(&backward) <= 216.0
}

/// Bits of the shortest description of `bytes`.
///
/// A part is two bits for its kind, a length (five bits), and
/// - literal bytes: 8 bits each;
/// - text: each character by its frequency;
/// - a copy: how far back (five bits);
/// - a copy with every byte changed by the same sum or exclusive-or: how far back, one bit which, and the constant.
pub(super) fn cost(bytes: &[u8]) -> f64 {
    let mut best = [f64::INFINITY; 33];
    best[0] = 0.0;
    for start in 0..bytes.len() {
        let here = best[start] + HEAD;
        let mut reach = |end: usize, cost: f64| best[end] = best[end].min(here + cost);
        let (mut literal, mut text) = (0.0, 0.0);
        let mut readable = true;
        for end in start + 1..=bytes.len() {
            literal += 8.0;
            readable &= super::alphabet::is_text(bytes[end - 1]);
            text += if readable { character_cost(bytes[end - 1]) } else { 0.0 };
            reach(end, literal);
            if readable {
                reach(end, text);
            }
        }
        for back in 1..=start {
            for (changed, extra) in CHANGES {
                let constant = changed(bytes[start], bytes[start - back]);
                let same = (start..bytes.len()).take_while(|at| changed(bytes[*at], bytes[*at - back]) == constant);
                let end = start + same.count();
                if extra > 0.0 || constant == 0 {
                    (start + 1..=end).for_each(|end| reach(end, 5.0 + extra));
                }
            }
        }
    }
    best[bytes.len()]
}

type Change = (fn(u8, u8) -> u8, f64);

const CHANGES: [Change; 3] = [
    (|byte, earlier| byte ^ earlier, 0.0),
    (|byte, earlier| byte ^ earlier, 9.0),
    (|byte: u8, earlier| byte.wrapping_sub(earlier), 9.0),
];

/// Kind and length.
const HEAD: f64 = 7.0;

/// -log2 of how often a character stands in names, words and passwords. The probabilities sum to less than one.
pub(super) fn character_cost(character: u8) -> f64 {
    match character {
        b'e' => 4.1,
        b'a' | b'o' | b'i' | b'n' | b'r' | b's' | b't' => 4.5,
        b'l' | b'c' | b'd' | b'h' | b'm' | b'u' => 5.2,
        b'b' | b'f' | b'g' | b'k' | b'p' | b'v' | b'w' | b'y' => 6.0,
        b'j' | b'q' | b'x' | b'z' => 7.6,
        b'0'..=b'9' => 6.3,
        b'-' | b'_' | b' ' => 5.8,
        b'A'..=b'Z' => 8.2,
        _ => 9.8,
    }
}
