//! No verb of the program shows a secret that it is not asked for, whatever becomes of it.

mod secrets;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};

use crate::running::{Ran, Room, Run, every_verb, text};
use crate::support::past::damage_listed_record;
use age::secrecy::ExposeSecret;
use base64ct::{Base64Url, Encoding};
use rustix::process::{Pid, Signal, kill_process};
use secrets::{ATTRIBUTE, IDENTITY, NOTHING, REASON, Secrets, TOKEN};
use strongroom::MasterKey;
use table::{Case, DAMAGED, Exit, GROUPS, TABLE};

#[test]
fn no_secret_appears_where_it_should_not() {
    Scene::new().run_all(&["--log", "trace"]);
}

#[test]
fn no_secret_appears_where_it_should_not_in_json() {
    Scene::new().run_all(&["--log", "trace", "--json"]);
}

#[test]
fn every_verb_is_in_the_table_with_a_success_and_a_failure() {
    let of = |wanted: fn(&Exit) -> bool| -> BTreeSet<String> {
        let cases = TABLE.iter().chain(DAMAGED).filter(|case| wanted(&case.exit));
        cases.map(|case| case.verb.to_owned()).collect()
    };
    let (done, failed) = (of(|exit| !is_failure(exit)), of(is_failure));
    let verbs = every_verb();
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in &verbs {
        assert!(failed.contains(verb), "no case of {verb} fails: add rows to TABLE in {PLACE}");
        let done = GROUPS.contains(&verb.as_str()) || done.contains(verb);
        assert!(done, "no case of {verb} does what it is for: add rows to TABLE, or its name to GROUPS, in {PLACE}");
    }
    assert!(
        done.union(&failed).all(|verb| verb.is_empty() || verbs.contains(verb)),
        "the table has verbs that there are not"
    );
}

const PLACE: &str = "tests/cli/canaries/table.rs";

fn is_failure(exit: &Exit) -> bool {
    !matches!(exit, Exit::Code(0) | Exit::Follows | Exit::Killed)
}

/// A vault, and everything that is filled into the table.
struct Scene {
    room: Room,
    names: BTreeMap<&'static str, String>,
    secrets: Secrets,
}

impl Scene {
    fn new() -> Self {
        let room = Room::new();
        let mut scene = Self { room, names: BTreeMap::new(), secrets: Secrets::default() };
        scene.canaries();
        scene.api_keys();
        scene.files();
        scene
    }

    /// What has to be told from everything else is random.
    fn canaries(&mut self) {
        let random =
            |word: &str| format!("{word}-{}", &MasterKey::generate().expect("random").to_text().expose()[..20]);
        for (name, kind) in [
            ("attribute", ATTRIBUTE),
            ("attribute2", ATTRIBUTE),
            ("owner", ATTRIBUTE),
            ("name", ATTRIBUTE),
            ("unique", ATTRIBUTE),
            ("reason", REASON),
            ("imported", TOKEN),
        ] {
            let canary = random(name).replace(['-', '_'], "x");
            self.secrets.plain(kind, &canary);
            self.names.insert(name, canary);
        }
        for version in 1..=3 {
            self.secrets.master_key(self.room.keys.variable([version]).split_once(':').expect("VERSION:KEY").1);
        }
        let identity = age::x25519::Identity::generate();
        let secret = identity.to_string().expose_secret().to_owned();
        self.secrets.plain(IDENTITY, &secret["AGE-SECRET-KEY-1".len()..]);
        let key = self.room.keys.variable([1])[2..].to_owned();
        self.names.extend([
            ("identity", secret),
            ("recipient", identity.to_public().to_string()),
            ("hex", base16ct::lower::encode_string(&Base64Url::decode_vec(&key).expect("a key"))),
            ("key", key),
            ("two_keys", self.room.keys.variable([1, 2])),
            ("long", self.names["reason"].repeat(100)),
            ("nobody", "01000000000000000000000000".into()),
            ("dir", self.room.folder.path().display().to_string()),
        ]);
    }

    fn api_keys(&mut self) {
        let attributes = [
            "--name",
            "n",
            "--owner",
            "{owner}",
            "--attribute",
            "plan={attribute}",
            "--expires-in",
            "10d",
            "--scope",
            "bulk",
        ];
        let attributes: Vec<_> = attributes.iter().map(|text| self.filled(text)).collect();
        let attributes: Vec<_> = attributes.iter().map(String::as_str).collect();
        for (name, its_token) in
            [("damaged_id", "first"), ("id", "token"), ("other", "other_token"), ("spare", "third")]
        {
            let (id, token) = self.room.issue(&attributes);
            self.secrets.token(&token);
            self.names.extend([(name, id), (its_token, token)]);
        }
        let (_, token) = self.room.issue(&["--name", &self.names["unique"]]);
        self.secrets.token(&token);
        let (imported, token) = (self.names["imported"].clone(), self.names["token"].clone());
        let line = format!("{{\"token\": \"{imported}\", \"name\": \"{}\"}}\n", self.names["name"]);
        self.room.run(&["import", "-"]).stdin(&line).ends(0);
        let last = if token.ends_with('0') { '1' } else { '0' };
        self.names.extend([
            ("damaged", format!("{}{last}", &token[..token.len() - 1])),
            ("broken", format!("{{\"token\": \"{token}\", \"name\": 1}}\n")),
            ("line", line.replace(&imported, &format!("{imported}y"))),
            ("twice", line.replace(&imported, &format!("{imported}z")).repeat(2)),
        ]);
        self.names.insert("checkpoint", self.room.run(&["audit", "checkpoint"]).ends(0).out);
        self.names.insert("proof", self.room.run(&["audit", "prove", "--entry", "1"]).ends(0).out);
        let pin = text(&self.room.run(&["audit", "public-key", "--json"]).ends(0).json()["public_key"]);
        self.names.insert("pin", pin);
    }

    /// Shares that are there before those of the table, and keys in a file.
    fn files(&mut self) {
        let file = |name: &str| self.room.file(name).display().to_string();
        let split = ["master-key", "split", "--shares", "3", "--threshold", "2", "--out-dir"];
        let (plain, words, sealed) = (file("secret-plain"), file("secret-paper"), file("sealed"));
        self.room.run(&[&split[..], &[&plain]].concat()).ends(0);
        self.room.run(&[&split[..], &[&words, "--words"]].concat()).ends(0);
        let to = ["--recipient", &self.names["recipient"]].repeat(3);
        self.room.run(&[&split[..], &[&sealed], &to].concat()).ends(0);
        let listed = |folder: &str| -> Vec<String> {
            let mut paths: Vec<_> =
                fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one").path()).collect();
            paths.sort();
            paths.iter().map(|path| path.display().to_string()).collect()
        };
        let (plain, words, sealed) = (listed(&plain), listed(&words), listed(&sealed));
        let bad = file("secret-bad-share");
        fs::write(&bad, fs::read_to_string(&plain[1]).expect("read").replace("srs1-A", "srs1-Q")).expect("written");
        fs::write(file("secret-identity"), &self.names["identity"]).expect("written");
        fs::write(file("secret-file"), "").expect("written");
        let keys = format!("MASTER_KEYS={}\nkey = \"{}\"\n", self.names["two_keys"], self.names["hex"]);
        fs::write(file("secret-key-list"), keys).expect("written");
        for (name, paths, at) in [
            ("share1", &plain, 0),
            ("share2", &plain, 1),
            ("share3", &plain, 2),
            ("words1", &words, 0),
            ("words2", &words, 1),
            ("age1", &sealed, 0),
            ("age2", &sealed, 1),
        ] {
            self.names.insert(name, paths[at].clone());
        }
        self.names.insert("bad_share", bad);
    }

    fn run_all(&mut self, extra: &[&str]) {
        let fitting = |case: &&Case| case.in_json || !extra.contains(&"--json");
        TABLE.iter().filter(fitting).for_each(|case| self.run(case, extra));
        damage_listed_record(&self.room.store(), 0);
        DAMAGED.iter().filter(fitting).for_each(|case| self.run(case, extra));
        assert!(self.secrets.len() > 5_000, "{} pieces were looked for", self.secrets.len());
        let heard = self.secrets.heard_in_files(self.room.folder.path());
        assert_eq!(heard, None, "no file holds a secret that was not meant to");
    }

    /// Runs it, learns what it made, and listens.
    fn run(&mut self, case: &Case, extra: &[&str]) {
        let verb = case.verb.split(' ').map(str::to_owned);
        let words: Vec<_> = verb.chain(case.arguments.split(' ').map(|word| self.filled(word))).collect();
        let arguments: Vec<_> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        let mut run = self.room.run_with(case.versions.iter().copied(), &[&arguments[..], extra].concat());
        for (name, value) in case.variables {
            run = run.env(name, &self.filled(value));
        }
        let run = run.stdin(self.filled(case.stdin));
        let ran = match case.exit {
            Exit::Code(code) => run.ends(code),
            Exit::Follows => interrupted(run),
            Exit::Killed => killed(run),
        };
        let out = without_hashes(case.verb, &ran.out);
        self.secrets.learn(&out);
        self.secrets.learn_from_files(self.room.folder.path());
        for (said, allowed, place) in [(&out, case.shows, "output"), (&ran.err, NOTHING, "error")] {
            let heard = self.secrets.heard(said.as_bytes(), allowed).or_else(|| Secrets::lookalike(said, allowed));
            assert_eq!(heard, None, "{} says it on standard {place}: {said}", ran.shown);
        }
        assert!(!ran.err.contains("panicked"), "{}: {}", ran.shown, ran.err);
    }

    fn filled(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in &self.names {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

/// Reads its first line, interrupts it, and reads the rest.
fn interrupted(mut run: Run) -> Ran {
    let mut child = run.spawn();
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut said = String::new();
    out.read_line(&mut said).expect("a line");
    kill_process(Pid::from_child(&child), Signal::INT).expect("sent");
    out.read_to_string(&mut said).expect("the rest");
    let ran = Ran::of(child, "audit follow");
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    Ran { out: said, ..ran }
}

fn killed(run: Run) -> Ran {
    let ran = run.go();
    assert_eq!(ran.code, None, "{}: {}", ran.shown, ran.err);
    ran
}

/// What a checkpoint or a proof says without the hashes of its tree and without its signature: they may be written like a master key.
fn without_hashes(verb: &str, said: &str) -> String {
    if !["audit checkpoint", "audit prove"].contains(&verb) {
        return said.to_owned();
    }
    let said = said.split_once('\u{2014}').map_or(said, |(text, _)| text).replace("\\n", "\n");
    let is_hash = |line: &&str| line.len() == 44 && line.ends_with('=');
    said.lines().filter(|line| !is_hash(line)).collect::<Vec<_>>().join("\n")
}
