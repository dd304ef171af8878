//! What a service asks of an API key: scopes add up, and what was demanded once is demanded to the end.

use crate::support::{Keys, act};
use strongroom::{Issued, MemoryStore, NewApiKey, Refusal, Request, Vault};

#[test]
fn a_second_scope_does_not_take_back_the_first() {
    let room = Room::new(&["read"]);
    assert!(room.admits(&Request::new().scope("read")));
    for request in [Request::new().scope("read").scope("write"), Request::new().scope("write").scope("read")] {
        assert!(!room.admits(&request), "{request:?}");
    }
    let both = Room::new(&["write", "read"]);
    assert!(both.admits(&Request::new().scope("read").scope("write")));
    assert!(!both.admits(&Request::new().scope("read").scope("write").scope("delete")), "nor the third");
}

#[test]
fn all_of_a_set_are_needed_and_sets_add_up() {
    let room = Room::new(&["a", "b", "c"]);
    assert!(room.admits(&Request::new().all_of(["a", "b"]).all_of(["c"]).scope("a")));
    for wanted in [["a", "b", "x"], ["a", "x", "b"], ["x", "a", "b"]] {
        assert!(!room.admits(&Request::new().all_of(wanted)), "{wanted:?}");
    }
    assert!(!room.admits(&Request::new().all_of(["a", "x"]).all_of(["b"])), "the first set");
    assert!(!room.admits(&Request::new().all_of(["a"]).all_of(["b", "x"])), "the second set");
    assert!(Room::new(&[]).admits(&Request::new().all_of([""; 0])), "nothing demands nothing");
}

#[test]
fn one_of_each_choice_is_enough_and_needed() {
    let room = Room::new(&["eu", "gold"]);
    assert!(room.admits(&Request::new().any_of(["us", "eu"])));
    assert!(room.admits(&Request::new().any_of(["us", "eu"]).any_of(["gold", "silver"]).scope("eu")));
    assert!(!room.admits(&Request::new().any_of(["us", "asia"])));
    assert!(!room.admits(&Request::new().any_of(["us"]).any_of(["gold", "silver"])), "the first choice");
    assert!(!room.admits(&Request::new().any_of(["eu", "us"]).any_of(["silver"])), "the second choice");
    assert!(!room.admits(&Request::new().any_of(["eu"]).scope("admin")), "a scope beside a choice");
    assert!(!Room::new(&[]).admits(&Request::new().any_of(["eu"])), "none at all");
}

#[test]
fn a_choice_of_none_is_met_by_nobody() {
    let room = Room::new(&["eu", ""]);
    assert!(!room.admits(&Request::new().any_of([""; 0])));
    assert!(!room.admits(&Request::new().any_of([""; 0]).any_of(["eu"])));
    assert!(!room.admits(&Request::new().any_of(["eu"]).any_of(Vec::<String>::new())));
}

#[test]
fn scopes_are_compared_byte_for_byte() {
    let room = Room::new(&["invoices:*", "invoices", "été"]);
    for wanted in ["invoices:read", "Invoices", "invoice", "invoices ", "invoices:", "*", "", "e\u{301}te\u{301}"] {
        assert!(!room.admits(&Request::new().scope(wanted)), "{wanted}");
        assert!(!room.admits(&Request::new().any_of([wanted])), "{wanted}");
    }
    assert!(room.admits(&Request::new().all_of(["invoices:*", "été"])));
}

#[test]
fn an_owned_request_asks_for_the_same_on_another_thread() {
    let room = Room::new(&["read", "eu"]);
    let scopes: Vec<_> = ["read", "write", "eu", "us"].map(String::from).into();
    let asking = |all: &[String], any: &[String]| {
        let request = Request::new().all_of(all).any_of(any).any_of(&scopes[2..]).endpoint(&scopes[0]).into_owned();
        std::thread::scope(|scope| scope.spawn(|| room.admits(&request)).join().expect("no panic"))
    };
    let [read, write] = [&scopes[..1], &scopes[1..2]];
    assert!(asking(read, read));
    assert!(!asking(write, read), "the first of all");
    assert!(!asking(&scopes[..2], read), "the second of all");
    assert!(!asking(read, write), "a choice");
    let owned: Request<'static> = Request::new().scope(scopes[0].as_str()).into_owned();
    drop(scopes);
    assert!(room.admits(&owned));
}

/// A vault with one API key that has these scopes.
struct Room {
    vault: Vault,
    issued: Issued,
}

impl Room {
    fn new(scopes: &[&str]) -> Self {
        let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
        // An empty scope cannot be issued.
        let scopes = scopes.iter().filter(|scope| !scope.is_empty());
        let key = NewApiKey::new("key").scopes(scopes.copied());
        let issued = vault.issue(&key, &act()).expect("issued");
        Self { vault, issued }
    }

    fn admits(&self, request: &Request<'_>) -> bool {
        let Err(error) = self.vault.verify(self.issued.token.expose(), request) else { return true };
        assert_eq!(error.refusal(), Some(Refusal::Scope));
        false
    }
}
