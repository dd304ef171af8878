//! The vectors of the audit log.

use super::{file, hex, id, list, number, text};
use crate::audit_log::{Act, Action, ChainEnd, Draft, row_key};
use crate::vault_id::VaultId;

#[test]
fn audit_lines_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/audit.json"));
    let start = ChainEnd::start(VaultId(hex(&file["vault"]).try_into().expect("16 bytes")));
    assert_eq!(start.hash.as_slice(), hex(&file["start"]));
    let mut ends = vec![start];
    for case in list(&file["entries"]) {
        let (before, line) = (*ends.last().expect("a start"), text(&case["line"]).as_bytes());
        let (entry, end) = before.follow(&row_key(number(&case["seq"])), line).expect("it follows");
        assert_eq!((end.seq, end.hash.to_vec()), (number(&case["seq"]), hex(&case["hash"])));
        let act = Act { actor: text(&case["actor"]).into(), reason: case["reason"].as_str().map(Into::into) };
        let mut draft = Draft::of(action(text(&case["action"])));
        draft.key = case["key"].is_string().then(|| id(&case["key"]));
        draft.refused = case["cause"].as_str().map(cause);
        assert_eq!(draft.refused.is_some(), case["outcome"] == "refused");
        let counts = case["counts"].as_object().expect("counts");
        draft.counts.extend(counts.iter().map(|(name, count)| (name.clone(), number(count))));
        let at = text(&case["at"]).parse().expect("a time");
        let (written, written_end) = before.append(&draft, &act, at);
        assert_eq!((String::from_utf8_lossy(&written), written_end), (String::from_utf8_lossy(line), end));
        assert_eq!((entry.at, entry.action, entry.key), (at, draft.action, draft.key));
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
        _ => panic!("{word}"),
    }
}

fn action(name: &str) -> Action {
    let all = [
        Action::Import,
        Action::Init,
        Action::Issue,
        Action::Recover,
        Action::Revoke,
        Action::RotationStarted,
        Action::VerifierKey,
    ];
    all.into_iter().find(|action| action.name() == name).expect("an action of the vectors")
}
