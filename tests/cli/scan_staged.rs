//! Claims about `scan --staged`, and about the files that patterns choose.

use std::fs;

use crate::ground::{Ground, git, paths, told};

fn staged(ground: &Ground, arguments: &[&str]) -> Vec<String> {
    let (found, missed, _) = told(&ground.scan(&[&["--staged", "--json"], arguments].concat()).go());
    assert!(missed.is_empty(), "{missed:?}");
    assert!(found.iter().all(|found| found["place"] == "staged"), "{found:?}");
    paths(&found)
}

fn unread(ground: &Ground) -> String {
    ground.scan(&["--staged"]).ends(14).out
}

#[test]
fn what_is_staged_is_read_as_it_would_be_committed() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    assert_eq!(staged(&ground, &[]), [""; 0], "nothing was ever staged");
    ground.write("old.py", ground.line(1));
    ground.write("clean.py", "nothing\n");
    ground.git(&["add", "old.py", "clean.py"]);
    assert_eq!(staged(&ground, &[]), ["old.py"], "before the first commit");
    ground.commit("first");
    assert_eq!(staged(&ground, &[]), [""; 0], "what is committed is not staged");
    // Staged and then mended in the working folder, or the other way round.
    ground.write("deep/in/new.py", ground.line(1));
    ground.write("clean.py", ground.line(1));
    ground.git(&["add", "deep"]);
    ground.write("deep/in/new.py", "mended\n");
    assert_eq!(staged(&ground, &[]), ["deep/in/new.py"]);
    ground.scan(&["--staged"]).ends(3);
    assert_eq!(staged(&ground, &["--exclude", "deep/"]), [""; 0]);
    ground.git(&["add", "clean.py"]);
    assert_eq!(staged(&ground, &["--include", "*.py", "--exclude", "deep"]), ["clean.py"]);
    for version in ["4", "3", "2"] {
        ground.git(&["update-index", "--index-version", version]);
        assert_eq!(staged(&ground, &[]), ["clean.py", "deep/in/new.py"], "version {version}");
    }
    ground.git(&["pack-refs", "--all"]);
    ground.git(&["gc", "-q"]);
    assert_eq!(staged(&ground, &[]), ["clean.py", "deep/in/new.py"], "packed");
}

#[test]
fn a_worktree_and_the_index_that_git_names_have_what_is_staged_there() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    ground.write("a.py", "nothing\n");
    ground.commit("first");
    ground.git(&["worktree", "add", "-q", "../other"]);
    let other = ground.room.file("other");
    fs::write(other.join("b.py"), ground.line(1)).expect("written");
    git(&other, &["add", "b.py"]);
    assert_eq!(staged(&ground, &[]), [""; 0]);
    let found = staged(&ground, &["../other"]);
    assert_eq!(found.len(), 1, "{found:?}");
    // As `git commit FILE` does for its hooks.
    fs::copy(ground.tree.join(".git/index"), ground.tree.join(".git/next")).expect("copied");
    ground.write("c.py", ground.line(1));
    ground.git(&["add", "c.py"]);
    let mut run = ground.scan(&["--staged"]);
    run.command.env("GIT_INDEX_FILE", ".git/next");
    run.ends(0);
    ground.scan(&["--staged"]).ends(3);
}

#[test]
fn an_index_that_cannot_be_read_is_told_and_so_is_a_folder_without_a_repository() {
    let ground = Ground::new();
    assert!(unread(&ground).contains("not in a git repository"));
    ground.git(&["init", "-q"]);
    ground.write("a.py", ground.line(1));
    ground.git(&["add", "a.py"]);
    let index = fs::read(ground.tree.join(".git/index")).expect("an index");
    for (cut, byte) in [(index.len() / 2, None), (index.len(), Some(9))] {
        let mut damaged = index[..cut].to_vec();
        damaged[7] = byte.unwrap_or(damaged[7]);
        fs::write(ground.tree.join(".git/index"), damaged).expect("written");
        assert!(unread(&ground).contains("index"));
    }
    fs::write(ground.tree.join(".git/index"), index).expect("written");
    ground.scan(&["--staged"]).ends(3);
    let blob = ground.git(&["hash-object", "a.py"]);
    fs::remove_file(ground.tree.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).expect("removed");
    assert!(unread(&ground).contains("the object is not there"));
}

#[test]
fn patterns_choose_files_in_trees_and_in_the_history() {
    let ground = Ground::new();
    ground.git(&["init", "-q"]);
    for name in ["a.py", "src/b.py", "src/c.env", "vendor/lib/d.py"] {
        ground.write(name, ground.line(1));
    }
    ground.commit("first");
    let found = |arguments: &[&str]| {
        let (found, _, _) = told(&ground.scan(&[&["--json"], arguments].concat()).go());
        paths(&found).join(" ")
    };
    for (arguments, left) in [
        (&["--exclude", "vendor/"][..], "a.py src/b.py src/c.env"),
        (&["--exclude", "vendor", "--exclude", "*.env"], "a.py src/b.py"),
        (&["--include", "*.py"], "a.py src/b.py vendor/lib/d.py"),
        (&["--include", "src/"], "src/b.py src/c.env"),
        (&["--include", "*.py", "--exclude", "/vendor"], "a.py src/b.py"),
        (&["--include", "b.py", "src", "vendor"], "src/b.py"),
        (&["--exclude", "lib/", "vendor"], ""),
        (&["--exclude", "*.env", "src/c.env"], ""),
    ] {
        assert_eq!(found(arguments), left, "{arguments:?}");
    }
    for name in ["a.py", "src/b.py", "src/c.env", "vendor/lib/d.py"] {
        fs::remove_file(ground.tree.join(name)).expect("removed");
    }
    assert_eq!(found(&["--history", "--exclude", "vendor/", "--exclude", "a.py"]), "src/b.py");
    for wrong in ["", "{a", "#x"] {
        ground.scan(&["--exclude", wrong]).ends(2);
    }
}
