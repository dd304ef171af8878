//! `audit export`: every entry as it is stored, one a line.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

use serde_json::json;
use strongroom::audit::{AuditFault, Auditor};
use strongroom::error::Detail;
use strongroom::{Cursor, Error};

use super::entries::PAGE;
use super::opening::open_to_show;
use crate::args::AuditExportArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::Reserved;
use crate::told::Told;

pub(crate) fn export(context: &mut Context<'_>, args: &AuditExportArgs) -> Result<Exit, Failure> {
    if args.out.is_none() {
        context.terminal.must_take_data()?;
    }
    let vault = open_to_show(context, &args.pinned)?;
    let Some(path) = &args.out else {
        let exact = !io::stdout().is_terminal();
        let written = write(&vault, |bytes| {
            if exact { context.terminal.bytes(bytes) } else { context.terminal.escaped_bytes(bytes) }?;
            Ok(!context.terminal.closed())
        })?;
        return if context.terminal.closed() { Ok(Exit::Success) } else { written.judge() };
    };
    let file = Reserved::create(path).map_err(|error| unwritten(path, &error))?;
    let mut to = BufWriter::new(file.file());
    let written = write(&vault, |bytes| {
        to.write_all(bytes).map_err(|error| unwritten(path, &error))?;
        Ok(true)
    })?;
    let flushed = to.flush();
    drop(to);
    flushed.and_then(|()| file.finish()).map_err(|error| unwritten(path, &error))?;
    let document = json!({
        "path": path.display().to_string(), "entries": written.entries, "last_seq": written.end.0, "last_hash": written.end.1,
        "whole": written.fault.is_none(), "authenticated": vault.is_authenticated(),
    });
    context.terminal.document("audit-export", &document)?;
    let (entries, path) = (written.entries, path.display());
    context.terminal.line(&format!("{entries} entries written to {path}; the last has the hash {}", written.end.1))?;
    written.judge()
}

struct Written {
    entries: u64,
    /// Number and hash of the last entry that follows from those before.
    end: (u64, String),
    fault: Option<AuditFault>,
}

impl Written {
    /// All that is there was written, broken or not.
    fn judge(self) -> Result<Exit, Failure> {
        self.fault.map_or(Ok(Exit::Success), |fault| Err(Detail::Audit(fault).into()))
    }
}

/// Writes what is stored, and follows the chain beside it.
fn write(vault: &Auditor, mut take: impl FnMut(&[u8]) -> Result<bool, Failure>) -> Result<Written, Failure> {
    let mut position = vault.audit_position(0)?;
    let (mut after, mut entries, mut fault) = (0, 0, None);
    loop {
        // Until nothing is left, and not until there is no next page: what is followed below may have been written since.
        let lines = vault.audit_lines(Some(Cursor::after_audit_entry(after)), PAGE)?.items;
        let Some(last) = lines.last() else { break };
        after = last.seq();
        for line in &lines {
            entries += 1;
            let mut bytes = line.bytes().to_vec();
            bytes.push(b'\n');
            if !take(&bytes)? {
                return Ok(Written { entries, end: (position.seq(), position.hash()), fault });
            }
        }
        while fault.is_none() && position.seq() < after {
            match vault.audit_since(position, PAGE).map_err(Error::into_detail) {
                Ok((_, next)) if next == position => break,
                Ok((_, next)) => position = next,
                Err(Detail::Audit(found)) => fault = Some(found),
                Err(error) => return Err(error.into()),
            }
        }
    }
    if fault.is_none() {
        fault = match vault.audit_since(position, 1).map_err(Error::into_detail) {
            Err(Detail::Audit(found)) => Some(found),
            other => other.map(|_| None)?,
        };
    }
    Ok(Written { entries, end: (position.seq(), position.hash()), fault })
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let exit = if error.kind() == ErrorKind::AlreadyExists { Exit::Conflict } else { Exit::General };
    let message = format!("cannot write {}: {error}", path.display());
    Told::new(exit, "export-unwritten", message).hint("name a new file, where there is room, with --out FILE").into()
}
