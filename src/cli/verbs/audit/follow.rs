//! `audit follow`: new entries as they come, each checked to follow from the one before.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use strongroom::audit::{AuditPosition, Auditor};
use strongroom::error::Detail;

use super::entries::{HEADING, PAGE, row};
use super::opening::open_to_show;
use crate::args::AuditFollowArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::text::Table;

pub(crate) fn follow(context: &mut Context<'_>, args: &AuditFollowArgs) -> Result<Exit, Failure> {
    let vault = open_to_show(context, &args.pinned)?;
    let interrupt = Interrupt::watch()?;
    let mut seen = begin(&vault, args.after)?;
    let mut table = Table::default();
    let mut rows = vec![HEADING.map(String::from).to_vec()];
    loop {
        let (lines, next) = vault.audit_since(seen, PAGE)?;
        let more = !lines.is_empty();
        for line in &lines {
            let entry = line.entry().map_err(Detail::Audit)?;
            context.terminal.document("audit-entry", &entry)?;
            rows.push(row(&entry));
        }
        context.terminal.page(&mut table, &std::mem::take(&mut rows))?;
        context.terminal.flush()?;
        seen = next;
        if let Some(exit) = interrupt.seen() {
            return Ok(exit);
        }
        if context.terminal.closed() || (!more && reader_leaves_within(args.every, &interrupt)) {
            return Ok(Exit::Success);
        }
    }
}

fn begin(vault: &Auditor, after: Option<u64>) -> Result<AuditPosition, Failure> {
    let end = vault.audit_end()?;
    match after {
        None => Ok(end),
        Some(after) if after > end.seq() => Err(Failure::input(
            format!("--after {after}: the audit log ends with entry {}", end.seq()),
            "leave --after out to begin at the end; `strongroom audit verify --checkpoint FILE` tells a log that was cut off",
        )),
        Some(after) => Ok(vault.audit_position(after)?),
    }
}

/// Waits, and notices a reader of standard output that goes meanwhile. A signal ends the wait.
fn reader_leaves_within(time: Duration, interrupt: &Interrupt) -> bool {
    let deadline = Instant::now() + time;
    while interrupt.seen().is_none() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        // Nothing is asked for: a pipe without a reader is told in any case.
        let mut output = [PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::empty())];
        let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match poll(&mut output, Some(&left)) {
            Ok(_) if output[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // Where that cannot be asked, the next entry that is written tells.
            Err(_) => std::thread::sleep(deadline.saturating_duration_since(Instant::now())),
        }
    }
    false
}
