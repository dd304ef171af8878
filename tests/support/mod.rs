//! What several test files need.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod between;
pub(crate) mod faulty;
pub(crate) mod past;
pub(crate) mod tokens;

use strongroom::rotation::{Flow, Phase, Progress};
use strongroom::{Act, MasterKey, MasterKeys};

/// The act of a test.
pub(crate) fn act() -> Act {
    Act::by("tester").because("a test")
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
        for version in versions {
            let (_, text) = self.0.iter().find(|(known, _)| *known == version).expect("a version made before");
            keys.insert(version, MasterKey::parse(text).expect("a good key")).expect("a new version");
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
pub(crate) fn stop_after_one_batch(progress: &Progress) -> Flow {
    if progress.phase == Phase::Preflight { Flow::Continue } else { Flow::Stop }
}
