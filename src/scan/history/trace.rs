//! Where objects stand in the history: the first commit that holds each, and its path there.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::rc::Rc;

use super::delta;
use super::loose::{self, Loose};
use super::object::{self, Commit, Kind, ObjectId};
use super::pack::{Form, Inflater, Pack};
use super::repository::Objects;

/// Where an object was first seen.
pub(super) struct Seen {
    pub(super) commit: ObjectId,
    pub(super) path: PathBuf,
}

/// Goes through the commits in the order of their times, and through every tree once, until all are seen.
pub(super) fn trace(
    mut wanted: HashSet<ObjectId>,
    mut commits: Vec<Commit>,
    finder: &mut Finder<'_>,
) -> HashMap<ObjectId, Seen> {
    commits.sort_unstable();
    let (mut seen, mut visited) = (HashMap::new(), HashSet::new());
    for commit in commits {
        let mut trees = vec![(commit.tree, Vec::new())];
        while let Some((tree, path)) = trees.pop() {
            if wanted.is_empty() || visited.len() == MAX_TREES {
                return seen;
            }
            if !visited.insert(tree) {
                continue;
            }
            if wanted.remove(&tree) {
                seen.insert(tree, seen_at(&commit, path.clone()));
            }
            let Some((Kind::Tree, content)) = finder.find(&tree) else { continue };
            for entry in object::entries(&content, tree.as_bytes().len()) {
                let below =
                    || if path.is_empty() { entry.name.to_vec() } else { [path.as_slice(), b"/", entry.name].concat() };
                if entry.is_tree {
                    trees.push((entry.id, below()));
                } else if wanted.remove(&entry.id) {
                    seen.insert(entry.id, seen_at(&commit, below()));
                }
            }
        }
    }
    seen
}

fn seen_at(commit: &Commit, path: Vec<u8>) -> Seen {
    Seen { commit: commit.id, path: OsString::from_vec(path).into() }
}

type Found = (Kind, Rc<Vec<u8>>);

/// Finds single objects by their ids.
pub(super) struct Finder<'f> {
    packs: &'f [Pack],
    objects: &'f [Objects],
    inflater: Inflater,
    /// Trees that follow each other in time are built on each other.
    bases: HashMap<(usize, u32), Found>,
    held: usize,
}

impl<'f> Finder<'f> {
    pub(super) fn new(packs: &'f [Pack], objects: &'f [Objects]) -> Self {
        Self { packs, objects, inflater: Inflater::new(), bases: HashMap::new(), held: 0 }
    }

    pub(super) fn find(&mut self, id: &ObjectId) -> Option<Found> {
        let packs = self.packs;
        let packed = packs.iter().enumerate().filter_map(|(at, pack)| Some((at, pack.rank_of(id)?)));
        packed.into_iter().find_map(|(at, rank)| self.packed(at, rank)).or_else(|| self.loose(id))
    }

    /// Down to a base that is whole or known, and up again.
    fn packed(&mut self, at: usize, rank: u32) -> Option<Found> {
        let packs = self.packs;
        let pack = &packs[at];
        let (mut deltas, mut rank) = (vec![], rank);
        let (kind, mut content) = loop {
            if let Some((kind, content)) = self.bases.get(&(at, rank)) {
                break (*kind, Rc::clone(content));
            }
            let header = pack.header(rank).ok().filter(|header| header.size <= MAX_TRACED)?;
            let data = pack.inflate(rank, &header, &mut self.inflater).ok()?;
            let base = match header.form {
                Form::Whole(kind) => break (kind, self.keep(at, rank, kind, data)),
                Form::OnOffset(offset) => pack.rank_of_offset(offset)?,
                Form::OnId(id) => pack.rank_of(&id)?,
            };
            deltas.push((rank, data));
            if deltas.len() > MAX_DEPTH {
                return None;
            }
            rank = base;
        };
        while let Some((rank, delta)) = deltas.pop() {
            let rebuilt = delta::apply(&content, &delta, MAX_TRACED)?;
            content = self.keep(at, rank, kind, rebuilt);
        }
        Some((kind, content))
    }

    fn keep(&mut self, at: usize, rank: u32, kind: Kind, content: Vec<u8>) -> Rc<Vec<u8>> {
        if self.held + content.len() > MAX_CACHED {
            self.bases.clear();
            self.held = 0;
        }
        self.held += content.len();
        let content = Rc::new(content);
        self.bases.insert((at, rank), (kind, Rc::clone(&content)));
        content
    }

    fn loose(&self, id: &ObjectId) -> Option<Found> {
        self.objects.iter().find_map(|objects| {
            let mut loose = Loose::open(&loose::path(&objects.folder, id)).ok()?;
            let mut content = vec![];
            loose.content.by_ref().take(MAX_TRACED).read_to_end(&mut content).ok()?;
            Some((loose.kind, Rc::new(content)))
        })
    }
}

/// Enough for the largest public repositories; whoever has more learns the ids alone.
const MAX_TREES: usize = 20_000_000;
/// What git allows.
const MAX_DEPTH: usize = 4095;
const MAX_TRACED: u64 = 64 << 20;
const MAX_CACHED: usize = 96 << 20;
