//! Every object once, on all cores: pack by pack from the bases to what is built on them, then the loose ones.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::delta;
use super::loose::{self, Loose};
use super::object::{self, Commit, Kind, ObjectId};
use super::pack::{Form, Header, Inflater, Pack, damaged};
use super::repository::Objects;
use crate::scan::detect::hit::{Hit, Scanned};
use crate::scan::format::{Format, TAR_BLOCK};
use crate::scan::report::{CUT, Origin, Outlet, ScanPlace};
use crate::scan::unpack::{Inside, Taker, unpack};

/// What a sweep leaves for the search for paths.
#[derive(Default)]
pub(super) struct Swept {
    pub(super) hits: Vec<ObjectHit>,
    pub(super) commits: Vec<Commit>,
    /// Objects of which a part could not be read, and why.
    pub(super) missed: Vec<(ObjectId, String)>,
}

/// A hit whose path is not known yet.
pub(super) struct ObjectHit {
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
    pub(super) inside: Vec<Cow<'static, str>>,
    pub(super) hit: Hit,
}

/// The packs of a repository, those read before first.
pub(super) struct Sweep<'a, 's> {
    pub(super) outlet: &'a Outlet<'s>,
    pub(super) root: &'a Path,
    pub(super) threads: usize,
    pub(super) packs: &'a [Pack],
    /// What was damaged in one pack may be whole elsewhere.
    pub(super) broken: Mutex<HashSet<ObjectId>>,
    pub(super) swept: Mutex<Swept>,
}

impl Sweep<'_, '_> {
    pub(super) fn packs(&self) {
        for (at, pack) in self.packs.iter().enumerate().take_while(|_| !self.outlet.is_stopped()) {
            self.pack(pack, &self.packs[..at]);
        }
    }

    pub(super) fn loose(&self, objects: &Objects, before: &[Objects]) {
        let next = AtomicUsize::new(0);
        self.on_all_cores(|| {
            while let Some(first) = u8::try_from(next.fetch_add(1, Relaxed)).ok().filter(|_| !self.outlet.is_stopped())
            {
                match loose::list(&objects.folder, first, objects.id_len) {
                    Ok(found) => {
                        self.outlet.tally.objects_total.fetch_add(found.len() as u64, Relaxed);
                        for (id, path) in found.iter().take_while(|_| !self.outlet.is_stopped()) {
                            self.loose_object(id, path, before);
                        }
                    }
                    Err(error) => {
                        let path = objects.folder.join(format!("{first:02x}"));
                        self.outlet.unreadable(&Origin { place: ScanPlace::History, path: &path }, &error);
                    }
                }
            }
        });
    }

    fn loose_object(&self, id: &ObjectId, path: &Path, before: &[Objects]) {
        let twice = before.iter().any(|objects| loose::path(&objects.folder, id).exists());
        if (twice || is_packed(id, self.packs)) && !self.is_broken(id) {
            self.outlet.tally.objects_total.fetch_sub(1, Relaxed);
            return;
        }
        let read = Loose::open(path).and_then(|mut loose| {
            if loose.size <= AT_ONCE {
                let mut content = vec![];
                loose.content.read_to_end(&mut content)?;
                self.object(id, loose.kind, &content);
                return Ok(());
            }
            self.long(id, loose.kind, &|| Ok(Box::new(Loose::open(path)?.content)))
        });
        match read {
            Ok(()) => {
                self.outlet.tally.objects.fetch_add(1, Relaxed);
            }
            // Gone since it was listed: into a pack, or because nothing needs it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.damaged(id, &error, 1),
        }
    }

    fn pack(&self, pack: &Pack, before: &[Pack]) {
        let family = match Family::of(pack) {
            Ok(family) => family,
            Err(error) => {
                return self.outlet.unreadable(&Origin { place: ScanPlace::History, path: &pack.path }, &error);
            }
        };
        self.outlet.tally.objects_total.fetch_add(pack.len() as u64, Relaxed);
        for (rank, error) in &family.faults {
            let above = family.descendants(*rank);
            self.lost(pack, &above);
            self.damaged(&pack.id(*rank), error, above.len() as u64);
        }
        for rank in &family.circles {
            self.damaged(&pack.id(*rank), &damaged("the object is built on itself"), 1);
        }
        let next = AtomicUsize::new(0);
        self.on_all_cores(|| {
            let mut worker = Worker { sweep: self, pack, before, family: &family, inflater: Inflater::new() };
            loop {
                let from = next.fetch_add(ROOTS_AT_ONCE, Relaxed);
                let Some(roots) = family.roots.get(from..family.roots.len().min(from + ROOTS_AT_ONCE)) else { break };
                if self.outlet.is_stopped() {
                    break;
                }
                for (rank, header) in roots.iter().take_while(|_| !self.outlet.is_stopped()) {
                    worker.family(*rank, header);
                }
            }
        });
    }

    /// One object's content, unless an earlier pack had it.
    fn packed_object(&self, id: &ObjectId, kind: Kind, content: &[u8], before: &[Pack]) {
        self.outlet.tally.objects.fetch_add(1, Relaxed);
        if !is_packed(id, before) || self.is_broken(id) {
            self.object(id, kind, content);
        }
    }

    fn object(&self, id: &ObjectId, kind: Kind, content: &[u8]) {
        if kind == Kind::Tree {
            let mut names = vec![];
            object::names(content, id.as_bytes().len(), &mut names);
            return self.scanned(id, kind, &[], self.outlet.scanner.scan("", &names));
        }
        if kind == Kind::Commit
            && let Some(commit) = Commit::parse(*id, content)
        {
            self.lock_swept().commits.push(commit);
        }
        let format = Format::of(content).filter(|_| kind == Kind::Blob);
        if !self.members(id, format, content) {
            self.scanned(id, kind, &[], self.outlet.scanner.scan_as("", content, format.is_none()));
        }
    }

    /// Opens what is packed; whether that was all there is to read.
    fn members(&self, id: &ObjectId, format: Option<Format>, packed: impl Read) -> bool {
        format.is_some_and(|format| unpack(format, packed, &mut Told { sweep: self, id }) && format.has_members())
    }

    /// One that is too long to hold.
    fn long(&self, id: &ObjectId, kind: Kind, open: Reopen<'_, '_>) -> io::Result<()> {
        let mut head = vec![];
        open()?.take(TAR_BLOCK as u64).read_to_end(&mut head)?;
        let format = Format::of(&head).filter(|_| kind == Kind::Blob);
        if !self.members(id, format, open()?) {
            self.scanned(
                id,
                kind,
                &[],
                self.outlet.scanner.scan_reader_as("", self.outlet.until_stopped(open()?), format.is_none())?,
            );
        }
        Ok(())
    }

    fn scanned(&self, id: &ObjectId, kind: Kind, inside: &Inside, scanned: Scanned) {
        self.outlet.count(&scanned);
        if scanned.cut > 0 {
            self.lock_swept().missed.push((*id, CUT.to_owned()));
        }
        if scanned.hits.is_empty() {
            return;
        }
        let inside = inside.to_vec();
        let hits = scanned.hits.into_iter().map(|hit| ObjectHit { id: *id, kind, inside: inside.clone(), hit });
        self.lock_swept().hits.extend(hits);
    }

    fn damaged(&self, id: &ObjectId, error: &io::Error, count: u64) {
        self.lock_broken().insert(*id);
        let origin = Origin { place: ScanPlace::History, path: self.root };
        let why = match count {
            0 | 1 => error.to_string(),
            count => format!("{error}; {} more that build on it are lost with it", count - 1),
        };
        self.outlet.missed_object(&origin, id.to_string(), why, count.max(1));
    }

    fn lost(&self, pack: &Pack, ranks: &[u32]) {
        self.lock_broken().extend(ranks.iter().map(|rank| pack.id(*rank)));
    }

    fn is_broken(&self, id: &ObjectId) -> bool {
        self.lock_broken().contains(id)
    }

    fn on_all_cores(&self, work: impl Fn() + Sync) {
        thread::scope(|scope| (0..self.threads).for_each(|_| drop(scope.spawn(&work))));
    }

    fn lock_broken(&self) -> std::sync::MutexGuard<'_, HashSet<ObjectId>> {
        self.broken.lock().expect("no holder panics")
    }

    fn lock_swept(&self) -> std::sync::MutexGuard<'_, Swept> {
        self.swept.lock().expect("no holder panics")
    }
}

/// Tells of what is packed in an object.
struct Told<'t, 'a, 's> {
    sweep: &'t Sweep<'a, 's>,
    id: &'t ObjectId,
}

impl Taker for Told<'_, '_, '_> {
    fn content(&mut self, inside: &Inside, name: &str, reader: &mut dyn Read) -> io::Result<()> {
        let scanned = self.sweep.outlet.scanner.scan_reader(name, self.sweep.outlet.until_stopped(reader))?;
        self.sweep.scanned(self.id, Kind::Blob, inside, scanned);
        Ok(())
    }

    fn name(&mut self, inside: &Inside, name: &str) {
        let scanned = self.sweep.outlet.scanner.scan("", name.as_bytes());
        let inside: Vec<_> = inside.iter().cloned().chain([Cow::Borrowed("name")]).collect();
        self.sweep.scanned(self.id, Kind::Blob, &inside, Scanned { bytes: 0, ..scanned });
    }

    fn missed(&mut self, inside: &Inside, why: String) {
        let why = self.sweep.outlet.within(inside, &why);
        self.sweep.lock_swept().missed.push((*self.id, why));
    }
}

fn is_packed(id: &ObjectId, packs: &[Pack]) -> bool {
    packs.iter().any(|pack| pack.rank_of(id).is_some())
}

/// Opens an object's content at its beginning.
type Reopen<'o, 'r> = &'o dyn Fn() -> io::Result<Box<dyn Read + 'r>>;

/// Who is built on whom in a pack.
struct Family {
    roots: Vec<(u32, Header)>,
    /// Ranks ordered by the rank of their base, and where those of each base begin.
    children: Vec<u32>,
    starts: Vec<u32>,
    faults: Vec<(u32, io::Error)>,
    /// Deltas that are built on each other.
    circles: Vec<u32>,
}

impl Family {
    fn of(pack: &Pack) -> io::Result<Self> {
        let count = u32::try_from(pack.len()).map_err(|_| damaged("the pack has too many objects"))?;
        let (mut roots, mut faults, mut bases) = (vec![], vec![], vec![NONE; pack.len()]);
        for rank in 0..count {
            match pack.header(rank).and_then(|header| base(pack, rank, &header).map(|base| (header, base))) {
                Ok((header, None)) => roots.push((rank, header)),
                Ok((_, Some(base))) => bases[rank as usize] = base,
                Err(error) => faults.push((rank, error)),
            }
        }
        let mut starts = vec![0_u32; pack.len() + 1];
        bases.iter().filter(|base| **base != NONE).for_each(|base| starts[*base as usize + 1] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut next = starts.clone();
        let mut children = vec![0; *starts.last().expect("one more than there are objects") as usize];
        for (rank, base) in (0..count).zip(&bases).filter(|(_, base)| **base != NONE) {
            children[next[*base as usize] as usize] = rank;
            next[*base as usize] += 1;
        }
        let mut family = Self { roots, children, starts, faults, circles: vec![] };
        family.circles = family.unreached(count);
        Ok(family)
    }

    fn children(&self, rank: u32) -> &[u32] {
        &self.children[self.starts[rank as usize] as usize..self.starts[rank as usize + 1] as usize]
    }

    /// An object and all that are built on it.
    fn descendants(&self, rank: u32) -> Vec<u32> {
        let mut found = vec![rank];
        let mut at = 0;
        while let Some(rank) = found.get(at) {
            found.extend_from_slice(self.children(*rank));
            at += 1;
        }
        found
    }

    /// What stands neither under a whole object nor under a fault.
    fn unreached(&self, count: u32) -> Vec<u32> {
        let mut reached = vec![false; count as usize];
        let tops = self.roots.iter().map(|(rank, _)| *rank).chain(self.faults.iter().map(|(rank, _)| *rank));
        let mut stack: Vec<_> = tops.collect();
        while let Some(rank) = stack.pop() {
            reached[rank as usize] = true;
            stack.extend_from_slice(self.children(rank));
        }
        (0..count).filter(|rank| !reached[*rank as usize]).collect()
    }
}

/// The rank of the object that a delta is built on.
fn base(pack: &Pack, rank: u32, header: &Header) -> io::Result<Option<u32>> {
    let base = match header.form {
        Form::Whole(_) => return Ok(None),
        Form::OnOffset(offset) => pack.rank_of_offset(offset),
        Form::OnId(id) => pack.rank_of(&id),
    };
    let base = base.filter(|base| *base != rank).ok_or_else(|| damaged("the object's base is missing"))?;
    Ok(Some(base))
}

/// One thread's way through a pack.
struct Worker<'w, 'a, 's> {
    sweep: &'w Sweep<'a, 's>,
    pack: &'w Pack,
    before: &'w [Pack],
    family: &'w Family,
    inflater: Inflater,
}

impl Worker<'_, '_, '_> {
    /// A whole object, and everything that is built on it, depth first: what is held at any time is one line of ancestors.
    fn family(&mut self, root: u32, header: &Header) {
        let Form::Whole(kind) = header.form else { return };
        let alone = self.family.children(root).is_empty();
        if alone && header.size > AT_ONCE {
            return self.long(root, kind, header);
        }
        let Some(content) = self.inflated(root, header) else { return };
        self.sweep.packed_object(&self.pack.id(root), kind, &content, self.before);
        let content = Rc::new(content);
        let on = |family: &Family, rank: u32, content: &Rc<Vec<u8>>| -> Vec<(u32, Rc<Vec<u8>>)> {
            family.children(rank).iter().map(|child| (*child, Rc::clone(content))).collect()
        };
        let mut stack = on(self.family, root, &content);
        drop(content);
        while let Some((rank, base)) = stack.pop().filter(|_| !self.sweep.outlet.is_stopped()) {
            let Some(content) = self.rebuilt(rank, &base) else { continue };
            drop(base);
            self.sweep.packed_object(&self.pack.id(rank), kind, &content, self.before);
            let content = Rc::new(content);
            stack.extend(on(self.family, rank, &content));
        }
    }

    fn inflated(&mut self, rank: u32, header: &Header) -> Option<Vec<u8>> {
        if header.size > MAX_HELD {
            self.lost(rank, &damaged("the object is larger than 1 GiB, and others are built on it"));
            return None;
        }
        let read = self.pack.inflate(rank, header, &mut self.inflater);
        read.inspect_err(|error| self.lost(rank, error)).ok()
    }

    fn rebuilt(&mut self, rank: u32, base: &[u8]) -> Option<Vec<u8>> {
        let header = self.pack.header(rank).inspect_err(|error| self.lost(rank, error)).ok()?;
        let delta = self.inflated(rank, &header)?;
        let rebuilt = delta::apply(base, &delta, MAX_HELD).ok_or_else(|| damaged("the object's delta is damaged"));
        rebuilt.inspect_err(|error| self.lost(rank, error)).ok()
    }

    fn long(&self, rank: u32, kind: Kind, header: &Header) {
        let id = self.pack.id(rank);
        self.sweep.outlet.tally.objects.fetch_add(1, Relaxed);
        if is_packed(&id, self.before) && !self.sweep.is_broken(&id) {
            return;
        }
        let open = || -> io::Result<Box<dyn Read + '_>> { Ok(Box::new(self.pack.stream(rank, header))) };
        if let Err(error) = self.sweep.long(&id, kind, &open) {
            self.lost(rank, &error);
        }
    }

    fn lost(&self, rank: u32, error: &io::Error) {
        let above = self.family.descendants(rank);
        self.sweep.lost(self.pack, &above);
        self.sweep.damaged(&self.pack.id(rank), error, above.len() as u64);
    }
}

const NONE: u32 = u32::MAX;
const ROOTS_AT_ONCE: usize = 32;
/// Longer ones are streamed.
const AT_ONCE: u64 = 16 << 20;
/// The longest base, delta or rebuilt object.
const MAX_HELD: u64 = 1 << 30;
