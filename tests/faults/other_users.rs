//! Two users of one machine: what one of them can exchange, plant or lock, the program of the other refuses with the place and the
//! command that mends it.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::program;
use crate::support::{Keys, act};
use strongroom::store::{RotationClaim, Store};
use strongroom::{NewApiKey, SqliteStore, Vault};

crate::harness::claims! {
    needs [Mount];
    what_another_user_plants_beside_a_store_is_refused,
    a_way_that_another_user_could_bend_is_refused,
    what_root_leaves_is_for_who_owns_the_store_or_is_named,
    who_only_reads_trusts_who_owns_the_store,
    a_store_that_is_reached_by_two_names_is_refused,
    a_companion_that_is_no_file_of_its_own_is_named_with_what_to_do,
}

const ME: u32 = 61_234;
const OTHER: u32 = 61_235;

struct Scene {
    folder: tempfile::TempDir,
    keys: Keys,
}

impl Scene {
    /// A vault of `ME` in a folder of theirs, in one that everybody may pass.
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a folder"), keys: Keys::generate(2) };
        mode(scene.folder.path(), 0o755);
        fs::create_dir_all(scene.data()).expect("made");
        let vault = Vault::create(SqliteStore::create(scene.path()).expect("store"), scene.keys.only([1]), &act());
        vault.expect("vault").issue(&NewApiKey::new("n"), &act()).expect("issued");
        for (path, bits) in [(scene.outer(), 0o755), (scene.data(), 0o700), (scene.path(), 0o600)] {
            give(&path, ME);
            mode(&path, bits);
        }
        scene
    }

    fn outer(&self) -> PathBuf {
        self.folder.path().join("outer")
    }

    fn data(&self) -> PathBuf {
        self.outer().join("data")
    }

    fn path(&self) -> PathBuf {
        self.data().join("vault.db")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.data().join(format!("vault.db{suffix}"))
    }

    /// The program, run by `ME`.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let plain = program(&self.path(), &self.keys.variable([1, 2]));
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={ME}"), format!("--regid={ME}")]).arg("--clear-groups");
        command.arg(plain.get_program()).args(arguments).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ran = command.stdin(Stdio::null()).output().expect("setpriv runs");
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    }

    fn works(&self, why: &str) {
        for verb in [&["list"][..], &["issue", "--name", "n"], &["doctor", "--quick"]] {
            let (code, told) = self.run(verb);
            assert!(matches!(code, Some(0 | 3)), "{why}: {verb:?}: {told}");
        }
    }

    fn is_refused(&self, why: &str, place: &Path, command: &str) {
        for verb in [&["list"][..], &["issue", "--name", "n"], &["status"], &["doctor"]] {
            self.refuses(why, verb, place, command);
        }
    }

    fn refuses(&self, why: &str, verb: &[&str], place: &Path, command: &str) {
        let (code, told) = self.run(verb);
        assert_eq!(code, Some(15), "{why}: {verb:?}: {told}");
        let place = place.display().to_string();
        assert!(told.contains(&place) && told.contains(command), "{why}: {verb:?}: {told}");
    }
}

fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).expect("given");
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("set");
}

fn what_another_user_plants_beside_a_store_is_refused() {
    for sticky in [true, false] {
        let scene = Scene::new();
        if sticky {
            give(&scene.data(), 0);
            mode(&scene.data(), 0o1777);
        }
        scene.works("before");
        for suffix in ["-journal", "-wal", "-shm"] {
            let part = scene.beside(suffix);
            fs::write(&part, "planted").expect("planted");
            give(&part, OTHER);
            mode(&part, 0o644);
            scene.is_refused(suffix, &part, &format!("rm {}", part.display()));
            assert_eq!(fs::read(&part).expect("it is there"), b"planted");
            fs::remove_file(&part).expect("removed");
        }
        // One of one's own that others can write.
        let journal = scene.beside("-journal");
        fs::write(&journal, "").expect("made");
        give(&journal, ME);
        mode(&journal, 0o666);
        scene.is_refused("writable", &journal, "chmod 600");
        fs::remove_file(&journal).expect("removed");
        // The lock of rotations: made, and held, by somebody else.
        let lock = scene.beside("-rotate");
        let held = fs::File::create_new(&lock).expect("made");
        give(&lock, OTHER);
        mode(&lock, 0o666);
        held.try_lock().expect("held");
        scene.refuses("the lock", &["rotate-master-key", "--yes", "--quick"], &lock, &format!("rm {}", lock.display()));
        fs::remove_file(&lock).expect("removed");
        // One's own, which others can open and lock.
        let held = fs::File::create_new(&lock).expect("made");
        give(&lock, ME);
        mode(&lock, 0o644);
        held.try_lock().expect("held");
        scene.refuses("an open lock", &["rotate-master-key", "--yes", "--quick"], &lock, "chmod 600");
        fs::remove_file(&lock).expect("removed");
        scene.works("after");
    }
    // A whole store, put where everybody may put files.
    let scene = Scene::new();
    give(&scene.data(), 0);
    mode(&scene.data(), 0o1777);
    give(&scene.path(), OTHER);
    mode(&scene.path(), 0o644);
    scene.is_refused("planted whole", &scene.path(), "chown");
}

fn a_way_that_another_user_could_bend_is_refused() {
    let scene = Scene::new();
    scene.works("as it is");
    for bits in [0o777, 0o775, 0o757] {
        mode(&scene.outer(), bits);
        scene.is_refused("a folder above that others can write", &scene.outer(), "chmod go-w");
    }
    mode(&scene.outer(), 0o755);
    give(&scene.outer(), OTHER);
    scene.is_refused("a folder above of another user", &scene.outer(), "chown");
    give(&scene.outer(), 0);
    scene.works("a folder above of root");
    mode(&scene.data(), 0o755);
    mode(&scene.path(), 0o644);
    give(&scene.data(), OTHER);
    scene.is_refused("the folder of another user", &scene.data(), "chown");
    give(&scene.data(), ME);
    give(&scene.path(), OTHER);
    mode(&scene.path(), 0o644);
    scene.is_refused("the file of another user", &scene.path(), "chown");
    give(&scene.path(), ME);
    scene.works("put right");
    // A link in a folder that all can write, made by somebody else, that leads to a folder of one's own.
    let shared = scene.folder.path().join("shared");
    fs::create_dir(&shared).expect("made");
    mode(&shared, 0o1777);
    let link = shared.join("link");
    std::os::unix::fs::symlink(scene.data(), &link).expect("linked");
    std::os::unix::fs::lchown(&link, Some(OTHER), Some(OTHER)).expect("given");
    let store = format!("sqlite:{}", link.join("vault.db").display());
    scene.refuses("a link of somebody else's on the way", &["list", "--store", &store], &link, "chown");
}

fn what_root_leaves_is_for_who_owns_the_store_or_is_named() {
    let scene = Scene::new();
    // This process is root: what it makes beside the store is for who owns that.
    let store = SqliteStore::open(scene.path()).expect("root opens it");
    let vault = Vault::open(SqliteStore::open(scene.path()).expect("store"), scene.keys.only([1])).expect("vault");
    vault.issue(&NewApiKey::new("by root"), &act()).expect("issued");
    let RotationClaim::Granted(claim) = store.claim_rotation().expect("claimed") else { panic!("not granted") };
    for suffix in ["", "-wal", "-shm", "-rotate"] {
        assert_eq!(fs::metadata(scene.beside(suffix)).expect(suffix).uid(), ME, "{suffix}");
    }
    // As a kill leaves it.
    fs::copy(scene.beside("-rotate"), scene.data().join("kept")).expect("copied");
    drop((claim, store, vault));
    fs::rename(scene.data().join("kept"), scene.beside("-rotate")).expect("left");
    let lock = scene.beside("-rotate");
    mode(&lock, 0o600);
    // What an earlier version left is root's.
    give(&lock, 0);
    let command = format!("rm {}", lock.display());
    scene.refuses("root's", &["rotate-master-key", "--yes", "--quick"], &lock, &command);
    give(&lock, ME);
    let (code, told) = scene.run(&["rotate-master-key", "--yes", "--quick"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!lock.exists());
}

fn who_only_reads_trusts_who_owns_the_store() {
    let scene = Scene::new();
    let (other, keys) = (scene.data(), scene.keys.only([1]));
    let vault = Vault::open(SqliteStore::open(scene.path()).expect("store"), keys).expect("vault");
    let reason = act().because("the gateway verifies");
    let key = vault.issue_verifier_key(crate::support::version(1), &reason).expect("issued").to_text();
    drop(vault);
    let verifier = |folder_mode, file_mode| {
        mode(&other, folder_mode);
        mode(&scene.path(), file_mode);
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={OTHER}"), format!("--regid={ME}")]).arg("--clear-groups");
        let plain = program(&scene.path(), "");
        command.arg(plain.get_program()).arg("list").env_clear();
        command.env("STRONGROOM_STORE", format!("sqlite:{}", scene.path().display()));
        command.env("STRONGROOM_VERIFIER_KEYS", format!("1:{}", key.expose()));
        let ran = command.stdin(Stdio::null()).output().expect("setpriv runs");
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (code, told) = verifier(0o750, 0o640);
    assert_eq!(code, Some(0), "{told}");
    give(&scene.data(), 61_236);
    let (code, told) = verifier(0o755, 0o640);
    assert_eq!(code, Some(15), "the folder is neither root's nor the owner's: {told}");
}

fn a_store_that_is_reached_by_two_names_is_refused() {
    let scene = Scene::new();
    let other = scene.data().join("other.db");
    fs::hard_link(scene.path(), &other).expect("linked");
    for path in [scene.path(), other.clone()] {
        let store = format!("sqlite:{}", path.display());
        for verb in [&["list"][..], &["issue", "--name", "n"], &["doctor"], &["rotate-master-key", "--quick"]] {
            scene.refuses("a hard link", &[verb, &["--store", &store]].concat(), &path, "-samefile");
        }
    }
    fs::remove_file(&other).expect("removed");
    scene.works("one name is left");
    // As a container mounts a file alone.
    fs::write(&other, "").expect("made");
    give(&other, ME);
    mode(&other, 0o600);
    let bound = Command::new("mount").arg("--bind").args([&scene.path(), &other]).status();
    assert!(bound.is_ok_and(|status| status.success()), "not mounted");
    let store = format!("sqlite:{}", other.display());
    for verb in [&["list"][..], &["issue", "--name", "n"], &["doctor"]] {
        let (code, told) = scene.run(&[verb, &["--store", &store]].concat());
        assert!(
            code == Some(15) && told.contains("is mounted") && told.contains("findmnt"),
            "{verb:?}: {code:?}: {told}"
        );
    }
    scene.works("under the name where it is stored");
    assert!(Command::new("umount").arg(&other).status().is_ok_and(|status| status.success()), "not unmounted");
}

fn a_companion_that_is_no_file_of_its_own_is_named_with_what_to_do() {
    type Planted = (&'static str, fn(&Path), &'static str);
    let planted: [Planted; 4] = [
        ("a folder", |part| fs::create_dir(part).expect("made"), "mv "),
        ("a pipe", |part| assert!(Command::new("mkfifo").arg(part).status().is_ok_and(|made| made.success())), "mv "),
        (
            "a device",
            |part| {
                assert!(
                    Command::new("mknod").arg(part).args(["c", "1", "3"]).status().is_ok_and(|made| made.success())
                );
            },
            "mv ",
        ),
        ("a hard link", |part| fs::hard_link(part.with_file_name("precious"), part).expect("linked"), "rm "),
    ];
    for suffix in ["-wal", "-shm", "-journal"] {
        for (what, plant, command) in planted {
            let scene = Scene::new();
            let precious = scene.data().join("precious");
            fs::write(&precious, "precious").expect("written");
            give(&precious, ME);
            mode(&precious, 0o600);
            let part = scene.beside(suffix);
            plant(&part);
            give(&part, ME);
            scene.is_refused(&format!("{what} as {suffix}"), &part, &format!("{command}{}", part.display()));
            assert_eq!(fs::read(&precious).expect("read"), b"precious");
        }
    }
}
