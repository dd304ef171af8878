//! The findings that a file accepts, and the file that accepts those there are.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use strongroom::Timestamp;
use strongroom::scan::{Baseline, Found, Secret};

use crate::args::ScanArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{self, Reserved};
use crate::terminal::Terminal;
use crate::text::counted;
use crate::told::Told;

/// What `--baseline` names, and how often it was met.
#[derive(Default)]
pub(super) struct Accepted {
    baseline: Option<Baseline>,
    /// Places that are not reported.
    pub(super) places: u64,
}

impl Accepted {
    pub(super) fn of(args: &ScanArgs) -> Result<Self, Failure> {
        if let Some(file) = &args.write_baseline {
            new_file::refuse_existing(file)?;
        }
        let Some(file) = &args.baseline else { return Ok(Self::default()) };
        let baseline = Baseline::from_file(file, Timestamp::now()).map_err(|error| {
            let hint = "write one with `strongroom scan --write-baseline FILE --reason TEXT`";
            Failure::from(Told::new(Exit::Usage, "baseline-file", format!("{}: {error}", file.display())).hint(hint))
        })?;
        Ok(Self { baseline: Some(baseline), places: 0 })
    }

    /// Whether it is not to be reported.
    pub(super) fn covers(&mut self, found: &Found) -> bool {
        let covered = self.baseline.as_mut().is_some_and(|baseline| baseline.covers(found));
        self.places += u64::from(covered);
        covered
    }

    /// Lines that are malformed or over.
    pub(super) fn faults(&self) -> &[String] {
        self.baseline.as_ref().map_or(&[], Baseline::faults)
    }

    /// Lines that covered nothing; `None` without a baseline.
    pub(super) fn unmet(&self) -> Option<usize> {
        self.baseline.as_ref().map(Baseline::unmet)
    }
}

/// Writes a line for each secret into a new file.
pub(super) fn write(terminal: &mut Terminal, args: &ScanArgs, secrets: &[Secret]) -> Result<(), Failure> {
    let (Some(file), Some(reason)) = (&args.write_baseline, &args.reason) else { return Ok(()) };
    let until = args.until.unwrap_or_else(|| Timestamp::now().saturating_add(LASTS));
    let mut lines = String::new();
    for secret in secrets {
        lines.push_str(&Baseline::line(secret, reason, until).map_err(strongroom::Error::from)?);
    }
    let reserved = Reserved::create(file).map_err(|error| new_file::unwritten(file, &error))?;
    reserved.fill(|mut file| file.write_all(lines.as_bytes()))?;
    reserved.keep()?;
    terminal.note(&said(file, secrets.len(), until));
    Ok(())
}

fn said(file: &Path, lines: usize, until: Timestamp) -> String {
    let day: String = until.to_string().chars().take(10).collect();
    let lines = counted(lines as u64, "line");
    format!("{}: {lines}; with `--baseline` these are not reported up to {day}", file.display())
}

/// Long enough to rotate away from each of them.
const LASTS: Duration = Duration::from_secs(90 * 24 * 3600);
