//! The program beside a live service, killed and stopped at moments nobody chose.
#![cfg(unix)]

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::process::{Dice, Scene, ends_within, signal};
use crate::support::act;
use strongroom::store::{Rows, Table};
use strongroom::{NewApiKey, Request, SqliteStore};

crate::harness::claims! {
    needs [];
    fifty_kills_at_random_moments_of_rotations_lose_nothing,
    a_service_goes_on_verifying_issuing_and_revoking_beside_the_rotation,
    a_second_rotation_is_refused_and_takes_over_only_from_one_that_shows_no_life,
    a_killed_rotation_can_be_continued_at_once,
}

fn fifty_kills_at_random_moments_of_rotations_lose_nothing() {
    let scene = Scene::new(5_000, 100);
    let (mut master, mut kills, mut dice) = (2, 0, Dice::new());
    let start = Instant::now();
    let whole =
        scene.command(&[1, 2], &["rotate-master-key", "--yes", "--quick", "--batch", "50"]).status().expect("runs");
    assert!(whole.success());
    let whole = start.elapsed();
    while kills < 50 && master < 99 {
        let mut child = scene
            .command(&[master, master + 1], &["rotate-master-key", "--yes", "--quick", "--batch", "50"])
            .spawn()
            .expect("runs");
        std::thread::sleep(dice.below(whole));
        let _ = child.kill();
        let killed = child.wait().expect("ended").code().is_none();
        kills += u32::from(killed);
        let vault = scene.open([master, master + 1]);
        for _ in 0..100 {
            let at = usize::try_from(dice.next() % 5_000).expect("small");
            vault.verify(scene.issued[at].token.expose(), &Request::new()).expect("valid after a kill");
        }
        vault.verify_audit().expect("the chain is whole");
        let open = vault.status().expect("status").rotation.is_some();
        if !open && vault.status().expect("status").active_master_key.get() == master + 1 {
            master += 1;
        }
    }
    assert!(kills >= 50, "only {kills} rotations were caught alive");
    // Finish what is open; when nothing is, this is one rotation more.
    let status =
        scene.command(&[master, master + 1], &["rotate-master-key", "--yes", "--quick"]).status().expect("runs");
    assert!(status.success());
    let vault = scene.open([master + 1]);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    for issued in &scene.issued {
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        assert_eq!(vault.show(issued.id).expect("shown").owner.as_deref(), Some("acme"));
    }
}

fn a_service_goes_on_verifying_issuing_and_revoking_beside_the_rotation() {
    let scene = Scene::new(20_000, 2);
    let (done, verified) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut late, mut revoked) = (vec![], vec![]);
    std::thread::scope(|scope| {
        for offset in 0..2 {
            let (scene, done, verified) = (&scene, &done, &verified);
            // The first half is never revoked, so each of its tokens must verify at every moment.
            scope.spawn(move || {
                let vault = scene.open([1, 2]);
                for at in (offset..10_000).cycle().step_by(7) {
                    vault.verify(scene.issued[at].token.expose(), &Request::new()).expect("valid during the rotation");
                    verified.fetch_add(1, Ordering::Relaxed);
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let service = scene.open([1, 2]);
        let mut rotator =
            scene.command(&[1, 2], &["rotate-master-key", "--yes", "--quick", "--batch", "200"]).spawn().expect("runs");
        let mut next = 10_000;
        let status = loop {
            late.push(service.issue(&NewApiKey::new("late"), &act()).expect("issued during the rotation"));
            if next < 20_000 {
                service.revoke(scene.issued[next].id, &act()).expect("revoked during the rotation");
                revoked.push(next);
                next += 37;
            }
            if let Some(status) = rotator.try_wait().expect("a child") {
                break status;
            }
        };
        done.store(true, Ordering::Relaxed);
        assert!(status.success(), "{status}");
    });
    let vault = scene.open([2]);
    assert!(verified.into_inner() > 1_000 && late.len() > 10, "the service had no time");
    scene.assert_tokens(&vault, &revoked);
    assert!(late.iter().all(|issued| vault.verify(issued.token.expose(), &Request::new()).is_ok()));
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    let rows = SqliteStore::open(scene.path()).expect("store").scan(Table::Keys, None, usize::MAX).expect("rows");
    assert!(rows.iter().all(|(_, bytes)| bytes[4..8] == 2_u32.to_be_bytes()), "a record of the old generation");
}

fn a_second_rotation_is_refused_and_takes_over_only_from_one_that_shows_no_life() {
    let scene = Scene::new(2_000, 2);
    let slow = ["rotate-master-key", "--yes", "--quick", "--batch", "10", "--rate", "100"];
    let mut first = scene.command(&[1, 2], &slow).spawn().expect("runs");
    let service = scene.open([1, 2]);
    while service.status().expect("status").rotation.is_none_or(|rotation| rotation.moved == 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let begun = Instant::now();
    let mut second = scene.command(&[1, 2], &["rotate-master-key", "--yes", "--quick"]).spawn().expect("runs");
    assert_eq!(ends_within(&mut second, Duration::from_secs(10)).code(), Some(11));
    assert!(begun.elapsed() < Duration::from_secs(5), "refused too late");

    signal(&first, "STOP");
    std::thread::sleep(Duration::from_secs(6));
    let mut third = scene.command(&[1, 2], &["rotate-master-key", "--yes", "--quick"]).spawn().expect("runs");
    assert_eq!(ends_within(&mut third, Duration::from_secs(60)).code(), Some(0));
    let rows = || SqliteStore::open(scene.path()).expect("store").scan(Table::Keys, None, usize::MAX).expect("rows");
    let before = rows();
    signal(&first, "CONT");
    assert_eq!(ends_within(&mut first, Duration::from_secs(10)).code(), Some(11));
    assert!(rows() == before, "it wrote after it was taken over");
    let vault = scene.open([2]);
    scene.assert_tokens(&vault, &[]);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
}

fn a_killed_rotation_can_be_continued_at_once() {
    let scene = Scene::new(2_000, 2);
    let slow = ["rotate-master-key", "--yes", "--quick", "--batch", "10", "--rate", "100"];
    let mut first = scene.command(&[1, 2], &slow).stderr(Stdio::null()).spawn().expect("runs");
    let service = scene.open([1, 2]);
    while service.status().expect("status").rotation.is_none_or(|rotation| rotation.moved == 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().expect("killed");
    first.wait().expect("ended");
    let mut second = scene.command(&[2], &["rotate-master-key", "--yes", "--quick"]).spawn().expect("runs");
    assert_eq!(ends_within(&mut second, Duration::from_secs(60)).code(), Some(0), "the new master key is enough");
    scene.assert_tokens(&scene.open([2]), &[]);
}
