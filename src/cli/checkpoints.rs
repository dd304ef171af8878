//! Files of audit checkpoints: read, and told of beside the log they were compared with.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use strongroom::audit::{AuditCheckpoint, CheckpointCheck, CheckpointFault};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::short_text;
use crate::text::counted;
use crate::told::Told;

/// Checkpoints that were named, in the order given.
pub(crate) struct Checkpoints<'p> {
    paths: &'p [PathBuf],
    pub(crate) list: Vec<AuditCheckpoint>,
}

impl<'p> Checkpoints<'p> {
    pub(crate) fn read(paths: &'p [PathBuf]) -> Result<Self, Failure> {
        let list = paths.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        Ok(Self { paths, list })
    }

    /// What came of each, for programs. `what` puts a fault into words.
    pub(crate) fn documents(
        &self,
        checks: &[CheckpointCheck],
        what: impl Fn(&AuditCheckpoint, &CheckpointFault) -> String,
    ) -> Vec<Value> {
        let document = |(path, checkpoint, check): (&PathBuf, &AuditCheckpoint, &CheckpointCheck)| {
            json!({
                "file": path.display().to_string(),
                "at": checkpoint.at,
                "seq": checkpoint.seq,
                "agrees": check.fault.is_none(),
                "authenticated": check.authenticated,
                "entries_since": check.entries_since,
                "fault": check.fault.as_ref().map(CheckpointFault::name),
                "what": check.fault.as_ref().map(|fault| what(checkpoint, fault)),
            })
        };
        self.beside(checks).map(document).collect()
    }

    /// The same in a line each.
    pub(crate) fn lines(
        &self,
        checks: &[CheckpointCheck],
        what: impl Fn(&AuditCheckpoint, &CheckpointFault) -> String,
    ) -> Vec<String> {
        let line = |(path, checkpoint, check): (&PathBuf, &AuditCheckpoint, &CheckpointCheck)| {
            let place = format!("checkpoint {} (entry {}, {})", path.display(), checkpoint.seq, checkpoint.at);
            match &check.fault {
                Some(fault) => format!("{place}: {}: {}", fault.name(), what(checkpoint, fault)),
                None if check.authenticated => {
                    format!("{place}: agrees; {} since", counted(check.entries_since, "entry"))
                }
                None => format!("{place}: agrees; {} since; not authenticated", counted(check.entries_since, "entry")),
            }
        };
        self.beside(checks).map(line).collect()
    }

    fn beside<'c>(
        &'c self,
        checks: &'c [CheckpointCheck],
    ) -> impl Iterator<Item = (&'c PathBuf, &'c AuditCheckpoint, &'c CheckpointCheck)> {
        self.paths.iter().zip(&self.list).zip(checks).map(|((path, checkpoint), check)| (path, checkpoint, check))
    }
}

/// What to tell of a fault of the checkpoint itself, or of the records beside it; `None` when the fault is the log's.
pub(crate) fn told(fault: &CheckpointFault, store: &str) -> Option<Told> {
    let told = |exit, code, hint: String| Some(Told::new(exit, code, fault.to_string()).hint(hint));
    match fault {
        CheckpointFault::Log(_) => None,
        CheckpointFault::OtherVault { .. } => told(
            Exit::Usage,
            "checkpoint-vault",
            "name a checkpoint of the same vault; with --store `audit verify` takes another".into(),
        ),
        CheckpointFault::Future { .. } => told(
            Exit::NotValid,
            "checkpoint-future",
            "set the clock of this machine, or find out which machine made the checkpoint".into(),
        ),
        CheckpointFault::Retired { version, .. } => told(
            Exit::Corrupt,
            "checkpoint-retired",
            format!(
                "find out who has kept master key {version}, and compare with a checkpoint that was made since it ended"
            ),
        ),
        CheckpointFault::Records => told(
            Exit::Corrupt,
            "checkpoint-records",
            format!("`strongroom doctor{store}` looks at every record; find out who can write the store"),
        ),
        _ => told(
            Exit::Corrupt,
            "checkpoint-altered",
            "find out who can write the file, and compare with another checkpoint".into(),
        ),
    }
}

/// One that was named.
pub(crate) fn read(path: &Path) -> Result<AuditCheckpoint, Failure> {
    let wrong = |why: String| {
        let hint = "give a file that `strongroom audit checkpoint` has printed";
        Failure::from(Told::new(Exit::Usage, "checkpoint-file", format!("{}: {why}", path.display())).hint(hint))
    };
    let text = short_text(path).map_err(|error| wrong(error.to_string()))?;
    AuditCheckpoint::parse(&said("note", text)).map_err(|error| wrong(error.to_string()))
}

/// The text itself, also where it was kept with everything that `--json` prints.
pub(crate) fn said(field: &str, text: String) -> String {
    let document: Option<Value> = serde_json::from_str(&text).ok();
    document.and_then(|document| Some(document.get(field)?.as_str()?.to_owned())).unwrap_or(text)
}
