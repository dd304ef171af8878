//! What a process that has opened a vault still holds of the keys it was given, looked for in its memory.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::running::{Ran, Room, Run};
use crate::support::version;
use strongroom::master::VerifierKey;
use strongroom::{MasterKey, SqliteStore, Vault};

crate::harness::claims! {
    needs [];
    of_a_master_key_neither_text_nor_bytes_stay_in_memory_whatever_source_it_came_from,
    of_a_verifier_key_no_text_stays_in_memory_and_no_recover_key_is_ever_there,
}

fn of_a_master_key_neither_text_nor_bytes_stay_in_memory_whatever_source_it_came_from() {
    let room = Room::with(1);
    let list = room.keys.variable([1, 2]);
    let (plain, json) = (room.file("plain"), room.file("json"));
    private(&plain, &format!("{list}\n"));
    let entries: Vec<_> = list.split(',').filter_map(|entry| entry.split_once(':')).collect();
    let pairs: Vec<_> = entries.iter().map(|(version, key)| format!("\"{version}\": \"{key}\"")).collect();
    private(&json, &format!("{{{}}}", pairs.join(", ")));
    let credentials = room.file("credentials");
    fs::create_dir(&credentials).expect("folder");
    private(&credentials.join("strongroom.master-keys"), &list);
    let shown = |path: &Path| path.display().to_string();
    let sources = [
        ("STRONGROOM_MASTER_KEYS_FILE", shown(&plain)),
        ("STRONGROOM_MASTER_KEYS_FILE", shown(&json)),
        ("STRONGROOM_MASTER_KEYS_COMMAND", format!("cat '{}'", shown(&plain))),
        ("STRONGROOM_MASTER_KEYS_COMMAND", format!("cat '{}'", shown(&json))),
        ("CREDENTIALS_DIRECTORY", shown(&credentials)),
    ];
    let mut needles: Vec<(&str, Vec<u8>)> = vec![];
    for (_, key) in &entries {
        needles.push(("text", key.as_bytes()[..30].to_vec()));
        needles.push(("end of the text", key.as_bytes()[14..].to_vec()));
        let bytes = bytes_of(key);
        needles.push(("first half", bytes[..16].to_vec()));
        needles.push(("second half", bytes[16..].to_vec()));
    }
    for (variable, value) in sources {
        let memory = memory_of(&room, variable, &value);
        assert!(holds(&memory, value.as_bytes()), "the search finds what is there: the environment");
        for (what, needle) in &needles {
            assert!(!holds(&memory, needle), "{variable}: the {what} of a master key is left in memory");
        }
    }
}

fn of_a_verifier_key_no_text_stays_in_memory_and_no_recover_key_is_ever_there() {
    let room = Room::with(1);
    let vault = Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault");
    let id = vault.status().expect("status").vault;
    drop(vault);
    let master = room.keys.only([1]);
    let text = VerifierKey::derive(master.key(version(1)).expect("a key"), id).to_text();
    let file = room.file("verifier.keys");
    private(&file, &format!("1:{}\n", text.expose()));
    let memory = memory_of(&room, "STRONGROOM_VERIFIER_KEYS_FILE", &file.display().to_string());
    assert!(!holds(&memory, &text.expose().as_bytes()[..60]) && !holds(&memory, &text.expose().as_bytes()[40..]));
    let hkdf = hkdf::Hkdf::<sha2::Sha256>::new(Some(&vault_bytes(&id.to_string())), &bytes_of(&key_text(&master)));
    let mut recover = [0; 32];
    hkdf.expand(b"strongroom/v1/key-encryption-key/recover", &mut recover).expect("32 bytes");
    assert!(!holds(&memory, &recover[..16]) && !holds(&memory, &recover[16..]));
    // With the master key it is there: the search would find it.
    let plain = room.file("plain");
    private(&plain, &room.keys.variable([1]));
    assert!(holds(&memory_of(&room, "STRONGROOM_MASTER_KEYS_FILE", &plain.display().to_string()), &recover));
}

/// All that can be read of a process that has opened the vault and waits for a token.
fn memory_of(room: &Room, variable: &str, value: &str) -> Vec<u8> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
    let run = Run::bare(&["verify", "--allow-core-dumps"]).env(variable, value).env("PATH", &path);
    let mut run = run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()));
    let mut child = run.spawn();
    let proc = format!("/proc/{}", child.id());
    wait_until_it_reads(&proc);
    let memory = File::open(format!("{proc}/mem")).expect("its memory");
    let mut whole = vec![];
    for line in fs::read_to_string(format!("{proc}/maps")).expect("its maps").lines() {
        let (range, rest) = line.split_once(' ').expect("a range");
        let (start, end) = range.split_once('-').expect("two addresses");
        let at = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (start, end) = (at(start), at(end));
        let mut part = vec![0; usize::try_from(end - start).expect("a part of memory")];
        if rest.starts_with("rw") && memory.read_exact_at(&mut part, start).is_ok() {
            whole.append(&mut part);
        }
    }
    drop(child.stdin.take());
    assert_eq!(Ran::of(child, "verify").code, Some(3));
    whole
}

/// Until it waits in the system call `read` for its standard input.
fn wait_until_it_reads(proc: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    let call = if cfg!(target_arch = "aarch64") { "63 0x0 " } else { "0 0x0 " };
    while !fs::read_to_string(format!("{proc}/syscall")).is_ok_and(|line| line.starts_with(call)) {
        assert!(Instant::now() < until, "it does not come to read");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn holds(memory: &[u8], needle: &[u8]) -> bool {
    let starts = memory.iter().enumerate().filter(|(_, byte)| **byte == needle[0]);
    starts.into_iter().any(|(at, _)| memory[at..].starts_with(needle))
}

fn key_text(keys: &strongroom::MasterKeys) -> String {
    keys.key(version(1)).map(MasterKey::to_text).expect("a key").expose().to_owned()
}

fn bytes_of(key: &str) -> Vec<u8> {
    use base64ct::Encoding;
    base64ct::Base64Url::decode_vec(key).expect("base64")
}

fn vault_bytes(id: &str) -> Vec<u8> {
    base16ct::lower::decode_vec(id).expect("hexadecimal")
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}
