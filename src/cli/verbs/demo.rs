//! `demo`: a rotation under load on a scratch vault, and every claim about it checked before one's eyes.

mod needles;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::{
    Act, Error, ErrorKind, Issued, MasterKey, MasterKeyVersion, MasterKeys, NewApiKey, Request, SecretText,
    SqliteStore, Vault, Verifier, VerifierKeys,
};

use crate::args::DemoArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::scratch::Scratch;
use crate::told::Told;

use needles::Needles;

pub(crate) fn demo(context: &mut Context<'_>, args: &DemoArgs) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch()?;
    let scratch = Scratch::new(args.keep)?;
    let began = Instant::now();
    let mut demo = Demo::new(context, interrupt, scratch.path())?;
    demo.run(args.keys)?;
    let (claims, mut figures) = (demo.claims, demo.figures);
    figures.insert("total_ms".into(), json!(millis(began.elapsed())));
    let held = claims.iter().all(|claim| claim.held);
    let folder = args.keep.then(|| scratch.path().display().to_string());
    let document = json!({ "held": held, "claims": claims, "figures": figures, "folder": folder });
    context.terminal.document("demo", &document)?;
    let verdict = if held { "every claim held" } else { "NOT every claim held" };
    context.terminal.line(&format!("{verdict}, in {:.1} s", began.elapsed().as_secs_f64()))?;
    if let Some(folder) = folder {
        context.terminal.note(&format!("the scratch folder is {folder}; its master keys are gone"));
    }
    Ok(if held { Exit::Success } else { Exit::General })
}

struct Demo<'c, 't> {
    context: &'c mut Context<'t>,
    interrupt: Interrupt,
    path: PathBuf,
    /// The old one and the new one.
    keys: [SecretText; 2],
    act: Act,
    claims: Vec<Claim>,
    figures: Map<String, Value>,
}

#[derive(Serialize)]
struct Claim {
    held: bool,
    claim: String,
}

impl<'c, 't> Demo<'c, 't> {
    fn new(context: &'c mut Context<'t>, interrupt: Interrupt, folder: &Path) -> Result<Self, Failure> {
        let keys = [MasterKey::generate().map_err(Error::from)?, MasterKey::generate().map_err(Error::from)?];
        let act = Act::by("demo").because("a demonstration");
        let path = folder.join("vault.db");
        let keys = keys.map(|key| key.to_text());
        Ok(Self { context, interrupt, path, keys, act, claims: vec![], figures: Map::new() })
    }

    fn run(&mut self, count: u32) -> Result<(), Failure> {
        let issued = self.issue(count)?;
        let (before, keyring) = Needles::collect(&SqliteStore::open(&self.path)?)?;
        let sought = before.len();
        let found = before.count_in(&self.files())?;
        let claim = format!("{found} of {sought} pieces of stored ciphertext are found in the files: the search works");
        self.claim(found == sought && sought >= 2 * issued.len(), claim)?;

        let rotated = self.rotate_under_load(&issued)?;
        let after = before.with_row(&keyring, &SqliteStore::open(&self.path)?)?;
        let found = after.count_in(&self.files())?;
        let bytes = self.files().iter().filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum::<u64>();
        let sought = after.len();
        let claim = format!(
            "{found} of {sought} pieces of old ciphertext and old key wraps are left in all {bytes} bytes of vault.db, -wal and -shm"
        );
        self.claim(found == 0, claim)?;
        drop(rotated);

        self.old_key_opens_nothing()?;
        self.new_key_is_enough(&issued)
    }

    fn issue(&mut self, count: u32) -> Result<Vec<Issued>, Failure> {
        let vault = Vault::create(SqliteStore::create(&self.path)?, self.master_keys(&[1])?, &self.act)?;
        let new = |n| NewApiKey::new(format!("client {n}")).owner("demo").scope("read");
        let (began, mut issued) = (Instant::now(), Vec::with_capacity(count as usize));
        let numbers: Vec<u32> = (1..=count).collect();
        for numbers in numbers.chunks(1_000) {
            let keys: Vec<_> = numbers.iter().copied().map(new).collect();
            issued.extend(vault.issue_many(&keys, &self.act)?);
            self.stop_when_interrupted()?;
        }
        let per_second = rate(issued.len(), began.elapsed());
        self.figures.insert("issued_per_second".into(), json!(per_second));
        self.claim(
            issued.len() == count as usize,
            format!("issued {count} API keys, each with its audit entry: {per_second}/s"),
        )?;
        Ok(issued)
    }

    /// Rotates while another opening of the same vault verifies token after token, as a live service would.
    fn rotate_under_load(&mut self, issued: &[Issued]) -> Result<Vault, Failure> {
        let both = || self.master_keys(&[1, 2]);
        let open = |keys| Vault::open(SqliteStore::open(&self.path)?, keys);
        let (vault, service) = (open(both()?)?, open(both()?)?);
        let (over, began, mut meter) = (AtomicBool::new(false), Instant::now(), Meter::new());
        let (report, load) = std::thread::scope(|scope| {
            let verifying = scope.spawn(|| verify_until(&service, issued, &over));
            let report = vault.rotate(&RotateOptions::new(), &self.act, |progress| {
                meter.show(self.context.terminal, progress.phase.name(), progress.done, progress.total);
                if self.interrupt.seen().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            over.store(true, Ordering::Relaxed);
            (report, verifying.join())
        });
        let (report, took) = (report?, began.elapsed());
        self.stop_when_interrupted()?;
        let load =
            load.map_err(|_| Told::new(Exit::General, "thread-failed", "the verifying thread ended in a panic"))?;
        let per_second = rate(issued.len(), took);
        let (moved, verified) = (report.moved, report.verified);
        let whole = report.outcome == RotationOutcome::Finished && [moved, verified] == [issued.len() as u64; 2];
        self.claim(
            whole,
            format!("rotated from master key 1 to 2: {moved} records re-encrypted, {verified} opened again, in {} ms: {per_second}/s", millis(took)),
        )?;
        let Load { done, failed, slowest } = load;
        self.claim(
            failed == 0 && done > 0,
            format!(
                "{done} verifications during the rotation, {failed} failed; {}/s, the slowest took {} ms",
                rate(done, took),
                millis(slowest)
            ),
        )?;
        for (name, figure) in [
            ("rotation_ms", millis(took)),
            ("rotated_per_second", per_second),
            ("verifications_during_rotation", done as u64),
            ("failed_verifications", failed as u64),
            ("slowest_verification_ms", millis(slowest)),
        ] {
            self.figures.insert(name.into(), json!(figure));
        }
        Ok(vault)
    }

    fn old_key_opens_nothing(&mut self) -> Result<(), Failure> {
        let refused = Vault::open(SqliteStore::open(&self.path)?, self.master_keys(&[1])?).err();
        let held = refused.as_ref().is_some_and(|error| error.kind() == ErrorKind::MasterKey);
        let said = refused.map_or_else(|| "it opened the vault".into(), |error| error.to_string());
        self.claim(held, format!("the old master key alone opens nothing: {said}"))
    }

    fn new_key_is_enough(&mut self, issued: &[Issued]) -> Result<(), Failure> {
        let vault = Vault::open(SqliteStore::open(&self.path)?, self.master_keys(&[2])?)?;
        let (began, mut valid) = (Instant::now(), 0);
        for key in issued {
            let verdict = vault.verify(key.token.expose(), &Request::new().scope("read"));
            valid += usize::from(verdict.is_ok_and(|found| found.id == key.id));
        }
        let per_second = rate(issued.len(), began.elapsed());
        self.figures.insert("verified_per_second".into(), json!(per_second));
        let count = issued.len();
        self.claim(
            valid == count,
            format!("{valid} of {count} tokens verify with the new master key alone: {per_second}/s"),
        )?;

        let sample: Vec<_> = issued.iter().step_by(count.div_ceil(SAMPLE)).collect();
        self.verifier_key_is_enough(&vault, &sample)?;
        let mut same = 0;
        for key in &sample {
            same += usize::from(vault.recover(key.id, &self.act)?.expose() == key.token.expose());
            self.stop_when_interrupted()?;
        }
        self.claim(same == sample.len(), format!("{same} of {} tokens recovered as they were issued", sample.len()))?;

        let report = vault.doctor(|_| {})?;
        let mut healthy = format!("the doctor opened {} API keys and found nothing wrong", report.opened);
        for symptom in &report.symptoms {
            healthy = format!("the doctor found: {}", symptom.what);
        }
        self.claim(report.symptoms.is_empty() && report.opened == count as u64, healthy)?;
        match vault.verify_audit() {
            Ok(entries) => self.claim(true, format!("the audit chain is whole: {entries} entries")),
            Err(error) => self.claim(false, format!("the audit chain is whole: {error}")),
        }
    }

    /// Of a process that can do nothing else, on a store that it only reads.
    fn verifier_key_is_enough(&mut self, vault: &Vault, sample: &[&Issued]) -> Result<(), Failure> {
        let mut keys = VerifierKeys::default();
        let active = vault.status()?.active_master_key;
        keys.insert(active, vault.issue_verifier_key(active, &self.act)?)?;
        let verifier = Verifier::open(SqliteStore::open_read_only(&self.path)?, keys)?;
        let verdict = |key: &&&Issued| verifier.verify(key.token.expose(), &Request::new().scope("read"));
        let valid = sample.iter().filter(|key| verdict(key).is_ok_and(|found| found.id == key.id)).count();
        let claim =
            format!("{valid} of {} tokens verify with the verifier key alone, in a store opened to read", sample.len());
        self.claim(valid == sample.len(), claim)
    }

    fn claim(&mut self, held: bool, claim: String) -> Result<(), Failure> {
        self.context.terminal.line(&format!("{} {claim}", if held { "ok    " } else { "FAILED" }))?;
        self.context.terminal.finish()?;
        self.claims.push(Claim { held, claim });
        self.stop_when_interrupted()
    }

    fn stop_when_interrupted(&self) -> Result<(), Failure> {
        let stopped = |exit| Told::new(exit, "stopped", "stopped by a signal; the scratch folder is removed").into();
        self.interrupt.seen().map_or(Ok(()), |exit| Err(stopped(exit)))
    }

    /// The first, the second, or both.
    fn master_keys(&self, wanted: &[usize]) -> Result<MasterKeys, Failure> {
        let mut keys = MasterKeys::default();
        let versions = std::iter::successors(Some(MasterKeyVersion::FIRST), |version| version.next());
        for (_, (version, text)) in (1..).zip(versions.zip(&self.keys)).filter(|(at, _)| wanted.contains(at)) {
            let key = MasterKey::parse(text.expose()).expect("a key just generated is good").known_random();
            keys.insert(version, key)?;
        }
        Ok(keys)
    }

    fn files(&self) -> Vec<PathBuf> {
        let beside = |suffix: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        ["", "-wal", "-shm"].map(beside).into_iter().filter(|file| file.exists()).collect()
    }
}

/// What the verifying thread saw.
struct Load {
    done: usize,
    failed: usize,
    slowest: Duration,
}

fn verify_until(service: &Vault, issued: &[Issued], over: &AtomicBool) -> Load {
    let mut load = Load { done: 0, failed: 0, slowest: Duration::ZERO };
    for key in issued.iter().cycle() {
        let began = Instant::now();
        let verdict = service.verify(key.token.expose(), &Request::new().scope("read"));
        load.slowest = load.slowest.max(began.elapsed());
        load.done += 1;
        load.failed += usize::from(!verdict.is_ok_and(|found| found.id == key.id));
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    load
}

fn rate(count: usize, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    (count as u64).saturating_mul(1_000_000) / micros
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

const SAMPLE: usize = 100;
