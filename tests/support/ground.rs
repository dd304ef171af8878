//! A folder to scan, with master keys that may lie in it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::running::{Ran, Room, Run};

/// A room with a folder to scan in it.
pub(crate) struct Ground {
    pub(crate) room: Room,
    pub(crate) tree: PathBuf,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let room = Room::empty();
        let tree = room.file("tree");
        fs::create_dir(&tree).expect("folder");
        Self { room, tree }
    }

    pub(crate) fn key(&self, version: u32) -> String {
        self.room.keys.variable([version]).split_once(':').expect("an entry").1.to_owned()
    }

    /// A line of configuration that holds the key of this version.
    pub(crate) fn line(&self, version: u32) -> String {
        format!("MASTER_KEY = \"{}\"\n", self.key(version))
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.tree.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
        fs::write(path, content).expect("written");
    }

    /// `scan` in the tree, with master key 1 and no vault.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Run {
        self.scan_with([1], arguments)
    }

    pub(crate) fn scan_with(&self, versions: impl IntoIterator<Item = u32>, arguments: &[&str]) -> Run {
        let run = self.room.run_with(versions, &[&["scan"], arguments].concat()).unset("STRONGROOM_STORE");
        self.here(run)
    }

    pub(crate) fn scan_without_keys(&self, arguments: &[&str]) -> Run {
        self.here(Run::bare(&[&["scan"], arguments].concat()))
    }

    fn here(&self, mut run: Run) -> Run {
        run.command.current_dir(&self.tree);
        run
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.tree, arguments)
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "gc.auto=0"]);
    command.args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]);
    command.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// The documents of one schema.
pub(crate) fn of<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["schema"] == format!("strongroom.{name}.v1")).collect()
}

/// Findings by their places, what was missed, and the summary.
pub(crate) fn told(ran: &Ran) -> (Vec<Value>, Vec<Value>, Value) {
    let lines = ran.json_lines();
    let places = |finding: &Value| {
        let place = |place: &Value| {
            let mut place = place.clone();
            for member in ["version", "fingerprint", "weak"] {
                place[member] = finding[member].clone();
            }
            place
        };
        finding["places"].as_array().expect("places").iter().map(place).collect::<Vec<_>>()
    };
    let mut findings: Vec<_> = of(&lines, "scan-finding").into_iter().flat_map(places).collect();
    findings.sort_by_key(|found| found["path"].to_string());
    let missed = of(&lines, "scan-missed").into_iter().cloned().collect();
    (findings, missed, lines.last().expect("a summary").clone())
}

/// The places of every result of a SARIF log: the file, and the line.
pub(crate) fn locations(log: &Value) -> Vec<(String, Option<u64>)> {
    let results = log["runs"][0]["results"].as_array().expect("results").iter();
    let places = results.flat_map(|result| result["locations"].as_array().expect("locations"));
    let mut places: Vec<_> = places
        .map(|place| {
            let physical = &place["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().expect("a path").to_owned();
            (uri, physical["region"]["startLine"].as_u64())
        })
        .collect();
    places.sort();
    places
}

pub(crate) fn paths(findings: &[Value]) -> Vec<String> {
    let mut paths: Vec<_> = findings.iter().map(|finding| finding["path"].as_str().unwrap_or("-").to_owned()).collect();
    paths.sort();
    paths.dedup();
    paths
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}
