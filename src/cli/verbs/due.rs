//! `due`: what somebody should look after.

use serde_json::{Value, json};
use strongroom::due::{Due, DueCause, DueRules};
use strongroom::{ApiKey, Timestamp, VaultStatus};

use crate::args::DueArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::shown::api_key::unreadable_records;
use crate::text::{Table, counted};

pub(crate) fn due(context: &mut Context<'_>, args: &DueArgs) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let status = vault.status()?;
    let (rules, mut list) = (rules(args), List::new(context.place.option()));
    list.vault(&status);
    list.show(context)?;
    let (mut after, mut meter) = (None, Meter::new());
    loop {
        let page = vault.due(&rules, after)?;
        list.examined += page.examined;
        list.uncounted += page.usage_damaged;
        for due in &page.items {
            list.api_key(due);
        }
        list.show(context)?;
        // The lines of another reader are no place for it.
        if context.terminal.can_draw() {
            meter.show(context.terminal, "due", list.examined, status.record_count());
        }
        after = page.next;
        if after.is_none() {
            break;
        }
        // Whoever has seen enough waits for no more, and is told of no totals that were not counted.
        context.terminal.flush()?;
        if context.terminal.closed() {
            return Ok(list.left(context));
        }
    }
    list.end(context)
}

fn rules(args: &DueArgs) -> DueRules {
    DueRules::new()
        .within(args.within)
        .ending_within(args.ending_within)
        .suspended_for(args.suspended_for)
        .expired_for(args.expired_for)
        .unused(args.unused)
        .among(args.which.query())
}

/// What was found, shown as it is found.
struct List {
    store: String,
    table: Table,
    rows: Vec<Vec<String>>,
    documents: Vec<(&'static str, Value)>,
    examined: u64,
    /// API keys, the vault's own affairs, and records that do not open.
    keys: u64,
    affairs: u64,
    unreadable: u64,
    /// Whether a new token mends any of them.
    reissues: bool,
    /// API keys whose counts of uses do not open.
    uncounted: u64,
}

impl List {
    fn new(store: String) -> Self {
        let rows = vec![HEADING.map(String::from).to_vec()];
        Self {
            store,
            table: Table::default(),
            rows,
            documents: vec![],
            examined: 0,
            keys: 0,
            affairs: 0,
            unreadable: 0,
            reissues: false,
            uncounted: 0,
        }
    }

    /// The master key and the rotation.
    fn vault(&mut self, status: &VaultStatus) {
        let now = Timestamp::now();
        if let Some(finding) = status.age_finding(now) {
            let active = status.active_master_key;
            let remedy = format!(
                "`strongroom master-key generate --version {}`, then `strongroom rotate-master-key{}`",
                active.next().unwrap_or(active),
                self.store
            );
            let known = status.master_keys.iter().find(|key| key.version == active);
            let since = known.map(|key| key.added_at.saturating_add(status.policy.master_key_age_or_default().warn));
            self.affair("master-key-age", since, finding.what.into_owned(), remedy);
        }
        if let Some(open) = status.rotation.as_ref().filter(|open| !open.running) {
            let what = format!("a rotation to master key {} is open, and nobody is at it", open.to_master_key);
            self.affair(
                "rotation",
                Some(open.started_at),
                what,
                format!("`strongroom rotate-master-key{}`", self.store),
            );
        }
    }

    fn affair(&mut self, cause: &'static str, at: Option<Timestamp>, what: String, remedy: String) {
        self.affairs += 1;
        self.documents.push((
            "due",
            json!({
                "cause": cause, "at": at.map(|at| at.to_string()), "id": null, "name": null, "owner": null, "status": null,
                "what": what, "remedy": remedy,
            }),
        ));
        self.rows.push([cause.to_owned(), time(at), "-".into(), "-".into(), what].to_vec());
    }

    fn api_key(&mut self, due: &Due) {
        let id = due.id.to_string();
        let key = match &due.key {
            Ok(key) => key,
            Err(error) => {
                self.unreadable += 1;
                let body = json!({ "id": id, "cause": error.cause(), "message": error.to_string() });
                self.documents.push(("unreadable", body));
                return self.rows.push(["unreadable".into(), "-".into(), id, "-".into(), error.to_string()].to_vec());
            }
        };
        self.keys += 1;
        self.reissues |= due.causes.iter().any(DueCause::calls_for_reissue);
        for cause in &due.causes {
            self.documents.push((
                "due",
                json!({
                    "cause": cause.name(), "at": cause.at().map(|at| at.to_string()), "id": id, "name": key.name,
                    "owner": key.owner, "status": key.status(Timestamp::now()).name(), "what": what(cause),
                    "remedy": self.remedy(cause, key),
                }),
            ));
            let owner = key.owner.clone().unwrap_or_else(|| "-".into());
            self.rows.push([cause.name().into(), time(cause.at()), id.clone(), owner, key.name.clone()].to_vec());
        }
    }

    fn remedy(&self, cause: &DueCause, key: &ApiKey) -> String {
        let (store, id) = (&self.store, key.id);
        match cause {
            DueCause::Ending { by: Some(by), .. } => format!("see that its client uses the token of {by} by then"),
            DueCause::Ending { .. } => {
                "see that its client needs it no more by then, and issue another one if it does".to_owned()
            }
            DueCause::Expired { .. } => format!("`strongroom revoke{store} {id} --reason TEXT`"),
            DueCause::Suspended { .. } => format!(
                "`strongroom resume{store} {id} --reason TEXT`, or `strongroom revoke{store} {id} --reason TEXT`"
            ),
            DueCause::Unused { .. } => format!(
                "`strongroom suspend{store} {id} --reason TEXT`, and `strongroom revoke{store} {id} --reason TEXT` when nobody misses it"
            ),
            DueCause::NoOwner => format!("`strongroom update{store} {id} --set-owner OWNER`"),
            DueCause::NoExpiry | DueCause::LateExpiry { .. } => {
                format!("`strongroom update{store} {id} --expires-in SPAN`")
            }
            _ => format!("`strongroom reissue{store} {id} --grace 14d`"),
        }
    }

    fn show(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        for (schema, body) in self.documents.drain(..) {
            context.terminal.document(schema, &body)?;
        }
        // The heading waits for the first line.
        if self.rows.len() == 1 && self.keys + self.affairs + self.unreadable == 0 {
            return Ok(());
        }
        context.terminal.clear();
        context.terminal.page(&mut self.table, &std::mem::take(&mut self.rows))
    }

    /// The reader has gone before the end.
    fn left(&self, context: &mut Context<'_>) -> Exit {
        context.terminal.clear();
        let (due, of) = (self.keys + self.affairs, counted(self.examined, "API key"));
        context.terminal.note(&format!("due: {due} at least; the output was closed when {of} had been looked at"));
        if due + self.unreadable == 0 { Exit::Success } else { Exit::NotValid }
    }

    fn end(&self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let Self { store, examined, keys, affairs, unreadable, uncounted, .. } = self;
        context.terminal.document(
            "due-summary",
            &json!({
                "examined": examined, "api_keys": keys, "of_the_vault": affairs, "unreadable": unreadable,
                "usage_damaged": uncounted,
            }),
        )?;
        context.terminal.clear();
        if *uncounted > 0 {
            context.terminal.note(&format!(
                "warning: it is not known whether {} used: the counts do not open; `strongroom doctor{store}` says more",
                if *uncounted == 1 { "1 API key is".into() } else { format!("{uncounted} API keys are") }
            ));
        }
        let of = counted(*examined, "API key");
        let due = match (keys, affairs) {
            (0, affairs) => format!("{affairs} of the vault itself, and none of {of}"),
            (keys, 0) => format!("{keys} of {of}"),
            (keys, affairs) => format!("{keys} of {of}, and {affairs} of the vault itself"),
        };
        let reissue = if self.reissues {
            format!(
                ", and `strongroom reissue{store} --due --grace 14d --out-dir DIR` does it for those that need a new token"
            )
        } else {
            String::new()
        };
        context.terminal.note(&match (keys + affairs, *unreadable) {
            (0, 0) => format!("nothing is due: looked at {of}"),
            (0, _) => format!("nothing else is due: looked at {of}"),
            _ => format!("due: {due}; `strongroom due{store} --json` says what to do about each{reissue}"),
        });
        if *unreadable > 0 {
            return Err(unreadable_records(&context.place, *unreadable));
        }
        Ok(if keys + affairs == 0 { Exit::Success } else { Exit::NotValid })
    }
}

fn what(cause: &DueCause) -> String {
    match cause {
        DueCause::Aging { at } => format!("it reaches the maximum age of the policy at {at}"),
        DueCause::Ending { at, by: Some(by) } => format!("{by} was issued in its place, and it ends at {at}"),
        DueCause::Ending { at, .. } => format!("it is to be revoked at {at}"),
        DueCause::Expired { since } => format!("it expired at {since}, and was not revoked"),
        DueCause::Expiring { at } => format!("it expires at {at}"),
        DueCause::Exposed { since } => format!("it is exposed since {since}: the master key above it had leaked"),
        DueCause::LateExpiry { at } => format!("it expires at {at}, and the policy lets it live for less"),
        DueCause::NoExpiry => "it has no expiry, and the policy demands one".to_owned(),
        DueCause::NoOwner => "it has no owner, and the policy demands one".to_owned(),
        DueCause::Old { since } => format!("it is past the maximum age of the policy since {since}"),
        DueCause::Suspended { since } => format!("it is suspended since {since}"),
        DueCause::Unused { since, used: true } => format!("it was last used at {since}"),
        DueCause::Unused { since, used: false } => format!("it has never been used since {since}"),
        other => other.name().to_owned(),
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".into(), |at| at.to_string())
}

const HEADING: [&str; 5] = ["DUE", "WHEN", "ID", "OWNER", "NAME"];
