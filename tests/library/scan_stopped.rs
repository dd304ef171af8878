//! Whoever watches a scan can stop it, between things and in the middle of one.
#![cfg(feature = "scan")]

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;

use strongroom::MasterKey;
use strongroom::scan::{Scan, ScanEvent, Scanner};

#[test]
fn a_scan_that_is_stopped_tells_nothing_more_and_says_so() {
    let folder = tempfile::tempdir().expect("folder");
    let key = MasterKey::generate().expect("random");
    for number in 0..5_000 {
        let content = format!("MASTER_KEY: {}\n", key.to_text().expose());
        fs::write(folder.path().join(format!("{number}.yaml")), content).expect("written");
    }
    let (scan, mut told) = (Scan::new(Scanner::generic()), 0);
    let counts = scan.tree(&[folder.path().to_owned()], |event| {
        told += usize::from(matches!(event, ScanEvent::Found(_)));
        if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((told, counts.stopped, counts.missed), (3, true, 0));
    assert!(counts.files < 5_000, "{} files", counts.files);
    let all = scan.tree(&[folder.path().to_owned()], |_| ControlFlow::Continue(()));
    assert_eq!((all.found, all.stopped), (5_000, false));
}

#[test]
fn a_scan_is_stopped_in_the_middle_of_a_long_file() {
    let long: u64 = 16 << 30;
    let counts = Scan::new(Scanner::generic()).reader("long", io::repeat(b'x').take(long), |_| ControlFlow::Break(()));
    assert!(counts.stopped && counts.missed == 0 && counts.bytes < long, "{counts:?}");
}
