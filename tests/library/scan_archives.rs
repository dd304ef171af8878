//! A key in an archive is found by the name of its member, and what could hold one and was not read is named.
#![cfg(feature = "scan")]
#![allow(clippy::print_stderr, reason = "says what it skips")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use strongroom::scan::{Found, Missed, Scan, ScanEvent, Scanner};
use strongroom::{MasterKey, MasterKeys};

/// Writes archives of every kind, each with one settings file that holds the key, and others that hold none.
const ZOO: &str = include_str!("../data/scan/archives.py");

#[test]
fn a_key_in_an_archive_is_found_by_the_name_of_its_member() {
    let Some(zoo) = Zoo::new() else { return };
    let names: Vec<_> = fs::read_dir(zoo.folder.path().join("zoo/files")).expect("made").flatten().collect();
    assert!(names.len() >= 15, "{names:?}");
    for entry in names {
        let (found, missed) = zoo.scan(&entry.path());
        let name = entry.file_name().into_string().expect("text");
        assert_eq!(missed.len(), 0, "{name}: {missed:?}");
        let [found] = found.as_slice() else { panic!("{name}: {found:?}") };
        let last = found.inside.last().expect("in something");
        let outside = [("text.png", "png: text"), ("text.tar", "tar: behind the end"), ("text.zip", "zip: remark")];
        if let Some((_, wanted)) = outside.iter().find(|(outside, _)| *outside == name) {
            assert_eq!(last, wanted);
        } else {
            assert!(last.ends_with("app/settings.py"), "{name}: {:?}", found.inside);
        }
        assert_eq!(found.hit.line, 2, "{name}");
    }
}

#[test]
fn images_and_other_contents_without_text_leave_nothing_unread() {
    let Some(zoo) = Zoo::new() else { return };
    let (found, missed) = zoo.scan(&zoo.folder.path().join("zoo/clean"));
    assert_eq!((found.len(), missed.len()), (0, 0), "{found:?} {missed:?}");
}

#[test]
fn what_could_hold_a_key_and_was_not_read_is_named() {
    let Some(zoo) = Zoo::new() else { return };
    let (found, missed) = zoo.scan(&zoo.folder.path().join("zoo/bad"));
    let mut named: Vec<_> =
        missed.iter().map(|missed| missed.path.file_name().expect("a name").to_str().expect("text")).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, ["bent.zip", "cut.png.gz", "cut.tar.gz", "cut.zip", "seven.7z", "zstd.bin"], "{missed:?}");
    let bent: Vec<_> = missed.iter().filter(|missed| missed.path.ends_with("bent.zip")).collect();
    assert!(bent.len() == 1 && bent[0].why.contains("readme.md"), "{bent:?}");
    assert!(found.iter().any(|found| found.path.ends_with("bent.zip")), "one member costs itself alone: {found:?}");
}

#[test]
fn a_bomb_is_cut_off_and_named_in_any_archive() {
    let Some(zoo) = Zoo::new() else { return };
    let script = "import sys, zipfile, bz2, lzma\n\
        with zipfile.ZipFile(sys.argv[1] + '/bomb.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n \
        with z.open('zeros', 'w') as m:\n  [m.write(bytes(1 << 20)) for _ in range(1100)]\n";
    let bombs = zoo.folder.path().join("bombs");
    fs::create_dir(&bombs).expect("folder");
    assert!(Command::new("python3").args(["-c", script]).arg(&bombs).status().expect("python3").success());
    let (_, missed) = zoo.scan(&bombs);
    assert!(missed.len() == 1 && missed[0].why.contains("more than 1 GiB"), "{missed:?}");
}

struct Zoo {
    folder: tempfile::TempDir,
    scanner: Scan,
}

impl Zoo {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("folder");
        let key = MasterKey::generate().expect("random");
        let text = key.to_text();
        let mut python = Command::new("python3");
        python.args(["-", text.expose()]).arg(folder.path().join("zoo")).stdin(Stdio::piped());
        let Ok(mut child) = python.spawn() else {
            eprintln!("SKIPPED: python3 was not found");
            return None;
        };
        child.stdin.take().expect("piped").write_all(ZOO.as_bytes()).expect("written");
        assert!(child.wait().expect("ended").success(), "the zoo was not made");
        let scanner = Scan::new(Scanner::exact(&MasterKeys::single(key)).with(Scanner::generic()));
        Some(Self { folder, scanner })
    }

    fn scan(&self, path: &Path) -> (Vec<Found>, Vec<Missed>) {
        let (mut found, mut missed) = (vec![], vec![]);
        self.scanner.tree(&[path.to_owned()], |event| match event {
            ScanEvent::Found(place) => found.push(place),
            ScanEvent::Missed(fault) => missed.push(fault),
            _ => {}
        });
        (found, missed)
    }
}
