//! Tokens from elsewhere that can be guessed are refused, unless they are let in on purpose, and the audit log tells of each.

use crate::support::{Keys, act};
use strongroom::api_keys::{ImportError, ImportedKey};
use strongroom::audit::{AuditEntry, Outcome};
use strongroom::error::Detail;
use strongroom::policy::PolicyError;
use strongroom::{Act, ErrorKind, MemoryStore, NewApiKey, Request, SecretText, Vault};

fn vault() -> Vault {
    Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault")
}

fn key(token: &str) -> ImportedKey {
    ImportedKey::new(SecretText::new(token.into()), NewApiKey::new("n"))
}

fn last(vault: &Vault) -> AuditEntry {
    vault.audit_entries(None, 1_000).expect("entries").items.pop().expect("an entry")
}

#[test]
fn a_weak_token_is_refused_with_its_line_its_strength_and_the_bar() {
    let vault = vault();
    let keys = [key(STRONG), key("summer-2024"), key("000001").allow_weak(true)];
    for error in [vault.check_import(&keys).expect_err("weak"), vault.import(&keys, &act()).expect_err("weak")] {
        let Detail::Import { line: 2, fault: ImportError::Weak { bits, least: 80 } } = error.detail() else {
            panic!("{error}")
        };
        assert!(*bits < 40, "{bits}");
        assert_eq!((error.code(), error.kind()), ("import-weak", ErrorKind::Input));
        assert!(error.to_string().starts_with("line 2: the token can be guessed: it has "), "{error}");
        assert!(!error.to_string().contains("summer"), "{error}");
    }
    assert_eq!(vault.status().expect("status").record_count(), 0);
    let entry = last(&vault);
    assert_eq!((entry.outcome, entry.cause.as_deref()), (Outcome::Refused, Some("import-weak")));
    vault.import(&keys[..1], &act()).expect("a strong one");
}

#[test]
fn weak_tokens_are_let_in_with_a_reason_and_each_is_told_of() {
    let vault = vault();
    let weak = |token: &str| key(token).allow_weak(true);
    let keys = [weak("summer-2024"), weak(STRONG), weak("000001")];
    vault.check_import(&keys).expect("they would be taken");
    let error = vault.import(&keys, &Act::by("tester")).expect_err("no reason");
    assert_eq!(error.code(), "invalid-act", "{error}");
    assert_eq!(vault.status().expect("status").record_count(), 0);
    vault.import(&keys[1..2], &Act::by("tester")).expect("none of them is weak");
    vault.import(&[weak("summer-2024"), weak("000001")], &Act::by("tester").because("OPS-7")).expect("imported");
    vault.verify("summer-2024", &Request::new()).expect("valid");
    let entries = vault.audit_entries(None, 1_000).expect("entries").items;
    let told =
        entries.iter().filter(|entry| entry.counts.get("weak") == Some(&1) && entry.reason.as_deref() == Some("OPS-7"));
    assert_eq!(told.count(), 2);
    assert_eq!(entries.iter().filter(|entry| entry.counts.contains_key("weak")).count(), 2);
}

#[test]
fn the_policy_sets_a_bar_that_nothing_lowers() {
    let vault = vault();
    vault.change_policy(|policy| policy.min_import_bits = Some(100), &act()).expect("set");
    assert_eq!(last(&vault).counts["min_import_bits"], 100);
    for token in ["summer-2024", "9m83fei8pNM5igs"] {
        let key = key(token).allow_weak(true).exempt_from_policy(true);
        let refused = vault.check_import(&[key]).expect_err("weak");
        assert_eq!((refused.code(), refused.kind()), ("policy-strength", ErrorKind::Input), "{token}: {refused}");
    }
    assert_eq!(vault.import(&[key("summer-2024")], &act()).expect_err("weak").code(), "policy-strength");
    vault.import(&[key(STRONG)], &Act::by("tester")).expect("strong");
    // A lower bar than that of imports is for those that are let in.
    vault.change_policy(|policy| policy.min_import_bits = Some(20), &act()).expect("set");
    assert_eq!(vault.import(&[key("9m83fei8pN")], &act()).expect_err("weak").code(), "import-weak");
    vault.import(&[key("9m83fei8pN").allow_weak(true)], &act()).expect("over the bar");
    assert_eq!(vault.import(&[key("1234").allow_weak(true)], &act()).expect_err("weak").code(), "policy-strength");
    for bits in [0, 257] {
        let error = vault.change_policy(|policy| policy.min_import_bits = Some(bits), &act()).expect_err("no such bar");
        assert!(matches!(error.detail(), Detail::Policy(PolicyError::Bits)), "{error}");
    }
}

#[test]
fn what_is_there_already_or_revoked_is_not_judged() {
    let vault = vault();
    vault.import(&[key("summer-2024").allow_weak(true)], &act()).expect("imported");
    let error = vault.import(&[key("summer-2024")], &act()).expect_err("there");
    assert!(matches!(error.detail(), Detail::Import { line: 1, fault: ImportError::Exists }), "{error}");
    let error = vault.check_import(&[key("000001").revoked(true), key("000001")]).expect_err("twice");
    assert!(matches!(error.detail(), Detail::Import { line: 2, fault: ImportError::Repeated { line: 1 } }), "{error}");
    assert!(!key("000001").revoked(true).is_weak() && key("000001").is_weak());
    vault.import(&[key("000001").revoked(true)], &Act::by("tester")).expect("worth no guess");
}

/// Its prefix and its id are no secret: 49 characters of one kind do not make it strong.
#[test]
fn of_a_token_of_strongrooms_own_shape_the_secret_is_judged() {
    let vault = vault();
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    assert!(!key(issued.token.expose()).is_weak());
    let id = "01kb0c5x7mq8e4t2v9rwyz3abd";
    let forged = with_check(&format!("sr_{id}{}", "a".repeat(43)));
    assert!(key(&forged).is_weak());
    assert_eq!(vault.import(&[key(&forged)], &act()).expect_err("weak").code(), "import-weak");
}

const STRONG: &str = "acme_9m83fei8pNM5igsr4MGeVKFk";

/// `body` with the check of docs/format.md, Tokens.
pub(crate) fn with_check(body: &str) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut check = [0; 6];
    for digit in check.iter_mut().rev() {
        *digit = digits[(rest % 62) as usize];
        rest /= 62;
    }
    format!("{body}{}", std::str::from_utf8(&check).expect("ASCII"))
}
