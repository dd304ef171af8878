//! The vectors of tokens, and of both suites.

use super::{file, hex, id, list, suite, text};
use crate::token::{Shape, Token, secret_digest};

#[test]
fn tokens_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/tokens.json"));
    for case in list(&file["good"]) {
        let (prefix, secret) = (text(&case["prefix"]), text(&case["secret"]));
        assert_eq!(id(&case["id_bytes"]).to_string(), text(&case["id"]));
        assert_eq!(Token::compose(prefix, id(&case["id_bytes"]), secret).expose(), text(&case["token"]));
        let Shape::Token(token) = Shape::of(text(&case["token"])) else { panic!("{case}") };
        assert_eq!((token.prefix, token.id, token.secret), (prefix, id(&case["id_bytes"]), secret));
        assert_eq!(secret_digest(secret).as_slice(), hex(&case["digest"]));
    }
    for case in list(&file["bad"]) {
        let shape = match Shape::of(text(&case["token"])) {
            Shape::Token(_) => "token",
            Shape::Damaged => "damaged",
            Shape::Foreign => "foreign",
        };
        assert_eq!(shape, text(&case["shape"]), "{}", case["broken"]);
    }
}

#[test]
fn both_suites_seal_as_the_page_says() {
    for case in list(&file(include_str!("../../tests/vectors/suites.json"))) {
        let key = hex(&case["key"]).try_into().expect("32 bytes");
        let nonce = hex(&case["nonce"]).try_into().expect("24 bytes");
        let cipher = suite(&case["suite"]).cipher(&key);
        let mut buffer = hex(&case["plain"]);
        let tag = cipher.seal(&nonce, &hex(&case["aad"]), &mut buffer).expect("short enough");
        buffer.extend(tag);
        assert_eq!(buffer, hex(&case["sealed"]));
    }
}
