//! Git objects: their ids and kinds, and what commits and trees say of others.

use std::fmt;

use crate::secret::hex;

/// SHA-1 or SHA-256 of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectId {
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    pub(super) fn new(id: &[u8]) -> Option<Self> {
        let len = u8::try_from(id.len()).ok().filter(|len| matches!(len, 20 | 32))?;
        let mut bytes = [0; 32];
        bytes[..id.len()].copy_from_slice(id);
        Some(Self { bytes, len })
    }

    pub(super) fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        Self::new(base16ct::lower::decode(text, &mut bytes).ok()?)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(self.as_bytes()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blob,
    Commit,
    Tag,
    Tree,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Tree => "tree",
        }
    }

    pub(super) fn named(name: &[u8]) -> Option<Self> {
        [Self::Blob, Self::Commit, Self::Tag, Self::Tree].into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

/// What a commit says of its time and its tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Commit {
    /// By the committer's clock, in seconds since 1970.
    pub(super) at: i64,
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    /// The first of those it was made from.
    pub(super) parent: Option<ObjectId>,
}

impl Commit {
    pub(super) fn parse(id: ObjectId, content: &[u8]) -> Option<Self> {
        let mut lines = content.split(|byte| *byte == b'\n');
        let tree = ObjectId::from_hex(lines.next()?.strip_prefix(b"tree ")?)?;
        let mut lines = lines.peekable();
        let parent = lines.peek().and_then(|line| ObjectId::from_hex(line.strip_prefix(b"parent ")?));
        let committer = lines.take_while(|line| !line.is_empty()).find(|line| line.starts_with(b"committer "));
        let time = committer.and_then(|line| line.rsplit(|byte| *byte == b' ').nth(1));
        let at = time.and_then(|time| std::str::from_utf8(time).ok()?.parse().ok()).unwrap_or(i64::MAX);
        Some(Self { at, id, tree, parent })
    }
}

/// An entry of a tree.
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) id: ObjectId,
    pub(super) is_tree: bool,
}

/// The entries of a tree, up to the first that is malformed.
pub(super) fn entries(mut tree: &[u8], id_len: usize) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let space = tree.iter().position(|byte| *byte == b' ')?;
        let (mode, rest) = tree.split_at(space);
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (id, after) = rest[end + 1..].split_at_checked(id_len)?;
        tree = after;
        Some(Entry { name: &rest[1..end], id: ObjectId::new(id)?, is_tree: mode.ends_with(b"40000") })
    })
}

/// The names in a tree, one a line.
pub(super) fn names(tree: &[u8], id_len: usize, out: &mut Vec<u8>) {
    out.clear();
    for entry in entries(tree, id_len) {
        out.extend_from_slice(entry.name);
        out.push(b'\n');
    }
}
