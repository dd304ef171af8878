//! The vectors of the tree over the audit log.

use std::convert::Infallible;

use serde_json::Value;

use super::{array, file, hex, list, number, text};
use crate::ledger::subtree_key;
use crate::tree::{CompactRange, Hash, Stored, Subtree, consistency, fold, leaf_hash, verify_consistency};

#[test]
fn trees_have_the_roots_and_the_subtrees_of_the_page() {
    let (vectors, log) = (vectors(), Log::of_the_page());
    assert_eq!(vectors["lines"], "line {n}, n from 0");
    for case in list(&vectors["trees"]) {
        let range = log.range(number(&case["size"]));
        assert_eq!(range.root(), array::<32>(&case["root"]), "{}", case["size"]);
        let nodes: Vec<Hash> = list(&case["range"]).iter().map(array).collect();
        assert_eq!(range.nodes(), nodes, "{}", case["size"]);
        assert_eq!(CompactRange::from_parts(range.size(), nodes), Some(range));
    }
    let subtrees = &vectors["subtrees"];
    let mut range = CompactRange::default();
    let mut stored = vec![];
    for leaf in &log.leaves[..size(&subtrees["entries"])] {
        stored.extend(range.append(*leaf).expect("room"));
    }
    let row = |row: &Value| {
        (subtree_key(number(&row["number"])), Stored { index: number(&row["number"]), hash: array(&row["node"]) })
    };
    let expected: Vec<_> = list(&subtrees["rows"]).iter().map(row).collect();
    assert_eq!(stored, expected.iter().map(|(_, stored)| *stored).collect::<Vec<_>>());
    for ((key, _), row) in expected.iter().zip(list(&subtrees["rows"])) {
        assert_eq!(*key, hex(&row["key"]));
    }
}

#[test]
fn proofs_of_consistency_are_those_of_the_page() {
    let (vectors, log) = (vectors(), Log::of_the_page());
    for case in list(&vectors["consistency"]["good"]) {
        let (old, new) = (number(&case["old"]), number(&case["new"]));
        let proof = proof(case);
        let made = consistency(old, new, &mut |subtree| Ok::<_, Infallible>(log.node(subtree)));
        assert_eq!(made, Ok(Some(proof.clone())), "from {old} to {new}");
        assert!(
            verify_consistency(old, &log.range(old).root(), new, &log.range(new).root(), &proof),
            "from {old} to {new}"
        );
    }
    for case in list(&vectors["consistency"]["bad"]) {
        let (old, new) = (number(&case["old"]), number(&case["new"]));
        let taken = verify_consistency(old, &array(&case["old_root"]), new, &array(&case["new_root"]), &proof(case));
        assert!(!taken, "{} went unnoticed, from {old} to {new}: {}", case["broken"], text(&case["new_root"]));
    }
}

/// The log whose lines the page gives.
struct Log {
    leaves: Vec<Hash>,
}

impl Log {
    fn of_the_page() -> Self {
        let most = size(&vectors()["subtrees"]["entries"]);
        Self { leaves: (0..most).map(|n| leaf_hash(format!("line {n}").as_bytes())).collect() }
    }

    fn range(&self, size: u64) -> CompactRange {
        let mut range = CompactRange::default();
        for leaf in &self.leaves[..usize::try_from(size).expect("small")] {
            range.append(*leaf).expect("room");
        }
        range
    }

    fn node(&self, subtree: Subtree) -> Hash {
        let at = |leaf: u64| usize::try_from(leaf).expect("small");
        let leaves = &self.leaves[at(subtree.start())..at(subtree.start() + subtree.len())];
        fold(leaves.iter().map(|leaf| Ok::<_, Infallible>(*leaf))).expect("no error")
    }
}

fn proof(case: &Value) -> Vec<Hash> {
    list(&case["proof"]).iter().map(array).collect()
}

fn size(value: &Value) -> usize {
    usize::try_from(number(value)).expect("small")
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/tree.json"))
}
