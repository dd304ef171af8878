//! Claims about `scan --history`, made on repositories that git itself has made.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ground::{Ground, git, gzip, of, paths, told};
use crate::running::{Ran, text};
use serde_json::Value;

fn history(ground: &Ground) -> (Vec<Value>, Vec<Value>, Value) {
    told(&ground.scan(&["--history", "--json"]).go())
}

/// Writes an object that nothing refers to.
fn hash_object(folder: &Path, kind: &str, content: &[u8]) -> String {
    let mut command = Command::new("git");
    command.args(["hash-object", "-w", "--literally", "-t", kind, "--stdin"]).current_dir(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs");
    child.stdin.take().expect("piped").write_all(content).expect("written");
    String::from_utf8(child.wait_with_output().expect("ended").stdout).expect("text").trim().to_owned()
}

fn objects(findings: &[Value]) -> BTreeSet<String> {
    findings.iter().filter(|found| found["object"].is_object()).map(|found| text(&found["object"]["id"])).collect()
}

/// A repository with the key in every kind of object that git has, nothing of it in the tree. The ids of the objects.
fn riddled(ground: &Ground) -> Vec<String> {
    ground.git(&["init", "-q"]);
    ground.write("readme", "hello\n");
    ground.commit("first");
    let mut ids = vec![];
    // A file that was taken out again.
    ground.write("conf/app.ini", ground.line(1));
    ground.commit("add");
    ids.push(ground.git(&["rev-parse", "HEAD:conf/app.ini"]));
    ground.git(&["rm", "-q", "conf/app.ini"]);
    ground.commit("remove");
    // Messages.
    ids.push(ground.commit(&format!("oops {}", ground.key(1))));
    ground.git(&["reset", "-q", "--hard", "HEAD~1"]);
    ground.git(&["tag", "-a", "-m", &format!("release {}", ground.key(1)), "v1"]);
    ids.push(ground.git(&["rev-parse", "v1"]));
    ground.git(&["tag", "-d", "v1"]);
    // A stash that was dropped, a note, another branch, a blob that was only staged, one from nowhere.
    ground.write("readme", format!("stash {}", ground.line(1)));
    ground.git(&["stash", "-q"]);
    ids.push(ground.git(&["rev-parse", "stash@{0}:readme"]));
    ground.git(&["stash", "drop", "-q"]);
    ground.git(&["notes", "add", "-m", &format!("note {}", ground.key(1))]);
    ids.push(hash_object(&ground.tree, "blob", format!("note {}\n", ground.key(1)).as_bytes()));
    ground.git(&["checkout", "-q", "--orphan", "other"]);
    ground.write("other.txt", format!("other {}", ground.line(1)));
    ground.commit("other");
    ids.push(ground.git(&["rev-parse", "HEAD:other.txt"]));
    ground.git(&["checkout", "-q", "-f", "main"]);
    ground.write("staged", format!("staged {}", ground.line(1)));
    ground.git(&["add", "staged"]);
    ids.push(ground.git(&["rev-parse", ":staged"]));
    ground.git(&["rm", "-q", "-f", "--cached", "staged"]);
    fs::remove_file(ground.tree.join("staged")).expect("removed");
    ids.push(hash_object(&ground.tree, "blob", format!("dangling {}", ground.line(1)).as_bytes()));
    ids.push(hash_object(&ground.tree, "blob", &gzip(ground.line(1).as_bytes())));
    // A folder whose name is the key.
    ground.write(format!("{}/x", ground.key(1)), "x\n");
    ground.commit("named");
    ids.push(ground.git(&["rev-parse", "HEAD^{tree}"]));
    ground.git(&["reset", "-q", "--hard", "HEAD~1"]);
    ids.sort();
    ids
}

fn riddled_ids(ground: &Ground) -> Vec<String> {
    let (found, missed, summary) = history(ground);
    assert_eq!((missed.len(), &summary["complete"]), (0, &true.into()), "{missed:?}");
    let listed = ground.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    assert_eq!(summary["objects"], listed.lines().count(), "each object once");
    objects(&found).into_iter().collect()
}

#[test]
fn every_kind_of_object_is_scanned_reachable_or_not_loose_or_packed() {
    let ground = Ground::new();
    let ids = riddled(&ground);
    assert_eq!(riddled_ids(&ground), ids, "loose");
    // Everything into one pack, with deltas; and then into several, with the loose ones still there.
    ground.git(&["repack", "-q", "-a", "-d", "-f", "-k"]);
    ground.git(&["prune-packed"]);
    assert_eq!(riddled_ids(&ground), ids, "packed");
    let one = hash_object(&ground.tree, "blob", format!("late {}", ground.line(1)).as_bytes());
    let ids: Vec<_> = ids.into_iter().chain([one]).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(riddled_ids(&ground), ids, "packed and loose");
}

#[test]
fn a_find_names_the_first_commit_that_holds_it_and_its_path_there() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("a", "a");
    ground.commit("first");
    ground.write("deep/er/app.ini", ground.line(1));
    let commit = ground.commit("second");
    ground.write("deep/er/app.ini", "gone\n");
    ground.commit("third");
    let (found, ..) = history(&ground);
    let found = &found[0];
    assert_eq!(found["path"], "deep/er/app.ini");
    assert_eq!((&found["object"]["commit"], &found["line"]), (&commit.clone().into(), &1.into()));
    let ran = ground.scan(&["--history"]).ends(3);
    assert!(ran.out.contains(&format!("commit {}, blob ", &commit[..12])), "{}", ran.out);
    // From a folder below, and for several paths of one repository, it is the same.
    let (found, ..) = told(&ground.scan(&["--history", "--json", "deep", "a"]).ends(3));
    assert_eq!(found.len(), 1, "once for both paths: {found:?}");
}

#[test]
fn bare_repositories_worktrees_submodules_and_alternates_are_followed() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("key", ground.line(1));
    ground.commit("first");
    ground.git(&["rm", "-q", "key"]);
    ground.commit("second");
    let source = ground.tree.display().to_string();
    let beside = |name: &str| ground.room.file(name).display().to_string();
    ground.git(&["clone", "-q", "--bare", &source, &beside("bare")]);
    ground.git(&["worktree", "add", "-q", &beside("linked")]);
    ground.git(&["clone", "-q", "--shared", &source, &beside("shared")]);
    ground.git(&["init", "-q", &beside("super")]);
    git(&ground.room.file("super"), &["submodule", "add", "-q", &source, "module"]);
    for name in ["bare", "linked", "shared", "super"] {
        let (found, missed, _) = told(&ground.scan(&["--history", "--json", &beside(name)]).ends(3));
        assert_eq!((objects(&found).len(), missed.len()), (1, 0), "{name}: {found:?} {missed:?}");
    }
    // Alternates that name each other end.
    fs::write(ground.tree.join(".git/objects/info/alternates"), format!("{}/.git/objects\n", beside("shared")))
        .expect("written");
    ground.scan(&["--history", "--json", &beside("shared")]).ends(3);
    fs::write(ground.tree.join(".git/objects/info/alternates"), "/nonexistent\n").expect("written");
    let (_, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(3));
    assert_eq!(missed.len(), 1, "{missed:?}");
}

#[test]
fn repositories_of_sha_256_are_read() {
    let ground = Ground::new();
    ground.git(&["init", "-q", "--object-format=sha256"]);
    ground.write("key", ground.line(1));
    ground.commit("first");
    ground.git(&["rm", "-q", "key"]);
    ground.commit("second");
    for _ in 0..2 {
        let (found, missed, _) = history(&ground);
        assert_eq!((found.len(), missed.len()), (1, 0), "{found:?} {missed:?}");
        assert_eq!((text(&found[0]["object"]["id"]).len(), &found[0]["path"]), (64, &"key".into()));
        ground.git(&["repack", "-q", "-a", "-d"]);
    }
}

#[test]
fn the_repositorys_own_files_are_scanned() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.commit("first");
    fs::write(ground.tree.join(".git/hooks/pre-push"), ground.line(1)).expect("written");
    let mut config = fs::OpenOptions::new().append(true).open(ground.tree.join(".git/config")).expect("there");
    write!(config, "[remote \"x\"]\n\turl = https://x:{}@example.com/\n", ground.key(1)).expect("written");
    let (found, ..) = history(&ground);
    assert_eq!(paths(&found), [".git/config", ".git/hooks/pre-push"]);
}

#[test]
fn a_place_without_a_repository_is_told_and_the_rest_is_scanned() {
    let ground = Ground::new();
    ground.write("key", ground.line(1));
    let (found, missed, summary) = told(&ground.scan(&["--history", "--json"]).ends(3));
    assert_eq!((paths(&found), missed.len()), (vec!["key".to_owned()], 1));
    assert!(text(&missed[0]["why"]).contains("not in a git repository"), "{missed:?}");
    assert_eq!(summary["complete"], false);
    fs::remove_file(ground.tree.join("key")).expect("removed");
    ground.scan(&["--history"]).ends(14);
}

#[test]
fn history_that_was_never_fetched_is_told() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.commit("first");
    ground.commit("second");
    let url = format!("file://{}", ground.tree.display());
    let shallow = ground.room.file("shallow").display().to_string();
    ground.git(&["clone", "-q", "--depth", "1", &url, &shallow]);
    let (_, missed, _) = told(&ground.scan(&["--history", "--json", &shallow]).ends(14));
    assert!(text(&missed[0]["why"]).contains("shallow"), "{missed:?}");
}

/// Packs of text that changes little by little, so that most of it is deltas.
fn with_deltas() -> (Ground, PathBuf) {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    for n in 0..30_u32 {
        let line = |line: u32| format!("line {line} of {}\n", if line % 30 == n { n } else { 0 });
        let lines = (0..200).map(line).chain((n == 7).then(|| ground.line(1)));
        ground.write("text", lines.collect::<Vec<_>>().concat());
        ground.write(format!("other-{n}"), format!("{n} {}", "noise ".repeat(n as usize)));
        ground.commit("more");
    }
    ground.git(&["repack", "-q", "-a", "-d", "-f"]);
    let folder = ground.tree.join(".git/objects/pack");
    let mut paths = fs::read_dir(folder).expect("read").map(|entry| entry.expect("an entry").path());
    let pack = paths.find(|path| path.extension().is_some_and(|extension| extension == "pack")).expect("a pack");
    fs::set_permissions(&pack, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("writable");
    (ground, pack)
}

#[test]
fn a_damaged_pack_costs_what_is_damaged_and_nothing_else() {
    let (ground, pack) = with_deltas();
    let (found, missed, whole) = history(&ground);
    assert_eq!((objects(&found).len(), missed.len()), (1, 0));
    let good = fs::read(&pack).expect("read");
    for at in (12..good.len() - 20).step_by(good.len() / 60) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        fs::write(&pack, bad).expect("written");
        let ran = ground.scan(&["--history", "--json"]).go();
        let (_, missed, summary) = told(&ran);
        assert!(matches!(ran.code, Some(0 | 3 | 14)), "{at}: {:?} {}", ran.code, ran.err);
        let read = |summary: &Value| summary["objects"].as_u64().expect("a number");
        let lost = summary["missed"].as_u64().expect("a number");
        assert_eq!(read(&summary) + lost, read(&whole), "{at}: every object is read or missed: {missed:?}");
    }
    for len in [0, 11, good.len() / 3, good.len() - 25] {
        fs::write(&pack, &good[..len]).expect("written");
        let ran = ground.scan(&["--history", "--json"]).go();
        let (_, missed, summary) = told(&ran);
        assert!(matches!(ran.code, Some(3 | 14)) && !missed.is_empty(), "cut at {len}: {:?}", ran.code);
        assert_eq!(summary["complete"], false);
    }
    // Without its index, and with one that is damaged.
    fs::write(&pack, &good).expect("written");
    let index = pack.with_extension("idx");
    let table = fs::read(&index).expect("read");
    fs::remove_file(&index).expect("removed");
    let (_, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(14));
    assert!(missed.iter().any(|missed| text(&missed["why"]).contains("no index")), "{missed:?}");
    for at in (0..table.len() - 40).step_by(table.len() / 40) {
        let mut bad = table.clone();
        bad[at] ^= 0xff;
        fs::write(&index, bad).expect("written");
        let ran = ground.scan(&["--history", "--json"]).go();
        assert!(matches!(ran.code, Some(0 | 3 | 14)), "{at}: {:?} {}", ran.code, ran.err);
    }
}

#[test]
fn a_damaged_loose_object_costs_itself_alone() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("key", ground.line(1));
    ground.commit("first");
    let broken = hash_object(&ground.tree, "blob", &b"some text that is long enough to be cut\n".repeat(50));
    let path = ground.tree.join(".git/objects").join(&broken[..2]).join(&broken[2..]);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("writable");
    let good = fs::read(&path).expect("read");
    let cases: [&[u8]; 5] =
        [&[], &good[..5], &good[..good.len() - 6], b"not zlib", &[&good[..good.len() / 2], &[0; 9]].concat()];
    for bad in cases {
        fs::write(&path, bad).expect("written");
        let (found, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(3));
        assert_eq!((objects(&found).len(), missed.len()), (1, 1), "{missed:?}");
        assert_eq!(missed[0]["object"], broken);
    }
    // Whole again in a pack: what is loose and damaged does not matter to git, and is told all the same or not needed.
    fs::write(&path, &good).expect("written");
    let (_, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(3));
    assert_eq!(missed.len(), 0);
}

#[test]
fn a_long_blob_is_streamed_and_its_gzip_unpacked() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    let mut noise = 1_u64;
    let mut long: Vec<u8> = Vec::with_capacity(20 << 20);
    while long.len() < 17 << 20 {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        long.extend_from_slice(format!("{noise:x}\n").as_bytes());
    }
    long.extend_from_slice(ground.line(1).as_bytes());
    let plain = hash_object(&ground.tree, "blob", &long);
    let packed = hash_object(&ground.tree, "blob", &gzip(&long));
    for _ in 0..2 {
        let (found, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(3));
        assert_eq!(objects(&found), BTreeSet::from([plain.clone(), packed.clone()]), "{missed:?}");
        ground.git(&["repack", "-q", "-a", "-d", "-k"]);
        ground.git(&["prune-packed"]);
    }
}

#[test]
fn one_key_in_many_versions_of_a_file_is_one_finding_with_its_oldest_commit() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("readme", "hello\n");
    ground.commit("begin");
    ground.write("app.ini", ground.line(1));
    let first = ground.commit("add");
    for n in 0..20 {
        ground.write("app.ini", format!("{}# {n}\n", ground.line(1)));
        ground.commit("change");
    }
    let lines = ground.scan(&["--history", "--json"]).ends(3).json_lines();
    let [finding] = of(&lines, "scan-finding")[..] else { panic!("{lines:?}") };
    assert_eq!((&finding["count"], &finding["oldest"]["commit"]), (&22.into(), &first.clone().into()));
    assert_eq!(finding["places"].as_array().map(Vec::len), Some(22));
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["found"], &summary["places"]), (&1.into(), &22.into()));
    let ran = ground.scan(&["--history"]).ends(3);
    assert!(ran.out.contains("1 finding in 22 places"), "{}", ran.out);
    assert!(ran.out.contains(&format!("the oldest in commit {}", &first[..12])), "{}", ran.out);
}

#[test]
fn a_bare_repository_is_read_by_its_objects_and_not_by_its_packs() {
    let ground = Ground::new();
    let bare = ground.tree.join("mirrors/app.git");
    fs::create_dir_all(&bare).expect("folder");
    let source = ground.room.file("source");
    fs::create_dir(&source).expect("folder");
    git(&source, &["init", "-q"]);
    fs::write(source.join("app.ini"), ground.line(1)).expect("written");
    git(&source, &["add", "-A"]);
    git(&source, &["commit", "-q", "-m", "first"]);
    git(&source, &["gc", "-q"]);
    git(&ground.tree, &["clone", "-q", "--bare", &source.display().to_string(), &bare.display().to_string()]);
    for path in [".", "mirrors", "mirrors/app.git"] {
        let (found, missed, summary) = told(&ground.scan(&["--json", "--history", path]).ends(3));
        assert_eq!(
            (found.len(), missed.len(), &summary["complete"]),
            (1, 0, &true.into()),
            "{path}: {found:?} {missed:?}"
        );
        assert!(found[0]["object"].is_object());
    }
    let ran = ground.scan(&["."]).ends(0);
    assert!(ran.out.contains("1 git repositories whose history was not read"), "{}", ran.out);
}

#[test]
fn images_in_the_history_leave_nothing_unread_and_damaged_test_files_can_be_left_out() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    let script = "import zlib,struct,sys\nc=lambda k,d: struct.pack('>I',len(d))+k+d+struct.pack('>I',zlib.crc32(k+d))\n\
        p=zlib.compress(b'\\0'*(3*4000*4000+4000))\nh=struct.pack('>IIBBBBB',4000,4000,8,2,0,0,0)\n\
        open(sys.argv[1],'wb').write(b'\\x89PNG\\r\\n\\x1a\\n'+c(b'IHDR',h)+c(b'IDAT',p)+c(b'IEND',b''))";
    let made = Command::new("python3").args(["-c", script]).arg(ground.tree.join("large.png")).status();
    if !made.is_ok_and(|made| made.success()) {
        return;
    }
    ground.write("pixels.bin", &fs::read(ground.tree.join("large.png")).expect("made")[41..]);
    ground.commit("an image, and its pixels");
    ground.scan(&["--history", "."]).ends(0);
    let packed = gzip(&ground.line(1).repeat(50).into_bytes());
    ground.write("fixtures/cut.gz", &packed[..packed.len() - 12]);
    ground.commit("a damaged file");
    let (_, missed, _) = told(&ground.scan(&["--history", "--json"]).go());
    assert_eq!(missed.len(), 2, "{missed:?}");
    assert!(missed.iter().all(|missed| text(&missed["path"]).ends_with("fixtures/cut.gz")), "{missed:?}");
    ground.write(".strongroomignore", "fixtures/\n");
    let (found, missed, _) = told(&ground.scan(&["--history", "--json"]).ends(0));
    assert_eq!((found.len(), missed.len()), (0, 0), "{missed:?}");
    let (found, missed, _) = told(&ground.scan(&["--history", "--json", "--no-ignore"]).ends(3));
    assert!(!found.is_empty() && missed.len() == 2, "{missed:?}");
    // The same content elsewhere is not left out.
    ground.write("src/cut.gz", &packed[..packed.len() - 12]);
    ground.commit("and elsewhere");
    let (found, ..) = told(&ground.scan(&["--history", "--json"]).ends(3));
    assert!(found.iter().any(|found| text(&found["path"]).ends_with("src/cut.gz")), "{found:?}");
}

#[test]
fn nothing_of_a_key_is_told_about_history() {
    let ground = Ground::new();
    riddled(&ground);
    let key = ground.key(1);
    for arguments in [&[][..], &["--json"], &["--sarif"], &["--log", "trace"]] {
        let ran: Ran = ground.scan(&[&["--history"], arguments].concat()).ends(3);
        for part in key.as_bytes().windows(8) {
            let part = std::str::from_utf8(part).expect("ASCII");
            assert!(!ran.out.contains(part) && !ran.err.contains(part), "{arguments:?}");
        }
    }
}
