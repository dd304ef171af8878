//! The audit log as a tree of hashes (RFC 6962 section 2.1): its root, and the proofs that it only grew and that a line is in it.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// The hash of a leaf or of a node.
pub(crate) type Hash = [u8; 32];

/// How many leaves there are under a node that is stored (docs/format.md, Subtrees).
pub(crate) const SUBTREE: u64 = 1 << SUBTREE_LEVEL;

/// What a log has to remember to go on: the perfect subtrees that its leaves fall into, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    size: u64,
    nodes: Vec<Hash>,
}

impl CompactRange {
    /// Of what was stored; nothing where a number of leaves falls into another number of subtrees.
    pub(crate) fn from_parts(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (u64::from(size.count_ones()) == nodes.len() as u64).then_some(Self { size, nodes })
    }

    /// The number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the perfect subtrees, the largest first.
    pub(crate) fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds a leaf. Gives the node of `SUBTREE` leaves that it completes.
    pub(crate) fn append(&mut self, leaf: Hash) -> Result<Option<Stored>, TreeFull> {
        let size = self.size.checked_add(1).ok_or(TreeFull)?;
        let (mut node, mut stored) = (leaf, None);
        for level in 1..=self.size.trailing_ones() {
            let left = self.nodes.pop().expect("a subtree for each bit of the size");
            node = node_hash(&left, &node);
            if level == SUBTREE_LEVEL {
                stored = Some(Stored { index: self.size / SUBTREE, hash: node });
            }
        }
        self.nodes.push(node);
        self.size = size;
        Ok(stored)
    }

    /// The root of the tree over all leaves.
    pub(crate) fn root(&self) -> Hash {
        let folded = self.nodes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        folded.unwrap_or_else(empty_root)
    }
}

/// A node of `SUBTREE` leaves, and which of them it is, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) index: u64,
    pub(crate) hash: Hash,
}

/// A tree has no more leaves than 64 bits can count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree has no room for another leaf")]
pub(crate) struct TreeFull;

/// A perfect subtree: 2^level leaves, at a multiple of their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subtree {
    start: u64,
    level: u32,
}

impl Subtree {
    /// The first of its leaves.
    pub(crate) fn start(self) -> u64 {
        self.start
    }

    /// The number of its leaves.
    pub(crate) fn len(self) -> u64 {
        1 << self.level
    }
}

/// The hash of a line as a leaf.
pub(crate) fn leaf_hash(line: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(line).finalize().into()
}

/// The hash over nodes of one size that stand side by side: leaves, or nodes of `SUBTREE` leaves. This is how a perfect subtree is
/// computed from what is stored.
pub(crate) fn fold<E>(nodes: impl IntoIterator<Item = Result<Hash, E>>) -> Result<Hash, E> {
    let mut range = CompactRange::default();
    for node in nodes {
        range.append(node?).expect("nobody has read that many nodes");
    }
    Ok(range.root())
}

/// The proof that the tree of `old` leaves is the beginning of the one of `new` leaves (RFC 6962 section 2.1.2), and nothing where
/// `new` is the smaller. `node` is asked for the hashes of perfect subtrees.
pub(crate) fn consistency<E>(
    old: u64,
    new: u64,
    node: &mut dyn FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    let Some(last) = old.checked_sub(1) else { return Ok(Some(Vec::new())) };
    if old > new {
        return Ok(None);
    }
    let path = Path::to(last, new, |span| span.end == old);
    let bottom = (!path.begins_the_tree()).then(|| path.bottom.clone());
    bottom.into_iter().chain(path.siblings).map(|span| hash_of(span, node)).collect::<Result<_, E>>().map(Some)
}

/// Whether `proof` shows that the first tree is the beginning of the second.
pub(crate) fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    let empty = empty_root();
    if (old == 0 && *old_root != empty) || (new == 0 && *new_root != empty) || old > new {
        return false;
    }
    let Some(last) = old.checked_sub(1) else { return proof.is_empty() };
    let path = Path::to(last, new, |span| span.end == old);
    // Where the first tree is a perfect subtree of the second, its root is where the path begins, and the proof leaves it out.
    let begun = if path.begins_the_tree() { Some((old_root, proof)) } else { proof.split_first() };
    let Some((bottom, siblings)) = begun else { return false };
    path.climb(bottom, siblings) == Some((*old_root, *new_root))
}

/// The proof that the leaf at `index`, from 0, is in the tree of `size` leaves (RFC 6962 section 2.1.1), and nothing where it lies
/// beyond. `node` is asked for the hashes of perfect subtrees.
pub(crate) fn inclusion<E>(
    index: u64,
    size: u64,
    node: &mut dyn FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    if index >= size {
        return Ok(None);
    }
    let path = Path::to(index, size, is_leaf);
    path.siblings.into_iter().map(|span| hash_of(span, node)).collect::<Result<_, E>>().map(Some)
}

/// Whether `proof` shows that a leaf of this hash stands at `index`.
pub(crate) fn verify_inclusion(index: u64, leaf: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let found = Path::to(index, size, is_leaf).climb(leaf, proof);
    found.is_some_and(|(_, found)| found == *root)
}

/// The way up to the root: where it begins, and the spans of leaves under the other child of each node on it, the lowest first.
/// The sizes alone say where it leads, so the maker of a proof and who checks it see the same.
struct Path {
    bottom: Range<u64>,
    siblings: Vec<Range<u64>>,
}

impl Path {
    /// Found from the root downwards, towards a leaf of the tree, until `there`, which is true of every single leaf.
    fn to(leaf: u64, size: u64, there: impl Fn(&Range<u64>) -> bool) -> Self {
        let (mut span, mut siblings) = (0..size, Vec::new());
        while !there(&span) {
            let middle = span.start + largest_power_below(span.end - span.start);
            let (near, far) = if leaf < middle {
                (span.start..middle, middle..span.end)
            } else {
                (middle..span.end, span.start..middle)
            };
            siblings.push(far);
            span = near;
        }
        siblings.reverse();
        Self { bottom: span, siblings }
    }

    fn begins_the_tree(&self) -> bool {
        self.bottom.start == 0
    }

    /// The roots that the path leads to from the hash of its bottom beside these siblings: of the tree that ends with the bottom,
    /// and of the whole one. Nothing where the siblings are not as many as the path has.
    fn climb(&self, bottom: &Hash, siblings: &[Hash]) -> Option<(Hash, Hash)> {
        if siblings.len() != self.siblings.len() {
            return None;
        }
        let beside = |(old, new): (Hash, Hash), (span, sibling): (&Range<u64>, &Hash)| {
            if span.start < self.bottom.start {
                (node_hash(sibling, &old), node_hash(sibling, &new))
            } else {
                (old, node_hash(&new, sibling))
            }
        };
        Some(self.siblings.iter().zip(siblings).fold((*bottom, *bottom), beside))
    }
}

/// The hash over a span that begins at a multiple of a power of two not below its length.
fn hash_of<E>(span: Range<u64>, node: &mut dyn FnMut(Subtree) -> Result<Hash, E>) -> Result<Hash, E> {
    let (mut start, mut nodes) = (span.start, Vec::new());
    while let Some(level) = (span.end - start).checked_ilog2() {
        let subtree = Subtree { start, level };
        nodes.push(node(subtree)?);
        start += subtree.len();
    }
    Ok(CompactRange { size: span.end - span.start, nodes }.root())
}

fn is_leaf(span: &Range<u64>) -> bool {
    span.end - span.start == 1
}

/// Where a tree of two or more leaves parts: the right side is never the larger one.
fn largest_power_below(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

const SUBTREE_LEVEL: u32 = 12;

#[cfg(test)]
mod tests;
