//! A service and a rotation beside it, killed at moments of chance again and again, against a model of what was acknowledged.
#![cfg(unix)]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "the service acknowledges on its output")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::machine::Machine;
use crate::process::{Dice, Scene};
use crate::support::act;
use strongroom::anchor::FileAnchor;
use strongroom::{ApiKeyId, Issued, MasterKeys, NewApiKey, Request, SqliteStore, Vault, VaultOptions};

crate::harness::claims! {
    needs [];
    nothing_acknowledged_is_undone_however_often_a_live_vault_is_killed,
    eight_processes_that_share_an_anchor_lose_nothing_and_raise_no_false_alarm,
}

/// What is known of an API key from outside.
struct Known {
    id: ApiKeyId,
    revoked: bool,
    /// A revocation was begun, and nobody knows whether it happened.
    doubtful: bool,
    /// Not looked at since it changed.
    fresh: bool,
}

fn nothing_acknowledged_is_undone_however_often_a_live_vault_is_killed() {
    let wanted: u32 = std::env::var("STRONGROOM_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    // More than one rotation for each kill never completes.
    let last = 2 * wanted + 2;
    let scene = Scene::new(300, last);
    let known = |issued: &Issued| {
        (issued.token.expose().to_owned(), Known { id: issued.id, revoked: false, doubtful: false, fresh: true })
    };
    let mut model: BTreeMap<String, Known> = scene.issued.iter().map(known).collect();
    let (mut master, mut kills, mut acknowledged, mut dice) = (1, 0, 0, Dice::new());
    while kills < wanted {
        assert!(master < last, "out of master keys after {kills} kills");
        let both = [master, master + 1];
        let mut service = service(&scene, &both, alive(&model), &[]);
        let mut rotator =
            scene.command(&both, &["rotate-master-key", "--yes", "--quick", "--batch", "20", "--rate", "3000"]);
        let mut rotator = rotator.spawn().expect("runs");
        std::thread::sleep(Duration::from_millis(20) + dice.below(Duration::from_millis(150)));
        let which = dice.next() % 3;
        let mut kill = |child: &mut Child, chosen: bool| {
            if chosen && child.try_wait().expect("a child").is_none() {
                child.kill().expect("killed");
                kills += 1;
            }
        };
        kill(&mut rotator, which != 0);
        kill(&mut service, which != 1);
        if which == 1 {
            // The service survives the rotation's end, and is stopped once it has gone on.
            std::thread::sleep(Duration::from_millis(20));
            service.kill().expect("stopped");
        }
        acknowledged += learn(&mut service, &mut model);
        if which == 0 {
            assert!(rotator.wait().expect("ended").success(), "the rotation that was left alone");
        }
        let _ = (rotator.wait(), service.wait());
        let vault = scene.open(both);
        settle(&vault, &mut model, &mut dice, kills % 25 == 0);
        let status = vault.status().expect("status");
        master += u32::from(status.rotation.is_none() && status.active_master_key.get() == master + 1);
    }
    let vault = scene.open([master, master + 1]);
    settle(&vault, &mut model, &mut dice, true);
    eprintln!("{kills} kills, {acknowledged} acknowledged operations, {} rotations completed", master - 1);
    assert!(acknowledged > 2 * u64::from(wanted), "the service had no time");
}

fn eight_processes_that_share_an_anchor_lose_nothing_and_raise_no_false_alarm() {
    let machine = Machine::anchored(400, 2);
    let (scene, before) = (&machine.scene, machine.end());
    let anchor = machine.variable().expect("an anchor");
    let environment = [(FileAnchor::VARIABLE, anchor.as_str()), (ROUNDS, "400")];
    // Nobody revokes what is another's.
    let some = |issued: &'_ [Issued]| -> Vec<_> {
        issued.iter().map(|issued| (issued.token.expose().to_owned(), issued.id)).collect()
    };
    let shares: Vec<_> = scene.issued.chunks(50).map(some).collect();
    let start = |share: &Vec<(String, ApiKeyId)>| {
        service(scene, &[1, 2], share.iter().map(|(token, id)| (token.as_str(), *id)), &environment)
    };
    let mut services: Vec<_> = shares.iter().map(start).collect();
    let slow = ["rotate-master-key", "--yes", "--quick", "--compromised", "--batch", "10", "--rate", "100"];
    let mut rotator = machine.command(&[1, 2], &slow).spawn().expect("runs");
    let known = |issued: &Issued| {
        (issued.token.expose().to_owned(), Known { id: issued.id, revoked: false, doubtful: false, fresh: true })
    };
    let mut model: BTreeMap<String, Known> = scene.issued.iter().map(known).collect();
    let acknowledged: u64 = services.iter_mut().map(|service| learn(service, &mut model)).sum();
    for service in &mut services {
        let ended = service.wait().expect("ended");
        assert!(ended.success(), "a service was refused something: {ended}");
    }
    let ended = rotator.wait().expect("ended");
    assert!(ended.success(), "the rotation beside them: {ended}");
    let seen = machine.seen().map(|seen| seen.audit_seq);
    assert_eq!(seen, Some(machine.end()), "the anchor ends at the head");
    let vault = machine.open(&[2]).expect("vault");
    settle(&vault, &mut model, &mut Dice::new(), true);
    // The rotation has written two entries: that it began, and that it ended.
    assert_eq!(machine.end(), before + acknowledged + 2, "an act without its entry, or an entry without its act");
    eprintln!("eight processes: {acknowledged} acts acknowledged, a rotation beside them, and the anchor at the head");
    assert!(acknowledged > 200, "only {acknowledged} acts");
}

/// Checks what the model knows: some of it, or all of it and everything else.
fn settle(vault: &Vault, model: &mut BTreeMap<String, Known>, dice: &mut Dice, all: bool) {
    let now = |known: &Known, dice: &mut Dice| all || known.doubtful || known.fresh || dice.next().is_multiple_of(32);
    for (token, known) in model.iter_mut().filter(|(_, known)| now(known, dice)) {
        known.fresh = false;
        let valid = vault.verify(token, &Request::new()).is_ok();
        if std::mem::take(&mut known.doubtful) {
            known.revoked = !valid;
        }
        assert_eq!(valid, !known.revoked, "{}", known.id);
    }
    if all {
        let symptoms = vault.doctor(|_| {}).expect("doctor").symptoms;
        assert!(symptoms.iter().all(|symptom| symptom.id == "rotation"), "{symptoms:?}");
        vault.verify_audit().expect("the chain is whole");
    }
}

/// Reads what the service said until it died; the number of operations that it acknowledged.
fn learn(service: &mut Child, model: &mut BTreeMap<String, Known>) -> u64 {
    let (mut text, mut acknowledged) = (String::new(), 0);
    service.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
    // A line that was cut off was not said.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for words in whole.lines().map(|line| line.split(' ').collect::<Vec<_>>()) {
        match words[..] {
            ["issued", id, token] => {
                let id = id.parse().expect("an id");
                model.insert(token.into(), Known { id, revoked: false, doubtful: false, fresh: true });
            }
            ["revoking", token] => {
                model.get_mut(token).expect("known").doubtful = true;
                continue;
            }
            ["revoked", token] => {
                let known = model.get_mut(token).expect("known");
                (known.revoked, known.doubtful, known.fresh) = (true, false, true);
            }
            _ => continue,
        }
        acknowledged += 1;
    }
    assert!(!text.contains("violated"), "{text}");
    acknowledged
}

/// Some API keys that are known to be valid.
fn alive(model: &BTreeMap<String, Known>) -> impl Iterator<Item = (&str, ApiKeyId)> {
    let alive = model.iter().filter(|(_, known)| !known.revoked && !known.doubtful).take(200);
    alive.map(|(token, known)| (token.as_str(), known.id))
}

/// Starts this very program as a service: it gets the master keys and some API keys on its input.
fn service<'t>(
    scene: &Scene,
    versions: &[u32],
    alive: impl Iterator<Item = (&'t str, ApiKeyId)>,
    environment: &[(&str, &str)],
) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("itself"));
    command.env(SERVICE, scene.path()).envs(environment.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "{}", scene.keys.variable(versions.iter().copied())).expect("told");
    for (token, id) in alive {
        writeln!(input, "{id} {token}").expect("told");
    }
    child
}

/// The service of the tests above, in a process of its own: this program, started again.
pub(crate) fn serve(path: &std::path::Path) -> ! {
    let mut lines = BufReader::new(std::io::stdin()).lines().map(|line| line.expect("text"));
    let keys = MasterKeys::parse(&lines.next().expect("master keys")).expect("good keys");
    let mut alive: Vec<(ApiKeyId, String)> = lines
        .map(|line| {
            let (id, token) = line.split_once(' ').expect("two words");
            (id.parse().expect("an id"), token.to_owned())
        })
        .collect();
    let mut options = VaultOptions::new();
    if let Some(anchor) = FileAnchor::from_env().expect("a place") {
        options = options.anchor(anchor);
    }
    let vault = options.open(SqliteStore::open(path).expect("store"), keys).expect("vault");
    let (mut dice, mut out) = (Dice::new(), std::io::stdout());
    let mut say = |text: String| writeln!(out, "\n{text}").and_then(|()| out.flush()).expect("heard");
    let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(u64::MAX);
    for _ in 0..rounds {
        // Otherwise the vault grows until the rotations beside it no longer end between two kills.
        std::thread::sleep(Duration::from_micros(500));
        match dice.next() % 12 {
            0 => {
                let issued = vault.issue(&NewApiKey::new("live"), &act()).expect("issued");
                say(format!("issued {} {}", issued.id, issued.token.expose()));
                alive.push((issued.id, issued.token.expose().to_owned()));
            }
            1 if alive.len() > 20 => {
                let at = usize::try_from(dice.next()).unwrap_or(0) % alive.len();
                let (id, token) = alive.swap_remove(at);
                say(format!("revoking {token}"));
                vault.revoke(id, &act()).expect("revoked");
                say(format!("revoked {token}"));
                if vault.verify(&token, &Request::new()).is_ok() {
                    say(format!("violated: {id} verifies after its revocation"));
                }
            }
            _ => {
                let at = usize::try_from(dice.next()).unwrap_or(0) % alive.len();
                if let Err(error) = vault.verify(&alive[at].1, &Request::new()) {
                    say(format!("violated: {} does not verify: {error:?}", alive[at].0));
                }
            }
        }
    }
    std::process::exit(0)
}

/// Names the vault of the service, and makes this program be it.
pub(crate) const SERVICE: &str = "STRONGROOM_TEST_SERVICE";
/// How often a service does something. Without it, it goes on until it is killed.
const ROUNDS: &str = "STRONGROOM_TEST_ROUNDS";
