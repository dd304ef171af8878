//! Where objects stand in the history: the first commit that holds each, and its path there.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
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
    /// Whether every path that it was seen with is one to leave out.
    pub(super) ignored: bool,
}

/// Those of an earlier time first. Clocks tell seconds: of the same one, what others were made from comes before them.
pub(super) fn ordered(mut commits: Vec<Commit>) -> Vec<Commit> {
    commits.sort_unstable();
    for alike in commits.chunk_by_mut(|one, other| one.at == other.at).filter(|alike| alike.len() > 1) {
        let parents: HashMap<_, _> = alike.iter().map(|commit| (commit.id, commit.parent)).collect();
        let mut depths = HashMap::new();
        for commit in alike.iter() {
            let (mut path, mut next) = (vec![], Some(commit.id));
            while let Some(id) = next.filter(|id| parents.contains_key(id) && !depths.contains_key(id)) {
                // Until it is known: whoever makes up ids can make a circle of them.
                depths.insert(id, 0);
                path.push(id);
                next = parents[&id];
            }
            let below = next.and_then(|id| depths.get(&id).copied()).unwrap_or(0_usize);
            depths.extend(path.iter().rev().enumerate().map(|(at, id)| (*id, below + at + 1)));
        }
        alike.sort_by_key(|commit| depths[&commit.id]);
    }
    commits
}

/// Goes through the commits in their order, and through every tree once, until all are seen. A tree at another path is another
/// one where paths count.
pub(super) fn trace(
    wanted: HashSet<ObjectId>,
    commits: Vec<Commit>,
    is_ignored: Option<&dyn Fn(&Path) -> bool>,
    finder: &mut Finder<'_>,
) -> HashMap<ObjectId, Seen> {
    let mut ignored = HashMap::new();
    let mut seen = first_seen(wanted, commits, is_ignored, &mut ignored, finder);
    for (id, at) in ignored {
        seen.entry(id).or_insert(at);
    }
    seen
}

/// Those at paths that are to be left out are looked for at others, and kept apart.
fn first_seen(
    mut wanted: HashSet<ObjectId>,
    commits: Vec<Commit>,
    is_ignored: Option<&dyn Fn(&Path) -> bool>,
    ignored: &mut HashMap<ObjectId, Seen>,
    finder: &mut Finder<'_>,
) -> HashMap<ObjectId, Seen> {
    let (mut seen, mut visited) = (HashMap::new(), HashSet::new());
    for commit in commits {
        let mut trees = vec![(commit.tree, Vec::new())];
        while let Some((tree, path)) = trees.pop() {
            if wanted.is_empty() || visited.len() == MAX_TREES {
                return seen;
            }
            if !visited.insert((tree, is_ignored.map(|_| hash_of(&path)))) {
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
                } else if wanted.contains(&entry.id) {
                    let at = seen_at(&commit, below());
                    if is_ignored.is_some_and(|is_ignored| is_ignored(&at.path)) {
                        ignored.entry(entry.id).or_insert(Seen { ignored: true, ..at });
                    } else {
                        wanted.remove(&entry.id);
                        seen.insert(entry.id, at);
                    }
                }
            }
        }
    }
    seen
}

fn hash_of(path: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(path);
    hasher.finish()
}

fn seen_at(commit: &Commit, path: Vec<u8>) -> Seen {
    Seen { commit: commit.id, path: OsString::from_vec(path).into(), ignored: false }
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
