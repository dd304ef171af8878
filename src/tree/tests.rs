use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

#[test]
fn roots_are_those_of_certificate_transparency() {
    let mut range = CompactRange::default();
    assert_eq!(hex(&range.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (leaf, root) in published_leaves().into_iter().zip(PUBLISHED_ROOTS) {
        assert_eq!(range.append(leaf), Ok(None));
        assert_eq!(hex(&range.root()), root, "{} leaves", range.size());
    }
}

#[test]
fn proofs_are_those_of_certificate_transparency() {
    let leaves = published_leaves();
    let root = |size: u64| mth(first(&leaves, size));
    for (old, new, expected) in
        [(1, 1, &[][..]), (1, 8, &[H1, H23, H4567]), (6, 8, &[H45, H67, H0123]), (2, 5, &[H23, H4])]
    {
        let proof = made(consistency(old, new, &mut from(&leaves)));
        assert_eq!(texts(&proof), expected, "{old} to {new}");
        assert!(verify_consistency(old, &root(old), new, &root(new), &proof), "{old} to {new}");
    }
    for (index, size, expected) in
        [(0, 1, &[][..]), (0, 8, &[H1, H23, H4567]), (5, 8, &[H4, H67, H0123]), (2, 3, &[H01]), (1, 5, &[H0, H23, H4])]
    {
        let proof = made(inclusion(index, size, &mut from(&leaves)));
        assert_eq!(texts(&proof), expected, "{index} of {size}");
        let leaf = &leaves[usize::try_from(index).expect("small")];
        assert!(verify_inclusion(index, leaf, size, &root(size), &proof), "{index} of {size}");
    }
}

#[test]
fn every_root_and_proof_is_that_of_the_definition() {
    let leaves = made_up(130);
    let roots: Vec<Hash> = (0..=130).map(|size| mth(first(&leaves, size))).collect();
    let mut range = CompactRange::default();
    for (new, new_root) in (0..).zip(&roots) {
        assert_eq!((range.size(), range.root()), (new, *new_root));
        assert_eq!(CompactRange::from_parts(new, range.nodes().to_vec()), Some(range.clone()));
        for (old, old_root) in (0..=new).zip(&roots) {
            let proof = made(consistency(old, new, &mut from(&leaves)));
            assert_eq!(proof, consistency_as_defined(old, first(&leaves, new)), "{old} to {new}");
            assert!(verify_consistency(old, old_root, new, new_root, &proof), "{old} to {new}");
            assert!(old == new || !verify_consistency(new, new_root, old, old_root, &proof), "{new} to {old}");
        }
        for (index, leaf) in (0..new).zip(&leaves) {
            let proof = made(inclusion(index, new, &mut from(&leaves)));
            assert_eq!(proof, path_as_defined(index, first(&leaves, new)), "{index} of {new}");
            assert!(verify_inclusion(index, leaf, new, new_root, &proof), "{index} of {new}");
        }
        if let Some(leaf) = leaves.get(usize::try_from(new).expect("small")) {
            assert_eq!(range.append(*leaf), Ok(None));
        }
    }
}

#[test]
fn a_proof_holds_with_nothing_changed_in_it() {
    let leaves = made_up(40);
    let root = |size: u64| mth(first(&leaves, size));
    for new in 1..=40 {
        for old in 1..=new {
            let proof = made(consistency(old, new, &mut from(&leaves)));
            let holds = |proof: &[Hash]| verify_consistency(old, &root(old), new, &root(new), proof);
            assert!(holds(&proof));
            for (what, changed) in changes(&proof) {
                assert!(!holds(&changed), "{old} to {new}, {what}");
            }
            assert!(!verify_consistency(old, &flipped(root(old)), new, &root(new), &proof), "{old} to {new}");
            assert!(!verify_consistency(old, &root(old), new, &flipped(root(new)), &proof), "{old} to {new}");
        }
        for index in 0..new {
            let leaf = leaves[usize::try_from(index).expect("small")];
            let proof = made(inclusion(index, new, &mut from(&leaves)));
            let holds = |proof: &[Hash]| verify_inclusion(index, &leaf, new, &root(new), proof);
            assert!(holds(&proof));
            for (what, changed) in changes(&proof) {
                assert!(!holds(&changed), "{index} of {new}, {what}");
            }
            assert!(!verify_inclusion(index, &flipped(leaf), new, &root(new), &proof), "{index} of {new}");
            assert!(!verify_inclusion(index, &leaf, new, &flipped(root(new)), &proof), "{index} of {new}");
            for other in (0..new).filter(|other| *other != index) {
                assert!(!verify_inclusion(other, &leaf, new, &root(new), &proof), "{index} of {new} as {other}");
            }
        }
    }
}

#[test]
fn another_log_has_no_proof() {
    let (leaves, mut others) = (made_up(40), made_up(40));
    others[3] = flipped(others[3]);
    for old in 4..=40 {
        for new in old + 1..=40 {
            let proof = made(consistency(old, new, &mut from(&others)));
            let (old_root, new_root) = (mth(first(&leaves, old)), mth(first(&others, new)));
            assert!(!verify_consistency(old, &old_root, new, &new_root, &proof), "{old} to {new}");
        }
    }
}

#[test]
fn the_empty_tree_begins_every_other() {
    let (empty, other) = (empty_root(), [7; 32]);
    assert!(verify_consistency(0, &empty, 0, &empty, &[]));
    assert!(verify_consistency(0, &empty, 9, &other, &[]));
    assert!(!verify_consistency(0, &empty, 9, &other, &[other]));
    assert!(!verify_consistency(0, &other, 9, &other, &[]));
    assert!(!verify_consistency(0, &other, 0, &other, &[]));
    assert!(!verify_consistency(0, &empty, 0, &other, &[]));
    assert!(!verify_consistency(0, &empty, 0, &empty, &[empty]));
    assert!(!verify_consistency(9, &other, 0, &empty, &[]));
}

#[test]
fn nothing_is_proven_beyond_the_end() {
    let mut node = |_| -> Result<Hash, Infallible> { panic!("nothing is asked for") };
    for (old, new) in [(1, 0), (9, 8), (u64::MAX, 0), (u64::MAX, u64::MAX - 1)] {
        assert_eq!(consistency(old, new, &mut node), Ok(None), "{old} to {new}");
        assert!(!verify_consistency(old, &[7; 32], new, &[7; 32], &[]));
    }
    for (index, size) in [(0, 0), (8, 8), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        assert_eq!(inclusion(index, size, &mut node), Ok(None), "{index} of {size}");
        assert!(!verify_inclusion(index, &[7; 32], size, &[7; 32], &[]));
    }
}

#[test]
fn sizes_up_to_the_last_have_their_proofs() {
    let top = [u64::MAX, u64::MAX - 1, u64::MAX - 4096, (1 << 63) + 1, 1 << 63, (1 << 63) - 1, (1 << 53) + 12_345];
    for new in top {
        for old in top.into_iter().chain([1, 2, 3, 4096, 4097, 1 << 40]).filter(|old| *old <= new) {
            let proof = made(consistency(old, new, &mut all_alike()));
            assert!(verify_consistency(old, &alike(old).root(), new, &alike(new).root(), &proof), "{old} to {new}");
            assert!(proof.len() <= 65);
            for (what, changed) in changes(&proof) {
                let root = &alike(new).root();
                assert!(!verify_consistency(old, &alike(old).root(), new, root, &changed), "{old} to {new}, {what}");
            }
            let proof = made(inclusion(old - 1, new, &mut all_alike()));
            assert!(verify_inclusion(old - 1, &[7; 32], new, &alike(new).root(), &proof), "{} of {new}", old - 1);
        }
    }
}

#[test]
fn a_full_tree_takes_no_leaf() {
    let mut range = alike(u64::MAX);
    let before = range.clone();
    assert_eq!(range.nodes().len(), 64);
    assert_eq!(range.append([7; 32]), Err(TreeFull));
    assert_eq!(range, before);
}

#[test]
fn a_compact_range_has_a_node_for_each_bit() {
    for size in [0, 1, 2, 3, 4096, u64::MAX - 1, u64::MAX] {
        let bits = usize::try_from(size.count_ones()).expect("at most 64");
        for len in 0..70 {
            let range = CompactRange::from_parts(size, vec![[7; 32]; len]);
            assert_eq!(range.is_some(), len == bits, "{size} leaves, {len} nodes");
        }
    }
}

#[test]
fn each_subtree_of_4096_leaves_is_reported_once() {
    let leaves = made_up(3 * 4096 + 5);
    let mut range = CompactRange::default();
    let mut stored = Vec::new();
    for (index, leaf) in (0..).zip(&leaves) {
        let completed = range.append(*leaf).expect("there is room");
        assert_eq!(completed.is_some(), (index + 1) % SUBTREE == 0, "leaf {index}");
        stored.extend(completed);
    }
    let whole = leaves.chunks_exact(4096).map(mth);
    let expected: Vec<_> = (0..).zip(whole).map(|(index, hash)| Stored { index, hash }).collect();
    assert_eq!(stored, expected);
    // And with them proofs are made: what is as large as one comes from them, what is smaller from the leaves.
    let mut read = 0;
    let mut node = |subtree: Subtree| {
        let (at, len) = (subtree.start(), subtree.len());
        assert_eq!(at % len, 0);
        if len < SUBTREE {
            read += len;
            return fold(slice(&leaves, at, len).iter().copied().map(Ok::<_, Infallible>));
        }
        fold(slice(&stored, at / SUBTREE, len / SUBTREE).iter().map(|stored| Ok(stored.hash)))
    };
    let proof = made(consistency(4096 + 100, 3 * 4096 + 5, &mut node));
    let (old_root, new_root) = (mth(&leaves[..4196]), mth(&leaves));
    assert!(verify_consistency(4196, &old_root, 3 * 4096 + 5, &new_root, &proof));
    assert_eq!(read, 4096 + 5);
}

#[test]
fn what_the_caller_cannot_read_ends_a_proof() {
    let mut asked = 0;
    let mut node = |_| {
        asked += 1;
        if asked == 2 { Err("gone") } else { Ok([7; 32]) }
    };
    assert_eq!(consistency(3, 100, &mut node), Err("gone"));
    assert_eq!(asked, 2);
}

proptest! {
    #[test]
    fn no_proof_is_made_up(old: u64, new: u64, root: Hash, proof in prop::collection::vec(any::<Hash>(), 0..70)) {
        prop_assert!(old == 0 || !verify_consistency(old, &[7; 32], new, &root, &proof));
        prop_assert!(!verify_inclusion(old, &[7; 32], new, &root, &proof));
    }

    #[test]
    fn any_two_sizes_have_a_proof(one: u64, other: u64) {
        let (old, new) = (one.min(other), one.max(other));
        let proof = made(consistency(old, new, &mut all_alike()));
        prop_assert!(verify_consistency(old, &alike(old).root(), new, &alike(new).root(), &proof));
        if let Some(proof) = inclusion(old, new, &mut all_alike()).expect("never fails") {
            prop_assert!(verify_inclusion(old, &[7; 32], new, &alike(new).root(), &proof));
        }
    }
}

/// MTH of RFC 6962, word for word.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        more => {
            let (left, right) = more.split_at(k(more.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// PROOF of RFC 6962.
fn consistency_as_defined(old: u64, leaves: &[Hash]) -> Vec<Hash> {
    fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if whole { Vec::new() } else { vec![mth(leaves)] };
        }
        let k = k(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, other) =
            if m <= k { (subproof(m, left, whole), right) } else { (subproof(m - k, right, false), left) };
        proof.push(mth(other));
        proof
    }
    if old == 0 { Vec::new() } else { subproof(usize::try_from(old).expect("small"), leaves, true) }
}

/// PATH of RFC 6962.
fn path_as_defined(index: u64, leaves: &[Hash]) -> Vec<Hash> {
    fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = k(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, other) = if m < k { (path(m, left), right) } else { (path(m - k, right), left) };
        proof.push(mth(other));
        proof
    }
    path(usize::try_from(index).expect("small"), leaves)
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// Everything that differs from a proof in one place.
fn changes(proof: &[Hash]) -> Vec<(String, Vec<Hash>)> {
    let mut changes = Vec::new();
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[at] = flipped(changed[at]);
        changes.push((format!("a bit of {at}"), changed));
        let mut changed = proof.to_vec();
        changed.remove(at);
        changes.push((format!("without {at}"), changed));
        let mut changed = proof.to_vec();
        changed.insert(at, proof[at]);
        changes.push((format!("twice {at}"), changed));
        if at > 0 && proof[at] != proof[at - 1] {
            let mut changed = proof.to_vec();
            changed.swap(at - 1, at);
            changes.push((format!("{at} before the one before"), changed));
        }
    }
    changes.push(("one more".to_owned(), [proof, &[[7; 32]]].concat()));
    changes
}

fn flipped(mut hash: Hash) -> Hash {
    hash[9] ^= 4;
    hash
}

/// A tree whose leaves are all the same, of any size.
fn alike(size: u64) -> CompactRange {
    let nodes = (0..64).rev().filter(|level| size >> level & 1 == 1).map(all_alike_at).collect();
    CompactRange::from_parts(size, nodes).expect("a node for each bit")
}

fn all_alike() -> impl FnMut(Subtree) -> Result<Hash, Infallible> {
    |subtree| {
        assert_eq!(subtree.start() % subtree.len(), 0);
        Ok(all_alike_at(subtree.len().ilog2()))
    }
}

fn all_alike_at(level: u32) -> Hash {
    (0..level).fold([7; 32], |node, _| node_hash(&node, &node))
}

fn from(leaves: &[Hash]) -> impl FnMut(Subtree) -> Result<Hash, Infallible> {
    |subtree| Ok(mth(slice(leaves, subtree.start(), subtree.len())))
}

fn made(proof: Result<Option<Vec<Hash>>, Infallible>) -> Vec<Hash> {
    let Ok(proof) = proof;
    proof.expect("the sizes are right")
}

fn first(leaves: &[Hash], len: u64) -> &[Hash] {
    slice(leaves, 0, len)
}

fn slice<T>(all: &[T], start: u64, len: u64) -> &[T] {
    let start = usize::try_from(start).expect("small");
    &all[start..start + usize::try_from(len).expect("small")]
}

fn made_up(count: u32) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn published_leaves() -> Vec<Hash> {
    let lines: [&[u8]; 8] =
        [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    lines.into_iter().map(leaf_hash).collect()
}

fn hex(hash: &Hash) -> String {
    crate::secret::hex(hash)
}

fn texts(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(hex).collect()
}

/// The roots of the first 1 to 8 leaves that the tests of Certificate Transparency have had from the start.
const PUBLISHED_ROOTS: [&str; 8] = [
    H0,
    H01,
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    H0123,
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

// The nodes in their published proofs, by the leaves under them.
const H0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const H1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const H4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const H01: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
const H23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const H45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const H67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const H0123: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
const H4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
