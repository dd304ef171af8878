//! What goes wrong with a command.

/// What went wrong with a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandFault {
    /// It ended with another exit code than 0.
    #[error("ended with exit code {0}")]
    ExitCode(i32),
    /// It ended well, and a process that it left behind keeps its output open.
    #[error("left a process behind that held its output open for {secs} s")]
    HeldOpen {
        /// The time limit.
        secs: u64,
    },
    /// It closed its output and did not end.
    #[error("closed its output and did not end within {secs} s")]
    Lingering {
        /// The time limit.
        secs: u64,
    },
    /// It could not be started.
    #[error("cannot be started")]
    NotStarted(#[source] std::io::Error),
    /// A signal killed it.
    #[error("was killed by signal {0}")]
    Signal(i32),
    /// It did not finish in time.
    #[error("did not finish within {secs} s")]
    TimedOut {
        /// The time limit.
        secs: u64,
    },
    /// It wrote more than a list of keys can have.
    #[error("wrote more than 64 KiB")]
    TooLong,
    /// The operating system does not let it be followed.
    #[error("cannot be followed")]
    Unwatchable(#[source] std::io::Error),
}
