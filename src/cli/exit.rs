//! The exit codes of the program. Nothing else decides them.

use std::process::ExitCode;

use strongroom::ErrorKind;

/// How the program ends. What is not known to be well is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    General,
    Usage,
    /// A token is not valid, or a check found something.
    NotValid,
    NotFound,
    Conflict,
    NoStore,
    Busy,
    /// A master key is missing, malformed or wrong.
    MasterKey,
    /// Stored bytes are damaged or were tampered with.
    Corrupt,
    /// Something is left to do, and the same command does it; or a scan could not read everything.
    Incomplete,
    UnsafePermissions,
    Engine,
    Unconfirmed,
    OutputFailed,
    HungUp,
    Interrupted,
    Terminated,
}

impl Exit {
    /// The number a script sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::General => 1,
            Self::Usage => 2,
            Self::NotValid => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::NoStore => 10,
            Self::Busy => 11,
            Self::MasterKey => 12,
            Self::Corrupt => 13,
            Self::Incomplete => 14,
            Self::UnsafePermissions => 15,
            Self::Engine => 16,
            Self::Unconfirmed => 17,
            Self::OutputFailed => 74,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Busy => Self::Busy,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Corrupt => Self::Corrupt,
            ErrorKind::Engine => Self::Engine,
            ErrorKind::Input => Self::Usage,
            ErrorKind::MasterKey => Self::MasterKey,
            ErrorKind::NoStore => Self::NoStore,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Output => Self::OutputFailed,
            ErrorKind::Unproven => Self::NotValid,
            ErrorKind::Unsafe => Self::UnsafePermissions,
            _ => Self::General,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// For the help text.
pub(crate) const HELP: &str = "\
Exit codes:
    0  yes, done                        12  a master key is missing or wrong
    1  failed                           13  stored data is damaged or was tampered with
    2  wrong usage or input             14  incomplete: the same command continues
    3  not valid; a check found faults  15  unsafe file permissions
    4  no such API key                  16  the storage engine failed
    5  there is one already             17  confirmation needed: --yes
   10  no vault at this place           74  the output could not be written
   11  busy: try again      129/130/143  stopped by SIGHUP/SIGINT/SIGTERM";
