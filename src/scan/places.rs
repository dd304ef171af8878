//! Places beside trees and repositories where a machine keeps text: executables, processes, prompts, units.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use zeroize::Zeroizing;

use super::content::Sieve;
use super::reach::Reach;
use super::report::{Origin, Outlet, ScanPlace};
use super::walk;

pub(super) fn executable(outlet: &Outlet<'_>) {
    let place = ScanPlace::Executable;
    match std::env::current_exe() {
        Ok(named) => {
            // The file that runs, also when another has taken its name.
            let running = Path::new("/proc/self/exe");
            let path = if running.exists() { running } else { &named };
            Sieve::new(outlet).file_as(&Origin { place, path: &named }, path);
        }
        Err(error) => outlet.unreadable(&Origin { place, path: Path::new("own executable") }, &error),
    }
}

/// What shells and other programs with a prompt write into a home folder.
pub(super) fn shell_history(home: Option<&Path>, others: &[PathBuf], outlet: &Outlet<'_>) {
    let mut sieve = Sieve::new(outlet);
    let known = home.into_iter().flat_map(|home| HISTORIES.iter().map(|name| home.join(name)));
    for path in known.chain(others.iter().cloned()).take_while(|_| !outlet.is_stopped()) {
        // One that is not there is no fault.
        if path.symlink_metadata().is_ok() {
            sieve.file(ScanPlace::ShellHistory, &path);
        }
    }
}

pub(super) fn units(reach: &Reach, home: Option<&Path>, outlet: &Outlet<'_>) {
    let mut folders: Vec<PathBuf> = UNIT_FOLDERS.iter().map(PathBuf::from).collect();
    folders.extend(home.into_iter().flat_map(|home| USER_UNIT_FOLDERS.iter().map(|folder| home.join(folder))));
    // On many systems /lib is /usr/lib.
    let mut seen = vec![];
    for folder in folders.into_iter().take_while(|_| !outlet.is_stopped()) {
        if let Ok(real) = folder.canonicalize().map(|real| (!seen.contains(&real)).then_some(real)) {
            seen.extend(real.iter().cloned());
            if let Some(real) = &real {
                walk::folder(reach, real, ScanPlace::Units, vec![], outlet);
            }
        }
    }
    for file in UNIT_FILES.iter().map(Path::new).filter(|file| file.exists()) {
        Sieve::new(outlet).file(ScanPlace::Units, file);
    }
}

/// Arguments and environments. A process that ends meanwhile is no fault.
pub(super) fn processes(allowed: &[&str], outlet: &Outlet<'_>) {
    let own = std::process::id();
    own_process(allowed, outlet);
    let Ok(entries) = fs::read_dir("/proc") else { return };
    let user = rustix::process::getuid().as_raw();
    for entry in entries.flatten().take_while(|_| !outlet.is_stopped()) {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if id != own && user_of(&entry.path()) == Some(user) {
            process(id, &entry.path(), allowed, outlet);
        }
    }
}

/// Not through /proc: a process that leaves no core dump may not read its own environment there.
fn own_process(allowed: &[&str], outlet: &Outlet<'_>) {
    let arguments: Vec<_> = std::env::args_os().collect();
    arguments_of("this process", arguments.join(OsStr::new(" ")).as_bytes(), outlet);
    for (name, value) in std::env::vars_os() {
        let value = Zeroizing::new(value.into_encoded_bytes());
        variable_of("this process", &name, &value, allowed, outlet);
    }
    outlet.tally.files.fetch_add(1, Relaxed);
}

fn process(id: u32, folder: &Path, allowed: &[&str], outlet: &Outlet<'_>) {
    let command = fs::read_to_string(folder.join("comm")).unwrap_or_default();
    let named = format!("process {id} ({})", command.trim_end());
    let gone = |error: &io::Error| {
        error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    };
    let read = |file: &str| match fs::read(folder.join(file)).map(Zeroizing::new) {
        Ok(bytes) => Some(bytes),
        Err(error) if gone(&error) => None,
        Err(error) => {
            let path = PathBuf::from(format!("{file} of {named}"));
            outlet.unreadable(&Origin { place: ScanPlace::Process, path: &path }, &error);
            None
        }
    };
    if let Some(mut arguments) = read("cmdline") {
        arguments.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        arguments_of(&named, &arguments, outlet);
        outlet.tally.files.fetch_add(1, Relaxed);
    }
    let environment = read("environ").unwrap_or_default();
    for entry in environment.split(|byte| *byte == 0) {
        if let Some(at) = entry.iter().position(|byte| *byte == b'=') {
            variable_of(&named, OsStr::from_bytes(&entry[..at]), &entry[at + 1..], allowed, outlet);
        }
    }
}

/// In one line: what a value is can be told by the argument before it.
fn arguments_of(process: &str, arguments: &[u8], outlet: &Outlet<'_>) {
    let path = PathBuf::from(format!("arguments of {process}"));
    Sieve::text(outlet, &Origin { place: ScanPlace::Process, path: &path }, arguments);
}

fn variable_of(process: &str, name: &OsStr, value: &[u8], allowed: &[&str], outlet: &Outlet<'_>) {
    if allowed.iter().any(|allowed| *allowed == name) {
        return;
    }
    let mut path = OsString::from("variable ");
    path.push(name);
    path.push(format!(" of {process}"));
    let origin = Origin { place: ScanPlace::Process, path: Path::new(&path) };
    // As a file of variables would hold it: what a value is can often be told only by its name.
    let mut assignment = Zeroizing::new(Vec::with_capacity(name.len() + 1 + value.len()));
    assignment.extend_from_slice(name.as_bytes());
    assignment.push(b'=');
    assignment.extend_from_slice(value);
    Sieve::text(outlet, &origin, &assignment);
}

/// Who runs a process. The owner of its folder would be root where it leaves no core dump.
fn user_of(folder: &Path) -> Option<u32> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()
}

const HISTORIES: &[&str] = &[
    ".ash_history",
    ".bash_history",
    ".histfile",
    ".history",
    ".irb_history",
    ".ksh_history",
    ".local/share/fish/fish_history",
    ".local/share/nushell/history.txt",
    ".mysql_history",
    ".node_repl_history",
    ".psql_history",
    ".python_history",
    ".rediscli_history",
    ".sh_history",
    ".sqlite_history",
    ".zhistory",
    ".zsh_history",
];
const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/etc/systemd/user",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/etc/containers/systemd",
    "/etc/default",
    "/etc/sysconfig",
    "/etc/conf.d",
    "/etc/init.d",
];
const USER_UNIT_FOLDERS: &[&str] = &[".config/systemd/user", ".config/containers/systemd", ".config/environment.d"];
const UNIT_FILES: &[&str] = &["/etc/environment"];
