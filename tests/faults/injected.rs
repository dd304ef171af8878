//! The program under `strace`, with a fault at one of its system calls that change a file.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Every call by which the program changes what is on a disk.
const CHANGES: [&str; 16] = [
    "fchmod",
    "fchown",
    "fdatasync",
    "fsync",
    "ftruncate",
    "link",
    "linkat",
    "pwrite64",
    "pwritev",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "write",
    "writev",
];

/// What a run of the program does to files, call by call. `strace` counts each kind of call in each thread by itself, so that a fault at
/// "the fifth of all of them" is only to be had by knowing which one that is.
pub(crate) struct Calls(Vec<Call>);

struct Call {
    thread: String,
    name: String,
    /// Which of its kind in its thread, from 1.
    number: usize,
}

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Kill,
    /// This call fails with an error.
    Fails(&'static str),
    /// And so does every later one, as on a disk that is full.
    FailsFrom(&'static str),
}

impl Calls {
    /// Runs the command, which succeeds, and sees what it does.
    pub(crate) fn of(inner: &Command) -> Self {
        let trace = tempfile::NamedTempFile::new().expect("a file");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", &format!("trace={}", CHANGES.join(",")), "-o"]).arg(trace.path());
        let ended = through(command, inner).status().expect("strace runs");
        assert!(ended.success(), "without a fault: {ended}");
        let mut calls = Self(vec![]);
        for line in fs::read_to_string(trace.path()).expect("text").lines() {
            // "1234 fsync(5) = 0"; the rest of one that was interrupted begins with "<".
            let (thread, call) = line.split_once(' ').expect("two words");
            let Some((name, _)) = call.trim_start().split_once('(').filter(|(name, _)| CHANGES.contains(name)) else {
                continue;
            };
            let number = calls.made(calls.0.len(), thread, name) + 1;
            calls.0.push(Call { thread: thread.into(), name: name.into(), number });
        }
        calls
    }

    /// What is done to files, in its order, with the paths that it is about.
    pub(crate) fn in_words(inner: &Command) -> Vec<String> {
        let trace = tempfile::NamedTempFile::new().expect("a file");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-y", "-s", "0", "-e", &format!("trace={}", CHANGES.join(",")), "-o"])
            .arg(trace.path());
        assert!(through(command, inner).status().expect("strace runs").success(), "{inner:?}");
        fs::read_to_string(trace.path()).expect("text").lines().map(str::to_owned).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where a sweep stops: at every `usual`th call, so that it stays short, or as `STRONGROOM_CALL_STEP` says; and at last nowhere.
    pub(crate) fn points(&self, usual: usize) -> impl Iterator<Item = usize> + use<> {
        let step = std::env::var("STRONGROOM_CALL_STEP").ok().and_then(|step| step.parse().ok()).unwrap_or(usual);
        (0..self.len()).step_by(step.max(1)).chain([self.len()])
    }

    /// The same command with a fault at that call. Its exit status is the program's; it says nothing unless it is given somewhere to
    /// say it.
    pub(crate) fn stop(&self, inner: &Command, point: usize, fault: Fault) -> Command {
        self.traced(inner, point, fault, Path::new("/dev/null"))
    }

    fn traced(&self, inner: &Command, point: usize, fault: Fault, trace: &Path) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-e", &format!("trace={}", CHANGES.join(",")), "-o"]).arg(trace);
        if let Some(Call { thread, name, number }) = self.0.get(point) {
            let faults = match fault {
                Fault::Kill => vec![format!("inject={name}:signal=KILL:when={number}")],
                Fault::Fails(error) => vec![format!("inject={name}:error={error}:when={number}")],
                Fault::FailsFrom(error) => {
                    let from = |name: &&str| self.made(point, thread, name) + 1;
                    CHANGES.iter().map(|name| format!("inject={name}:error={error}:when={}+", from(name))).collect()
                }
            };
            command.args(faults.iter().flat_map(|fault| ["-e", fault]));
        }
        through(command, inner)
    }

    /// Runs it so, and tells whether the fault was met.
    pub(crate) fn stopped(&self, inner: &Command, point: usize, fault: Fault) -> (Output, bool) {
        let trace = tempfile::NamedTempFile::new().expect("a file");
        let mut command = self.traced(inner, point, fault, trace.path());
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("strace runs");
        let seen = fs::read_to_string(trace.path()).expect("text");
        (output, seen.contains("(INJECTED)") || seen.contains("killed by SIGKILL"))
    }

    /// How many calls of a kind a thread makes before the one at this place.
    fn made(&self, point: usize, thread: &str, name: &str) -> usize {
        self.0[..point].iter().filter(|call| (&*call.thread, &*call.name) == (thread, name)).count()
    }
}

fn through(mut strace: Command, inner: &Command) -> Command {
    strace.arg(inner.get_program()).args(inner.get_args()).env_clear();
    strace.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    strace
}
