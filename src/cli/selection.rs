//! Which API keys a command is about.

use std::collections::BTreeSet;
use std::path::Path;
use std::str;

use strongroom::due::{DueCause, DueRules};
use strongroom::error::Detail;
use strongroom::{ApiKey, ApiKeyId, Error, Query, Vault};

use crate::args::{Named, Selection, Target};
use crate::context::Context;
use crate::failure::Failure;
use crate::input::Lines;
use crate::named::resolve;

pub(crate) enum Selected {
    One(ApiKeyId),
    /// Named one by one, each of which is there.
    Named(Vec<ApiKeyId>),
    /// Those that a filter found, as they were at one time: what the command itself issues is not among them.
    Found(Vec<ApiKeyId>),
}

impl Selected {
    pub(crate) fn ids(&self) -> &[ApiKeyId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Named(ids) | Self::Found(ids) => ids,
        }
    }
}

/// Before anything is opened: an act on all API keys is said in as many words.
pub(crate) fn require_some(wanted: &Selection) -> Result<(), Failure> {
    if wanted.target.is_some() || !wanted.which.is_empty() {
        return Ok(());
    }
    let hint =
        "name an API key by its id or name:NAME, or say which with --owner, --name, --scope, --status or --exposed";
    Err(Failure::input("it is not said which API keys are meant", hint))
}

/// Those that the query finds and that are wanted beside: for a command that has its own way of choosing.
pub(crate) fn choose(
    context: &mut Context<'_>,
    vault: &Vault,
    query: &Query,
    wanted: impl Fn(&ApiKey) -> bool,
) -> Result<Selected, Failure> {
    let (mut ids, mut unreadable) = (vec![], 0_u64);
    for listed in vault.list_all(query) {
        let listed = listed?;
        match listed.key {
            Ok(key) if wanted(&key) => ids.push(listed.id),
            Ok(_) => {}
            Err(_) => unreadable += 1,
        }
    }
    warn_of_unreadable(context, unreadable);
    Ok(Selected::Found(ids))
}

/// Those that are due, and that a new token mends.
pub(crate) fn due(context: &mut Context<'_>, vault: &Vault, rules: &DueRules) -> Result<Selected, Failure> {
    let (mut ids, mut unreadable, mut after) = (vec![], 0_u64, None);
    loop {
        let page = vault.due(rules, after)?;
        unreadable += page.items.iter().filter(|due| due.key.is_err()).count() as u64;
        let mended = page.items.iter().filter(|due| due.causes.iter().any(DueCause::calls_for_reissue));
        ids.extend(mended.map(|due| due.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    warn_of_unreadable(context, unreadable);
    Ok(Selected::Found(ids))
}

pub(crate) fn select(context: &mut Context<'_>, vault: &Vault, wanted: &Selection) -> Result<Selected, Failure> {
    let store = context.place.option();
    match &wanted.target {
        Some(Target::One(named)) => Ok(Selected::One(resolve(vault, named, &store)?)),
        Some(Target::Stdin) => Ok(Selected::Named(named(vault, &store)?)),
        None => choose(context, vault, &wanted.which.query(), |_| true),
    }
}

/// Nothing is begun unless every id can be read and is there.
fn named(vault: &Vault, store: &str) -> Result<Vec<ApiKeyId>, Failure> {
    let (name, input) = Lines::file(Path::new("-"))?;
    let (mut lines, mut ids, mut seen) = (Lines::of(Box::new(input), name), vec![], BTreeSet::new());
    let mut number = 0;
    while let Some(line) = lines.next()? {
        number += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        // What is no text is no id either: skipped, it would look as if it had been done.
        let named: Named = str::from_utf8(line).unwrap_or_default().parse().map_err(|error| {
            Failure::input(format!("line {number}: {error}"), "give ids alone, one a line; nothing was done")
        })?;
        let id = resolve(vault, &named, store)?;
        if seen.insert(id) {
            ids.push(id);
        }
    }
    for id in &ids {
        match vault.show(*id).map_err(Error::into_detail) {
            // A record that does not open is told of in its turn.
            Ok(_) | Err(Detail::Record { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ids)
}

/// An API key that something is to be done to. When there is none, the act itself is asked for, so that the audit log tells of it.
pub(crate) fn known(
    vault: &Vault,
    id: ApiKeyId,
    refused: impl FnOnce(ApiKeyId) -> Option<Error>,
) -> Result<ApiKey, Failure> {
    match vault.show(id) {
        Err(error) if matches!(error.detail(), Detail::NotFound { .. }) => Err(refused(id).unwrap_or(error).into()),
        shown => Ok(shown?),
    }
}

fn warn_of_unreadable(context: &mut Context<'_>, unreadable: u64) {
    if unreadable > 0 {
        let store = context.place.option();
        context.terminal.note(&format!(
            "warning: records that do not open, and may have been meant: {unreadable}; `strongroom doctor{store}` looks at them"
        ));
    }
}
