//! Runs claims that need more than a compiler. What a claim needs and is not there makes it fail, or, with
//! `STRONGROOM_ALLOW_SKIPS` set, be counted as ignored in the closing line.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};

use crate::mount;

/// A test by its name, and what it needs.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
    pub(crate) needs: &'static [Need],
}

/// What is not on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Mounting images by loop: root, and `mkfs.ext4`.
    Mount,
    /// `strace`, with the right to trace.
    Strace,
}

impl Need {
    fn is_there(self) -> bool {
        static MOUNT: OnceLock<bool> = OnceLock::new();
        static STRACE: OnceLock<bool> = OnceLock::new();
        match self {
            Self::Mount => *MOUNT.get_or_init(mount::can_mount),
            Self::Strace => *STRACE.get_or_init(|| {
                let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
                traced.is_ok_and(|status| status.success())
            }),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Mount => {
                "nothing can be mounted here: run it as root, with mkfs.ext4 (on Debian: apt-get install e2fsprogs)"
            }
            Self::Strace => "strace is missing or may not trace (on Debian: apt-get install strace)",
        }
    }
}

/// The claims of a module, by the names of their functions.
macro_rules! claims {
    (needs $needs:tt; $($run:ident,)+) => {
        pub(crate) const CLAIMS: &[$crate::harness::Claim] = &[$($crate::harness::Claim {
            name: concat!(module_path!(), "::", stringify!($run)),
            run: $run,
            needs: {
                #[allow(unused_imports, reason = "not every module needs something")]
                use $crate::harness::Need::*;
                &$needs
            },
        },)+];
    };
}
pub(crate) use claims;

/// Runs what the arguments ask for, as `cargo test` has them.
pub(crate) fn run(claims: impl IntoIterator<Item = Claim>) -> Conclusion {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, claims.into_iter().map(trial).collect())
}

fn trial(claim: Claim) -> Trial {
    // Without the name of the crate, as the built-in harness has them.
    let name = claim.name.split_once("::").map_or(claim.name, |(_, name)| name);
    let Some(missing) = claim.needs.iter().copied().find(|need| !need.is_there()) else {
        return Trial::test(name, move || {
            (claim.run)();
            Ok(())
        });
    };
    if std::env::var_os("STRONGROOM_ALLOW_SKIPS").is_some_and(|value| !value.is_empty()) {
        return Trial::test(name, || Ok(()))
            .with_kind(format!("skipped: {}", missing.remedy()))
            .with_ignored_flag(true);
    }
    let why = format!("{}; or set STRONGROOM_ALLOW_SKIPS=1", missing.remedy());
    Trial::test(name, move || Err(Failed::from(why)))
}
