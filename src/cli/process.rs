//! The process itself: what others may see of it, who runs it, and its event log.

use crate::args::LogLevel;

/// Keeps master keys and tokens out of core dumps, and other processes of the user out of this one's memory.
pub(crate) fn harden() {
    // Where the system refuses, the program still does its work.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let maximum = rustix::process::getrlimit(rustix::process::Resource::Core).maximum;
    limit_core_files(Some(0), maximum);
}

/// Once the arguments are read: core dumps come back as they were allowed before, or are out of reach for good.
pub(crate) fn settle_core_dumps(allowed: bool) {
    if !allowed {
        return limit_core_files(Some(0), Some(0));
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
    let maximum = rustix::process::getrlimit(rustix::process::Resource::Core).maximum;
    limit_core_files(maximum, maximum);
}

fn limit_core_files(current: Option<u64>, maximum: Option<u64>) {
    let limit = rustix::process::Rlimit { current, maximum };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, limit);
}

/// The name of the user who runs the program, from the user database.
pub(crate) fn user_name() -> String {
    let uid = rustix::process::getuid().as_raw();
    let database = std::fs::read("/etc/passwd").unwrap_or_default();
    let named = String::from_utf8_lossy(&database).lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let of: u32 = fields.nth(1)?.parse().ok()?;
        (uid == of).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}

/// Writes events to standard error.
pub(crate) fn log(level: LogLevel) {
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
        LogLevel::Trace => tracing::Level::TRACE,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).log_internal_errors(false).init();
}
