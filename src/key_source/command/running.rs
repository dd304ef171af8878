//! A command that runs: its output read, its standard error heard, its time limited.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::Zeroizing;

use super::fault::CommandFault;
use crate::key_source::redaction::redacted;
use crate::key_source::text::MAX_TEXT_LEN;

/// Runs it to its end. Whatever goes wrong, neither it nor what it started is left running.
pub(super) fn output(
    mut command: Command,
    limit: Duration,
    heard: &mut dyn FnMut(&str),
) -> Result<Zeroizing<Vec<u8>>, CommandFault> {
    let deadline = Instant::now() + limit;
    // A group of its own, so that what it starts can be ended with it.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(CommandFault::NotStarted)?;
    let stderr = child.stderr.take().map(|pipe| Stderr { pipe, line: Zeroizing::default(), left: MAX_HEARD });
    let mut running =
        Running { stdout: child.stdout.take(), stderr, bytes: Zeroizing::new(vec![0; MAX_TEXT_LEN + 1]), len: 0 };
    let ended = running.follow(&child, deadline, limit.as_secs(), heard);
    if !matches!(ended, Ok(Ended::Well)) {
        end(&mut child);
    }
    running.hear_the_rest(heard);
    ended?;
    let status = child.wait().map_err(CommandFault::Unwatchable)?;
    match judged(status) {
        Some(fault) => Err(fault),
        None => Ok(running.into_bytes()),
    }
}

struct Running {
    /// Absent once it is closed.
    stdout: Option<ChildStdout>,
    stderr: Option<Stderr>,
    /// As long as can be: growing would leave copies behind.
    bytes: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Running {
    /// Reads until the command has ended and closed its output; stops early when it has failed.
    fn follow(
        &mut self,
        child: &Child,
        deadline: Instant,
        secs: u64,
        heard: &mut dyn FnMut(&str),
    ) -> Result<Ended, CommandFault> {
        loop {
            self.wait_and_read(heard)?;
            let ended = has_ended(child).map_err(CommandFault::Unwatchable)?;
            match (ended, self.stdout.is_some()) {
                (Some(Ended::Badly), _) => return Ok(Ended::Badly),
                (Some(Ended::Well), false) => return Ok(Ended::Well),
                _ if Instant::now() < deadline => {}
                (Some(Ended::Well), true) => return Err(CommandFault::HeldOpen { secs }),
                (None, true) => return Err(CommandFault::TimedOut { secs }),
                (None, false) => return Err(CommandFault::Lingering { secs }),
            }
        }
    }

    fn wait_and_read(&mut self, heard: &mut dyn FnMut(&str)) -> Result<(), CommandFault> {
        let (out, err) = self.ready(TICK).map_err(CommandFault::Unwatchable)?;
        if err {
            self.hear(heard);
        }
        let Some(stdout) = self.stdout.as_mut().filter(|_| out) else { return Ok(()) };
        match stdout.read(&mut self.bytes[self.len..]) {
            Ok(0) => self.stdout = None,
            Ok(read) => self.len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CommandFault::Unwatchable(error)),
        }
        if self.len > MAX_TEXT_LEN { Err(CommandFault::TooLong) } else { Ok(()) }
    }

    /// Waits a while for something to read on either pipe.
    fn ready(&self, patience: Duration) -> io::Result<(bool, bool)> {
        let nanos = i64::from(patience.subsec_nanos());
        let timeout = Timespec { tv_sec: 0, tv_nsec: nanos };
        let mut waiting: Vec<PollFd<'_>> = vec![];
        waiting.extend(self.stdout.as_ref().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        waiting.extend(self.stderr.as_ref().map(|err| PollFd::from_borrowed_fd(err.pipe.as_fd(), PollFlags::IN)));
        match poll(&mut waiting, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = waiting.iter().map(|fd| !fd.revents().is_empty());
        let out = self.stdout.is_some() && ready.next().unwrap_or(false);
        Ok((out, ready.next().unwrap_or(false)))
    }

    fn hear(&mut self, heard: &mut dyn FnMut(&str)) {
        let open = self.stderr.as_mut().is_some_and(|stderr| stderr.read(heard));
        if !open {
            self.stderr = None;
        }
    }

    /// What lies in the pipe already. Whoever still holds its other end is not waited for.
    fn hear_the_rest(&mut self, heard: &mut dyn FnMut(&str)) {
        self.stdout = None;
        while self.stderr.is_some() && self.ready(Duration::ZERO).is_ok_and(|(_, err)| err) {
            self.hear(heard);
        }
        if let Some(stderr) = &mut self.stderr {
            stderr.tell(heard);
        }
    }

    fn into_bytes(mut self) -> Zeroizing<Vec<u8>> {
        self.bytes.truncate(self.len);
        self.bytes
    }
}

/// Standard error, heard line by line.
struct Stderr {
    pipe: ChildStderr,
    line: Zeroizing<Vec<u8>>,
    /// How much more is listened to.
    left: usize,
}

impl Stderr {
    /// Reads what is there; `false` when it is closed.
    fn read(&mut self, heard: &mut dyn FnMut(&str)) -> bool {
        let mut bytes = Zeroizing::new([0; 1024]);
        let read = match self.pipe.read(bytes.as_mut_slice()) {
            Ok(read) => read,
            Err(error) => return error.kind() == io::ErrorKind::Interrupted,
        };
        for byte in &bytes[..read.min(self.left)] {
            match byte {
                b'\n' => self.tell(heard),
                byte if self.line.len() < MAX_LINE_LEN => {
                    if self.line.capacity() == 0 {
                        self.line.reserve_exact(MAX_LINE_LEN);
                    }
                    self.line.push(*byte);
                }
                _ => {}
            }
        }
        self.left -= read.min(self.left);
        if read == 0 {
            self.tell(heard);
        }
        read > 0
    }

    fn tell(&mut self, heard: &mut dyn FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.line);
        // What was cut may end with the beginning of a key.
        match self.line.len() {
            MAX_LINE_LEN => heard("[a line too long to be shown]"),
            _ if self.left == 0 || line.trim().is_empty() => {}
            _ => heard(&redacted(&line)),
        }
        drop(line);
        self.line.fill(0);
        self.line.clear();
    }
}

#[derive(Clone, Copy)]
enum Ended {
    Badly,
    Well,
}

/// Whether it has ended, and how. It is left for `wait`, and until then nobody else gets its number.
fn has_ended(child: &Child) -> io::Result<Option<Ended>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(Pid::from_child(child)), options) {
        Ok(status) => Ok(status.map(|status| if status.exit_status() == Some(0) { Ended::Well } else { Ended::Badly })),
        Err(rustix::io::Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Ends it and what it started. What has left its group is beyond reach.
fn end(child: &mut Child) {
    // It may be gone already.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let until = Instant::now() + Duration::from_secs(1);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn judged(status: ExitStatus) -> Option<CommandFault> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(CommandFault::ExitCode(code)),
        (None, signal) => Some(CommandFault::Signal(signal.unwrap_or_default())),
    }
}

const TICK: Duration = Duration::from_millis(10);
/// Of standard error.
const MAX_HEARD: usize = 16 * 1024;
const MAX_LINE_LEN: usize = 4 * 1024;
