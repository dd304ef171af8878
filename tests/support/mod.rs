//! What several test files need.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod between;
pub(crate) mod faulty;
pub(crate) mod graph;
pub(crate) mod past;
pub(crate) mod shelf;
pub(crate) mod tokens;
pub(crate) mod watched;

use std::ops::ControlFlow;

use strongroom::rotation::{Generation, Phase, Progress};
use strongroom::{Act, MasterKey, MasterKeyVersion, MasterKeys};

/// For a test that cannot run here: it fails, unless that is allowed.
#[allow(clippy::print_stderr, reason = "a test that was skipped says so")]
pub(crate) fn skipped(why: &str) {
    let allowed = std::env::var_os("STRONGROOM_ALLOW_SKIPS").is_some_and(|value| !value.is_empty());
    assert!(allowed, "{why}; or set STRONGROOM_ALLOW_SKIPS=1");
    eprintln!("SKIPPED: {why}");
}

/// Has a shell do something first, with this argument, and become the ignored test that looks. A process has one umask and one working
/// folder, and one of tests has many tests.
pub(crate) fn becomes(first: &str, argument: &std::path::Path, test: &str) {
    let me = std::env::current_exe().expect("the path of this program");
    let run = std::process::Command::new("sh")
        .args(["-c", &format!("{first} && exec \"$0\" --exact {test} --ignored")])
        .args([me.as_path(), argument])
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{first}: {text}");
}

/// The act of a test.
pub(crate) fn act() -> Act {
    Act::by("tester").because("a test")
}

/// The version of this number.
pub(crate) fn version(number: u32) -> MasterKeyVersion {
    number.try_into().expect("not zero")
}

/// The generation of this number.
pub(crate) fn generation(number: u32) -> Generation {
    number.try_into().expect("not zero")
}

/// Master keys that stay the same over several openings.
pub(crate) struct Keys(Vec<(u32, String)>);

impl Keys {
    /// Versions 1 to `count`.
    pub(crate) fn generate(count: u32) -> Self {
        let text = || MasterKey::generate().expect("random").to_text().expose().to_owned();
        Self((1..=count).map(|version| (version, text())).collect())
    }

    /// Those of the versions that are wanted.
    pub(crate) fn only(&self, versions: impl IntoIterator<Item = u32>) -> MasterKeys {
        let mut keys = MasterKeys::default();
        for wanted in versions {
            let (_, text) = self.0.iter().find(|(known, _)| *known == wanted).expect("a version made before");
            let key = MasterKey::parse(text).expect("a good key").known_random();
            keys.insert(version(wanted), key).expect("a new version");
        }
        keys
    }

    /// As the environment variable holds them.
    pub(crate) fn variable(&self, versions: impl IntoIterator<Item = u32>) -> String {
        let entry = |version| {
            let (_, text) = self.0.iter().find(|(known, _)| *known == version).expect("a version made before");
            format!("{version}:{text}")
        };
        versions.into_iter().map(entry).collect::<Vec<_>>().join(",")
    }
}

/// Past the cutover, and no further than the first batch.
pub(crate) fn stop_after_one_batch(progress: Progress) -> ControlFlow<()> {
    if progress.phase == Phase::Preflight { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}
