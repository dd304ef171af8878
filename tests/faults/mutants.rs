//! A small vault with one bit or one byte of its file changed, through the verbs that read and those that copy and move it: each ends, none
//! panics, no token that was revoked is valid, and an answer that is another one is never given without a word.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::process::{Dice, Scene};
use crate::support::act;
use strongroom::{Request, SqliteStore, Vault};

crate::harness::claims! {
    needs [];
    a_file_with_one_bit_or_byte_changed_ends_every_verb_and_changes_no_answer_unreported,
}

/// In each of as many threads as there are cores.
fn a_file_with_one_bit_or_byte_changed_ends_every_verb_and_changes_no_answer_unreported() {
    let wanted: usize = std::env::var("STRONGROOM_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let seed = std::env::var("STRONGROOM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| Dice::new().next());
    eprintln!("STRONGROOM_SEED={seed}");
    let (next, workers) = (AtomicUsize::new(0), std::thread::available_parallelism().map_or(1, usize::from));
    let reported = std::thread::scope(|scope| {
        let work = || {
            let original = Original::new();
            let mut ended = BTreeMap::new();
            while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < wanted) {
                *ended.entry(original.try_mutant(seed, at)).or_insert(0) += 1;
            }
            ended
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all = BTreeMap::new();
        for (code, count) in workers.into_iter().flat_map(|worker| worker.join().expect("no mutant is bad")) {
            *all.entry(code).or_insert(0) += count;
        }
        all
    });
    eprintln!("{wanted} mutants; how `doctor --deep` ended: {reported:?}");
    let unharmed = reported.get(&0).copied().unwrap_or(0);
    assert!(unharmed < wanted, "no mutant was damage");
}

/// How many API keys there are; the first is revoked.
const RECORDS: usize = 12;
/// What reads, and how it is called in a message.
const READS: [&[&str]; 5] = [
    &["list", "--all", "--json"],
    &["doctor", "--deep"],
    &["stats", "--json"],
    &["audit", "list", "--all"],
    &["verify"],
];
/// None takes a second; a machine that is busy with something else may take more.
const LIMIT: Duration = Duration::from_secs(120);

/// A vault at rest, and what it answers.
struct Original {
    scene: Scene,
    bytes: Vec<u8>,
    list: Vec<u8>,
    log: Vec<u8>,
}

impl Original {
    fn new() -> Self {
        let scene = Scene::new(RECORDS, 2);
        scene.open([1]).revoke(scene.issued[0].id, &act()).expect("revoked");
        let bytes = fs::read(scene.path()).expect("read");
        let mut original = Self { scene, bytes, list: vec![], log: vec![] };
        for (arguments, answer) in [(READS[0], true), (READS[3], false)] {
            let ran = original.run(&[1], arguments, "unchanged");
            assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.told);
            *(if answer { &mut original.list } else { &mut original.log }) = ran.out;
        }
        original
    }

    /// Puts the bytes there, with nothing beside them.
    fn put(&self, bytes: &[u8]) {
        for entry in fs::read_dir(self.scene.folder.path()).expect("a folder").flatten() {
            if entry.path() == self.scene.path() {
                continue;
            }
            let removed =
                if entry.path().is_dir() { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            removed.expect("removed");
        }
        fs::write(self.scene.path(), bytes).expect("written");
    }

    /// Changes it at a place that depends on the two numbers alone; how the doctor ended.
    fn try_mutant(&self, seed: u64, at: usize) -> i32 {
        let mut dice = Dice::seeded(seed ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = self.bytes.clone();
        let place = usize::try_from(dice.next() % bytes.len() as u64).expect("small");
        let old = bytes[place];
        bytes[place] =
            if dice.next().is_multiple_of(2) { old ^ (1 << (dice.next() % 8)) } else { dice.next().to_le_bytes()[3] };
        let what =
            format!("STRONGROOM_SEED={seed}, mutant {at}: byte {place} from {old:#04x} to {:#04x}", bytes[place]);
        self.put(&bytes);
        let [list, doctor, _stats, log, verify] = READS.map(|arguments| self.run(&[1], arguments, &what));
        assert_ne!(verify.code, 0, "{what}: a revoked token is valid");
        let changed = list.code == 0 && list.out != self.list || log.code == 0 && log.out != self.log;
        assert!(!changed || doctor.code != 0, "{what}: another answer, and the doctor is content");
        self.put(&bytes);
        match at % 3 {
            0 => self.rotate(&what),
            1 => self.recover(&what),
            _ => self.back_up(&what),
        }
        doctor.code
    }

    fn rotate(&self, what: &str) {
        let rotated = self.run(&[1, 2], &["rotate-master-key", "--quick", "--yes"], what);
        assert_ne!(self.run(&[1, 2], &["verify"], what).code, 0, "{what}: a revoked token is valid after a rotation");
        if rotated.code != 0 {
            return;
        }
        // It said that everything was moved.
        let vault = self.scene.open([2]);
        for issued in &self.scene.issued[1..] {
            assert!(vault.verify(issued.token.expose(), &Request::new()).is_ok(), "{what}: lost in a rotation");
        }
    }

    fn recover(&self, what: &str) {
        let issued = &self.scene.issued[3];
        let ran = self.run(&[1], &["recover", &issued.id.to_string(), "--reason", "r", "--yes"], what);
        let token = String::from_utf8_lossy(&ran.out);
        assert!(ran.code != 0 || token.trim() == issued.token.expose(), "{what}: another token was recovered");
    }

    fn back_up(&self, what: &str) {
        let file = self.scene.folder.path().join("b").display().to_string();
        let ran = self.run(&[1], &["backup", &file], what);
        if ran.code != 0 {
            return;
        }
        let to = self.scene.folder.path().join("r.db");
        let ran = self.run(&[1], &["restore", &file, "--to", &format!("sqlite:{}", to.display()), "--yes"], what);
        assert_eq!(ran.code, 0, "{what}: a backup that is none: {}", ran.told);
        let vault = Vault::open(SqliteStore::open(&to).expect("restored"), self.scene.keys.only([1])).expect("opened");
        self.scene.assert_tokens(&vault, &[0]);
    }

    fn run(&self, versions: &[u32], arguments: &[&str], what: &str) -> Ran {
        let mut input = tempfile::tempfile().expect("a file");
        input.write_all(self.scene.issued[0].token.expose().as_bytes()).expect("written");
        input.rewind().expect("at its beginning");
        let [mut out, mut told] = [tempfile::tempfile(), tempfile::tempfile()].map(|file| file.expect("a file"));
        let mut command = self.scene.command(versions, arguments);
        command.stdin(input).stdout(out.try_clone().expect("the same")).stderr(told.try_clone().expect("the same"));
        let mut child = command.spawn().expect("runs");
        let start = Instant::now();
        let code = loop {
            if let Some(ended) = child.try_wait().expect("a child") {
                break ended.code();
            }
            if start.elapsed() > LIMIT {
                child.kill().expect("killed");
                panic!("{what}: {arguments:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let told = String::from_utf8_lossy(&read(&mut told)).into_owned();
        assert!(code.is_some_and(|code| code != 101) && !told.contains("panicked"), "{what}: {arguments:?}: {told}");
        Ran { code: code.expect("it ended by itself"), out: read(&mut out), told }
    }
}

struct Ran {
    code: i32,
    out: Vec<u8>,
    told: String,
}

fn read(file: &mut File) -> Vec<u8> {
    let mut bytes = vec![];
    file.rewind().expect("at its beginning");
    file.read_to_end(&mut bytes).expect("read");
    bytes
}
