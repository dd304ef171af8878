//! `rehearse`: a rotation on a copy of a vault, killed at every commit, and every record checked after each.

mod killing;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use strongroom::error::{Detail, KeyringError};
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::strength::Waivers;
use strongroom::usage::ListedUsage;
use strongroom::{
    Act, ApiKey, Error, MasterKey, MasterKeyVersion, MasterKeys, NewApiKey, Query, Request, SecretText, SqliteStore,
    Vault,
};
use zeroize::Zeroizing;

use crate::args::{RehearsalStepArgs, RehearseArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::interrupt::Interrupt;
use crate::place::Place;
use crate::progress::Meter;
use crate::scratch::Scratch;
use crate::text::counted;
use crate::told::Told;

use killing::{Killing, When};

pub(crate) fn rehearse(context: &mut Context<'_>, args: &RehearseArgs) -> Result<Exit, Failure> {
    if let Some(from) = &args.from {
        // What goes wrong and what to type is about that store.
        context.place = Place::of_option("--from", from.clone())?;
    }
    let interrupt = Interrupt::watch()?;
    let scratch = Scratch::new(false)?;
    let rehearsal = Rehearsal::prepare(context, scratch.path(), args)?;
    let (commits, took) = rehearsal.run_whole()?;
    let points = spread(2 * commits, args.points.get());
    let records = rehearsal.keys.len() as u64;
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let rate = records * 1_000_000 / micros;
    let (mut meter, mut recovered, mut failures) = (Meter::new(), 0, vec![]);
    for (at, point) in points.iter().enumerate() {
        if let Some(exit) = interrupt.seen() {
            return Err(Told::new(exit, "stopped", "stopped by a signal; the scratch folder is removed").into());
        }
        match rehearsal.kill_at(*point) {
            Ok(()) => recovered += 1,
            Err(why) => failures.push(json!({ "point": point, "why": why })),
        }
        meter.show(context.terminal, "rehearse", at as u64 + 1, points.len() as u64);
    }
    let held = failures.is_empty();
    let seconds = took.as_secs_f64();
    context.terminal.document(
        "rehearsal",
        &json!({
            "held": held, "records": records, "commits": commits, "points": points.len(), "recovered": recovered,
            "records_checked": 2 * recovered * records, "failures": failures, "per_second": rate, "seconds": seconds,
        }),
    )?;
    let source = if args.from.is_some() { "a copy of the vault" } else { "a synthetic vault" };
    context.terminal.line(&format!("rehearsed on {source} with {}", counted(records, "API key")))?;
    let points = points.len();
    context.terminal.line(&format!(
        "killed at {points} of {} points, before or after one of {}: {recovered} recovered",
        2 * commits,
        counted(commits, "commit")
    ))?;
    context.terminal.line("after each, every record was opened and compared twice: as found, and when completed")?;
    for failure in &failures {
        context.terminal.line(&format!("FAILED at point {}: {}", failure["point"], failure["why"]))?;
    }
    context.terminal.line(&format!("undisturbed, a rotation took {seconds:.2} s: {rate} records/s"))?;
    Ok(if held { Exit::Success } else { Exit::Corrupt })
}

/// The child: rotates, and dies where it was told to. Master keys come on standard input.
pub(crate) fn step(context: &mut Context<'_>, args: &RehearsalStepArgs) -> Result<Exit, Failure> {
    let bytes = input::secret(MAX_KEYS_LEN)?.unwrap_or_default();
    let keys = MasterKeys::parse_accepting(std::str::from_utf8(&bytes).unwrap_or_default(), &context.waivers)?;
    let store = Killing::new(SqliteStore::open(&context.place.path)?, When::Point(args.kill_at), Arc::default());
    let options = RotateOptions::new().to(args.to).batch(args.batch).quick(true);
    Vault::open(store, keys)?.rotate(&options, &act(), |_| ())?;
    Ok(Exit::Success)
}

/// A vault that was copied or made up, and what is known of it.
struct Rehearsal {
    folder: PathBuf,
    /// As text: the library's own keys are used up by opening.
    master_keys: [(MasterKeyVersion, SecretText); 2],
    /// The vault may stand under a key that is refused now.
    waivers: Waivers,
    waiver_options: Vec<OsString>,
    batch: NonZeroUsize,
    /// What every API key looked like before, and how often it was used.
    keys: Vec<(ApiKey, u64)>,
    /// Tokens known for some of them: all of a synthetic vault, a sample of a copy.
    tokens: Vec<SecretText>,
}

impl Rehearsal {
    fn prepare(context: &mut Context<'_>, folder: &Path, args: &RehearseArgs) -> Result<Self, Failure> {
        let base = folder.join(BASE);
        let Prepared { from, newest, key, tokens } =
            if args.from.is_some() { copied(context, &base)? } else { made_up(args.keys, &base)? };
        let next = MasterKey::generate().map_err(Error::from)?.to_text();
        let no_newer =
            || Failure::input(format!("no version follows {newest}"), "rehearse on a vault with another key");
        let master_keys = [(from, key), (newest.next().ok_or_else(no_newer)?, next)];
        let mut rehearsal = Self {
            folder: folder.into(),
            master_keys,
            waivers: context.waivers.clone(),
            waiver_options: context.waiver_options.clone(),
            batch: NonZeroUsize::MIN,
            keys: vec![],
            tokens,
        };
        let vault = rehearsal.open(BASE, &[0])?;
        rehearsal.keys = keys_of(&vault)?;
        if rehearsal.tokens.is_empty() {
            let recoverable = rehearsal.keys.iter().map(|(key, _)| key).filter(|key| key.recoverable);
            let sample =
                recoverable.filter(|key| key.status(strongroom::Timestamp::now()) == strongroom::Status::Active);
            let sample: Vec<_> = sample
                .filter(|key| key.networks.is_empty() && key.denied_networks.is_empty())
                .take(SAMPLE)
                .map(|key| key.id)
                .collect();
            rehearsal.tokens = sample.into_iter().map(|id| vault.recover(id, &act())).collect::<Result<_, _>>()?;
        }
        let twentieth = NonZeroUsize::new(rehearsal.keys.len().div_ceil(20).min(1_000)).unwrap_or(NonZeroUsize::MIN);
        rehearsal.batch = args.batch.and_then(|batch| NonZeroUsize::new(batch.into())).unwrap_or(twentieth);
        Ok(rehearsal)
    }

    /// An undisturbed rotation: how many commits it has, and how long it takes.
    fn run_whole(&self) -> Result<(u64, Duration), Failure> {
        self.start_anew()?;
        let commits = Arc::new(AtomicU64::new(0));
        let store = Killing::new(SqliteStore::open(self.folder.join(WORK))?, When::Never, Arc::clone(&commits));
        let vault = Vault::open(store, self.master_keys(&[0, 1])?)?;
        let began = Instant::now();
        vault.rotate(&self.options(), &act(), |_| ())?;
        let took = began.elapsed();
        drop(vault);
        self.check(&[1]).map_err(|why| {
            Told::new(Exit::Corrupt, "rehearsal-failed", format!("a rotation that nothing disturbed went wrong: {why}"))
        })?;
        Ok((commits.load(Ordering::SeqCst), took))
    }

    /// Rotates with a kill at this point, checks, completes, and checks again.
    fn kill_at(&self, point: u64) -> Result<(), String> {
        self.start_anew().map_err(told)?;
        let killed = self.rotate_in_child(point)?;
        if !killed {
            return Err("the process was not killed".into());
        }
        self.check(&[0, 1]).map_err(|why| format!("killed, {why}"))?;
        self.complete()?;
        self.check(&[1]).map_err(|why| format!("completed, {why}"))
    }

    fn rotate_in_child(&self, point: u64) -> Result<bool, String> {
        let program = std::env::current_exe().map_err(|error| format!("the program does not find itself: {error}"))?;
        let mut store = OsString::from("sqlite:");
        store.push(self.folder.join(WORK));
        let mut command = Command::new(program);
        command.arg("rehearsal-step").arg("--store").arg(store).args(&self.waiver_options);
        command.args(["--to", &self.master_keys[1].0.to_string(), "--batch", &self.batch.to_string()]);
        command.args(["--kill-at", &point.to_string()]).env_clear();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(|error| format!("the rotation could not be started: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A child that is gone already is judged by how it ended.
            let _ = stdin.write_all(self.list(&[0, 1]).as_bytes());
        }
        let ended = child.wait().map_err(|error| error.to_string())?;
        match ended.code() {
            None => Ok(true),
            Some(0) => Ok(false),
            Some(code) => Err(format!("the rotation ended with exit code {code} before it could be killed")),
        }
    }

    /// What the operator would do: run the command again. After the last commit there is nothing left to continue.
    fn complete(&self) -> Result<(), String> {
        let vault = self.open(WORK, &[0, 1]).map_err(told)?;
        let status = vault.status().map_err(|error| error.to_string())?;
        if status.rotation.is_none() && status.active_master_key == self.master_keys[1].0 {
            return Ok(());
        }
        let report = vault.rotate(&self.options(), &act(), |_| ());
        let report = report.map_err(|error| format!("the next run failed: {error}"))?;
        if report.outcome == RotationOutcome::Finished { Ok(()) } else { Err("the next run did not finish".into()) }
    }

    /// Opens every part of every record, and compares what they say with what they said before.
    fn check(&self, versions: &[usize]) -> Result<(), String> {
        let vault = self.open(WORK, versions).map_err(told)?;
        let doctor = vault.doctor(|_| {}).map_err(|error| error.to_string())?;
        if let Some(symptom) = doctor.symptoms.iter().find(|symptom| symptom.id != "rotation") {
            return Err(format!("the doctor finds: {}", symptom.what));
        }
        let keys = keys_of(&vault).map_err(told)?;
        let same =
            keys.iter().zip(&self.keys).all(|((key, uses), (old, counted))| key.says_the_same(old) && uses == counted);
        if !same || keys.len() != self.keys.len() {
            return Err("an API key is not as it was before".into());
        }
        let refused = self.tokens.iter().filter(|token| vault.verify(token.expose(), &Request::new()).is_err()).count();
        // The check itself is no use.
        vault.take_usage();
        if refused == 0 { Ok(()) } else { Err(format!("tokens refused: {refused}")) }
    }

    fn options(&self) -> RotateOptions {
        RotateOptions::new().to(self.master_keys[1].0).batch(self.batch).quick(true)
    }

    fn start_anew(&self) -> Result<(), Failure> {
        for suffix in ["", "-wal", "-shm", "-rotate"] {
            // What is not there needs no removing; what cannot be removed shows with the copy.
            let _ = fs::remove_file(self.folder.join(format!("{WORK}{suffix}")));
        }
        let copied = fs::copy(self.folder.join(BASE), self.folder.join(WORK));
        copied.map(|_| ()).map_err(|error| {
            let message = format!("cannot copy the scratch vault: {error}");
            Told::new(Exit::General, "no-scratch-folder", message)
                .hint("name a folder with more room with TMPDIR")
                .into()
        })
    }

    fn open(&self, name: &str, versions: &[usize]) -> Result<Vault, Failure> {
        Ok(Vault::open(SqliteStore::open(self.folder.join(name))?, self.master_keys(versions)?)?)
    }

    fn master_keys(&self, which: &[usize]) -> Result<MasterKeys, Failure> {
        Ok(MasterKeys::parse_accepting(&self.list(which), &self.waivers)?)
    }

    fn list(&self, which: &[usize]) -> Zeroizing<String> {
        let mut list = Zeroizing::new(String::with_capacity(128));
        for (version, key) in which.iter().map(|at| &self.master_keys[*at]) {
            list.push_str(&version.to_string());
            list.push(':');
            list.push_str(key.expose());
            list.push(' ');
        }
        list
    }
}

struct Prepared {
    /// The version of the active master key, and the newest version that there is a key of.
    from: MasterKeyVersion,
    newest: MasterKeyVersion,
    /// The active one.
    key: SecretText,
    tokens: Vec<SecretText>,
}

fn made_up(count: u32, base: &Path) -> Result<Prepared, Failure> {
    let key = MasterKey::generate().map_err(Error::from)?;
    let text = key.to_text();
    let vault = Vault::create(SqliteStore::create(base)?, MasterKeys::single(key), &act())?;
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("client {n}")).owner("rehearsal")).collect();
    let mut tokens = Vec::with_capacity(new.len());
    for new in new.chunks(1_000) {
        tokens.extend(vault.issue_many(new, &act())?.into_iter().map(|issued| issued.token));
    }
    for token in tokens.iter().take(USED) {
        // Their uses are to be there afterwards as well. That they verify is checked later.
        let _ = vault.verify(token.expose(), &Request::new());
    }
    vault.flush_usage()?;
    Ok(Prepared { from: MasterKeyVersion::FIRST, newest: MasterKeyVersion::FIRST, key: text, tokens })
}

/// A copy of the whole store, as it stands at one moment, whoever writes meanwhile.
fn copied(context: &mut Context<'_>, base: &Path) -> Result<Prepared, Failure> {
    let (source, copy) = (SqliteStore::open(&context.place.path)?, SqliteStore::create(base)?);
    let snapshot = source.snapshot()?;
    for &table in Table::ALL {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = snapshot.scan(table, after.as_deref(), 5_000)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            let mut batch = Batch::new();
            for (key, value) in rows {
                batch.put(table, key, value, Expected::Absent);
            }
            copy.commit(&batch).map_err(|error| Told::new(Exit::Engine, "copy-failed", error.to_string()))?;
        }
    }
    drop(copy);
    // Which one is active only the vault knows, and opening uses them up.
    let keys = context.master_keys()?;
    let mut texts: BTreeMap<_, _> =
        keys.versions().filter_map(|(version, _)| Some((version, keys.key(version)?.to_text()))).collect();
    let vault = Vault::open(SqliteStore::open(base)?, keys)?;
    context.warn();
    let status = vault.status()?;
    if let Some(rotation) = &status.rotation {
        return Err(Detail::RotationOpen { to: rotation.to_master_key }.into());
    }
    let from = status.active_master_key;
    let newest = texts.keys().copied().max().unwrap_or(from);
    let key = texts.remove(&from).ok_or(Detail::Keyring(KeyringError::NotConfigured { version: from }))?;
    Ok(Prepared { from, newest, key, tokens: vec![] })
}

/// Counts that do not open are the doctor's to find.
fn keys_of(vault: &Vault) -> Result<Vec<(ApiKey, u64)>, Failure> {
    let opened = vault.list_usage_all(&Query::new()).map(|line| {
        let ListedUsage { listed, usage, .. } = line?;
        let key = listed.key.map_err(|fault| Detail::Record { id: listed.id, fault })?;
        Ok((key, usage.unwrap_or_default().unwrap_or_default().verifications))
    });
    Ok(opened.collect::<Result<_, Error>>()?)
}

/// So many of the points from 1 to `last`, the first and the last among them.
fn spread(last: u64, count: usize) -> Vec<u64> {
    let count = last.min(count as u64);
    let mut points: Vec<_> = (0..count).map(|at| 1 + at * (last - 1) / count.saturating_sub(1).max(1)).collect();
    points.dedup();
    points
}

fn told(failure: Failure) -> String {
    match failure {
        Failure::Vault(error) => format!("{error:#}"),
        Failure::Told(told) => told.message,
        Failure::MasterKeys(error) => error.to_string(),
        Failure::Output(error) => error.to_string(),
        Failure::VerifierKeys(error) => error.to_string(),
    }
}

fn act() -> Act {
    Act::by("rehearsal").because("a rehearsal on a copy")
}

const BASE: &str = "base.db";
const WORK: &str = "work.db";
const SAMPLE: usize = 10;
/// Tokens used before a rehearsal, of a synthetic vault.
const USED: usize = 1_000;
const MAX_KEYS_LEN: usize = 4 * 1024;
