//! `scan`: master keys where they should not lie.

mod accepted;
mod known;
mod outcome;
mod sarif;
mod show;
mod uri;

use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use strongroom::scan::{IgnoreFiles, Marks, Missed, PathChoice, Scan, ScanCounts, ScanEvent, Secrets};

use crate::args::{MarksArg, ScanArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::terminal::Terminal;
use crate::told::Told;
use accepted::Accepted;
use known::Known;
use outcome::Outcome;

pub(crate) fn scan(context: &mut Context<'_>, args: &ScanArgs) -> Result<Exit, Failure> {
    let known = Known::of(context, args)?;
    let accepted = Accepted::of(args)?;
    let paths = paths(args);
    let ignore = match (args.respect_ignore, args.no_ignore) {
        (true, _) => IgnoreFiles::All,
        (_, true) => IgnoreFiles::Nothing,
        _ => IgnoreFiles::Own,
    };
    let scan = Scan::new(known.scanner().marks(marks(args.marks)))
        .ignore_files(ignore)
        .env_files(args.env_files)
        .choosing(choice(args)?);
    let began = Instant::now();
    let mut run = Run {
        terminal: context.terminal,
        meter: Meter::new(),
        counts: ScanCounts::default(),
        secrets: Secrets::default(),
        accepted,
        missed: vec![],
        // A read of standard input waits for whoever writes there, and the signal would wait with it.
        interrupt: if paths.iter().any(|path| path.as_os_str() == "-") { None } else { Some(Interrupt::watch()?) },
    };
    run.everywhere(&scan, args, &paths);
    let stopped = run.stopped();
    let Run { mut counts, secrets, accepted, mut missed, .. } = run;
    counts.found -= accepted.places;
    order(&mut missed);
    let (secrets, seconds) = (secrets.into_ranked(), began.elapsed().as_secs_f64());
    let outcome = Outcome { known, accepted, counts, secrets, missed, seconds, history: args.history, stopped };
    if args.sarif {
        context.terminal.raw(&sarif::document(&outcome)?)?;
    } else {
        show::show(context.terminal, &outcome)?;
    }
    show::remarks(context.terminal, &outcome, args.sarif);
    accepted::write(context.terminal, args, &outcome.secrets)?;
    match stopped {
        None => Ok(outcome.exit()),
        Some(exit) => {
            let message = "the scan was stopped: what it had not come to was not looked at";
            Err(Told::new(exit, "stopped", message).hint("run it again, with fewer PATHs where it takes long").into())
        }
    }
}

fn choice(args: &ScanArgs) -> Result<PathChoice, Failure> {
    PathChoice::new(&args.include, &args.exclude)
        .map_err(|wrong| Failure::input(wrong.to_string(), "see `strongroom scan --help`"))
}

fn marks(which: MarksArg) -> Marks {
    match which {
        MarksArg::Any => Marks::Any,
        MarksArg::Dated => Marks::Dated,
        MarksArg::None => Marks::None,
    }
}

/// The current folder, unless other places alone were asked for.
fn paths(args: &ScanArgs) -> Vec<PathBuf> {
    let elsewhere = args.executable || args.processes || args.shell_history || args.units;
    if args.paths.is_empty() && (args.history || !elsewhere) { vec![".".into()] } else { args.paths.clone() }
}

struct Run<'t> {
    terminal: &'t mut Terminal,
    meter: Meter,
    counts: ScanCounts,
    secrets: Secrets,
    accepted: Accepted,
    missed: Vec<Missed>,
    interrupt: Option<Interrupt>,
}

impl Run<'_> {
    fn everywhere(&mut self, scan: &Scan, args: &ScanArgs, paths: &[PathBuf]) {
        if args.staged {
            let index = std::env::var_os("GIT_INDEX_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
            for path in paths {
                self.place("staged", |watch| scan.staged(path, index.as_deref(), watch));
            }
            return;
        }
        let (dash, trees): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| path.as_os_str() == "-");
        if !dash.is_empty() {
            self.place("input", |watch| scan.reader("standard input", io::stdin(), watch));
        }
        if !trees.is_empty() {
            self.place("tree", |watch| scan.tree(&trees, watch));
        }
        if args.history {
            // One that is not there has been told.
            let there: Vec<_> = trees.into_iter().filter(|path| path.exists()).collect();
            self.place("history", |watch| scan.history(&there, watch));
        }
        let home = std::env::home_dir();
        if args.executable {
            self.place("executable", |watch| scan.executable(watch));
        }
        if args.processes {
            self.place("process", |watch| scan.processes(&SOURCES, watch));
        }
        if args.shell_history {
            let others: Vec<_> =
                ["HISTFILE", "PSQL_HISTORY", "MYSQL_HISTFILE"].iter().filter_map(std::env::var_os).collect();
            let others: Vec<PathBuf> =
                others.into_iter().filter(|name: &OsString| !name.is_empty()).map(PathBuf::from).collect();
            self.place("shells", |watch| scan.shell_history(home.as_deref(), &others, watch));
        }
        if args.units {
            self.place("units", |watch| scan.units(home.as_deref(), watch));
        }
    }

    fn place(&mut self, phase: &'static str, scan: impl FnOnce(Watch<'_>) -> ScanCounts) {
        if self.counts.stopped {
            return;
        }
        let counts = scan(&mut |event| {
            match event {
                ScanEvent::Found(found) if self.accepted.covers(&found) => {}
                ScanEvent::Found(found) => self.secrets.add(found),
                ScanEvent::Missed(missed) if self.missed.len() < MAX_LISTED => self.missed.push(missed),
                ScanEvent::Progress(counts) => {
                    let (done, total) =
                        if phase == "history" { (counts.objects, counts.objects_total) } else { (counts.files, 0) };
                    self.meter.show(self.terminal, phase, done, total);
                }
                _ => {}
            }
            if self.interrupt.as_ref().and_then(Interrupt::seen).is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.counts.add(counts);
    }

    /// The exit code of the signal that stopped it.
    fn stopped(&self) -> Option<Exit> {
        self.interrupt.as_ref().and_then(Interrupt::seen).filter(|_| self.counts.stopped)
    }
}

type Watch<'w> = &'w mut dyn FnMut(ScanEvent) -> ControlFlow<()>;

/// By place and path, whatever the order of the threads.
fn order(missed: &mut [Missed]) {
    missed.sort_by_cached_key(|missed| (missed.place, missed.path.clone(), missed.object.clone(), missed.why.clone()));
}

/// Where master keys are supposed to be.
const SOURCES: [&str; 1] = ["STRONGROOM_MASTER_KEYS"];
/// Beyond these only the count goes on.
const MAX_LISTED: usize = 100_000;
