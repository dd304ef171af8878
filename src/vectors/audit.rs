//! The vectors of the audit log.

use super::{array, file, hex, hex_or_none, id, keyring_named, list, number, text};
use crate::audit_log::{Act, ChainEnd, Draft, row_key};
use crate::ledger::grow;
use crate::tree::{CompactRange, leaf_hash};
use crate::vault_id::VaultId;

#[test]
fn audit_lines_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/audit.json"));
    let start = ChainEnd::start(VaultId(array(&file["vault"])));
    assert_eq!(start.hash.as_slice(), hex(&file["start"]));
    assert_eq!(keyring_named("new").line(), array(&file["line"]));
    let (mut ends, mut tree) = (vec![start], CompactRange::default());
    for case in list(&file["entries"]) {
        let (before, line) = (*ends.last().expect("a start"), text(&case["line"]).as_bytes());
        let (entry, end) = before.follow(&row_key(number(&case["seq"])), line).expect("it follows");
        assert_eq!((end.seq, end.hash.to_vec()), (number(&case["seq"]), hex(&case["hash"])));
        let act = Act { actor: text(&case["actor"]).into(), reason: case["reason"].as_str().map(Into::into) };
        let mut draft = Draft::of(serde_json::from_value(case["action"].clone()).expect("an action"));
        draft.key = case["key"].is_string().then(|| id(&case["key"]));
        draft.refused = case["cause"].as_str().map(cause);
        assert_eq!(draft.refused.is_some(), case["outcome"] == "refused");
        let counts = case["counts"].as_object().expect("counts");
        draft.counts.extend(counts.iter().map(|(name, count)| (name.clone(), number(count))));
        let at = text(&case["at"]).parse().expect("a time");
        draft.record = hex_or_none(&case["record"]).map(|record| record.try_into().expect("32 bytes"));
        draft.was = hex_or_none(&case["was"]).map(|was| was.try_into().expect("32 bytes"));
        assert_eq!((entry.found(), entry.commitment()), (draft.was, draft.record));
        let (written, written_end) = before.append(&draft, &array(&case["act"]), &act, at);
        assert_eq!((String::from_utf8_lossy(&written), written_end), (String::from_utf8_lossy(line), end));
        assert_eq!((entry.at, entry.action, entry.key), (at, draft.action, draft.key));
        assert_eq!(leaf_hash(line), array::<32>(&case["leaf"]));
        grow(&mut tree, line);
        assert_eq!((tree.size(), tree.root()), (end.seq, array(&case["root"])));
        ends.push(end);
    }
    for case in list(&file["bad"]) {
        let seq = number(&case["seq"]);
        let before = ends[1];
        let followed = before.follow(&row_key(seq), text(&case["line"]).as_bytes());
        let name = match followed {
            Ok((_, end)) => {
                if end == ends[2] {
                    "unnoticed"
                } else {
                    "broken at the next"
                }
            }
            Err(crate::audit_log::AuditFault::Broken { .. }) => "broken",
            Err(crate::audit_log::AuditFault::Malformed { .. }) => "malformed",
            Err(_) => "missing",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

fn cause(word: &str) -> &'static str {
    match word {
        "not-recoverable" => "not-recoverable",
        "policy-expiry" => "policy-expiry",
        _ => panic!("{word}"),
    }
}
