//! `issue`, `verify`, `list` and `show`.

use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::{Value, json};
use strongroom::usage::ListedUsage;
use strongroom::{
    ApiKey, ApiKeyId, Error, Listed, NewApiKey, Query, Refusal, Request, Status, Timestamp, Vault, VerifyError,
};

use super::args::{IssueArgs, ListArgs, StatusArg, VerifyArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::input;
use super::reading::Reading;
use super::terminal::Terminal;
use super::text::{Table, escaped};
use super::uses;

pub(crate) fn issue(context: &mut Context<'_>, args: IssueArgs) -> Result<Exit, Failure> {
    let act = context.act(args.reason.as_deref());
    let key = new_api_key(args)?;
    let issued = context.open()?.issue(&key, &act)?;
    let id = issued.id;
    let printed = if context.terminal.json() {
        context.terminal.secret_document("issued", &Issued { id: id.to_string(), token: issued.token.expose() })
    } else {
        context.terminal.secret(&issued.token)
    };
    printed.map_err(|failure| lost(failure, id, &context.place.option()))?;
    context.terminal.note(&format!("issued {id}; the token is shown this once"));
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Issued<'a> {
    id: String,
    token: &'a str,
}

fn new_api_key(args: IssueArgs) -> Result<NewApiKey, Failure> {
    let now = Timestamp::now();
    let expires_at = args.expires_at.or(args.expires_in.map(|span| now.saturating_add(span)));
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Failure::input("--expires-at lies in the past", "give a time to come, or --expires-in 90d"));
    }
    if args.not_before.is_some_and(|at| at <= now) {
        return Err(Failure::input("--not-before lies in the past", "give a time to come, or leave it out"));
    }
    let mut key = args.scopes.into_iter().fold(NewApiKey::new(args.name), NewApiKey::scope);
    key = args.networks.into_iter().fold(key, NewApiKey::network);
    let mut names: Vec<_> = args.attributes.iter().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Failure::input("an attribute is given more than once", "give each --attribute once"));
    }
    key = args.attributes.into_iter().fold(key, |key, (name, value)| key.attribute(name, value));
    key = args.owner.into_iter().fold(key, NewApiKey::owner);
    key = args.prefix.into_iter().fold(key, NewApiKey::prefix);
    key = args.not_before.into_iter().fold(key, NewApiKey::not_before);
    key = expires_at.into_iter().fold(key, NewApiKey::expires_at);
    Ok(key.recoverable(!args.unrecoverable))
}

/// The API key is there, and nobody has its token.
fn lost(failure: Failure, id: ApiKeyId, store: &str) -> Failure {
    let Failure::Output(error) = failure else { return failure };
    let message = format!("API key {id} was issued, and its token could not be written: {error}");
    let hint =
        format!("`strongroom recover{store} {id} --reason TEXT`, or `strongroom revoke{store} {id} --reason TEXT`");
    Told::new(Exit::OutputFailed, "output-failed", message).hint(hint).into()
}

pub(crate) fn verify(context: &mut Context<'_>, args: &VerifyArgs) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    if Terminal::can_ask() {
        context.terminal.note("the token, on one line:");
    }
    let request = Request::new().all_of(&args.scopes);
    let request = args.address.into_iter().fold(request, Request::address);
    let request = args.endpoint.as_deref().into_iter().fold(request, Request::endpoint);
    let bytes = input::secret(MAX_TOKEN_LEN)?;
    // What is too long or no text is nobody's token.
    let token = bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let verdict = vault.verify(token, &request);
    let exit = tell(context, verdict)?;
    uses::record(context, &vault, !args.no_usage);
    Ok(exit)
}

fn tell(context: &mut Context<'_>, verdict: Result<ApiKey, VerifyError>) -> Result<Exit, Failure> {
    match verdict {
        Ok(key) => {
            let ApiKey { id, name, .. } = &key;
            context.terminal.line(&format!("valid {id} {name}"))?;
            context.terminal.document("verification", &json!({ "valid": true, "key": document(&key) }))?;
            context.terminal.flush()?;
            Ok(Exit::Success)
        }
        Err(VerifyError::NotValid(refusal)) => {
            context.terminal.line("not valid")?;
            context.terminal.document("verification", &json!({ "valid": false }))?;
            context.terminal.flush()?;
            context.terminal.failure(&refused(refusal));
            Ok(Exit::NotValid)
        }
        Err(VerifyError::Unavailable(error)) => Err(error.into()),
    }
}

/// For the operator; whoever presented the token learns only that it is not valid.
fn refused(refusal: Refusal) -> Told {
    let (message, hint) = match refusal {
        Refusal::Address => ("it may not be used from this address", "give the client's address with --address"),
        Refusal::Damaged => ("its check is wrong: it was mistyped or cut off", "copy the whole token once more"),
        Refusal::Expired => ("it has expired", "issue a new API key with `strongroom issue`"),
        Refusal::NotYetValid => ("its time has not come yet", "`strongroom show ID` says from when on it is valid"),
        Refusal::Suspended => ("it is suspended", "`strongroom resume ID --reason TEXT` takes that back"),
        Refusal::Revoked => ("it was revoked", "`strongroom audit list` says when, by whom and why"),
        Refusal::Scope => ("it lacks a scope that is asked for", "`strongroom show ID` names those it has"),
        _ => ("no API key has this token", "`strongroom list` shows the API keys there are"),
    };
    let code = match refusal {
        Refusal::Address => "token-address",
        Refusal::Damaged => "token-damaged",
        Refusal::Expired => "token-expired",
        Refusal::NotYetValid => "token-not-yet-valid",
        Refusal::Revoked => "token-revoked",
        Refusal::Scope => "token-scope",
        Refusal::Suspended => "token-suspended",
        _ => "token-unknown",
    };
    Told::new(Exit::NotValid, code, format!("the token is not valid: {message}")).hint(hint)
}

pub(crate) fn list(context: &mut Context<'_>, args: &ListArgs) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let (mut left, mut after) = (if args.all { usize::MAX } else { args.limit.get() }, args.after);
    let (mut table, mut seen, mut unreadable) = (Table::default(), 0_u64, 0_u64);
    while left > 0 && !context.terminal.closed() {
        let page = page(&vault, args, after, left.min(PAGE))?;
        let Some(last) = page.last() else { break };
        (after, left) = (Some(last.listed.id), left - page.len());
        unreadable += page.iter().filter(|line| line.listed.key.is_err()).count() as u64;
        let mut rows = if seen == 0 { vec![HEADING.map(String::from).to_vec()] } else { vec![] };
        seen += page.len() as u64;
        for line in &page {
            let listed = &line.listed;
            match &listed.key {
                Ok(key) => context.terminal.document("api-key", &uses::with_summary(document(key), &line.usage))?,
                Err(error) => {
                    let body =
                        json!({ "id": listed.id.to_string(), "cause": error.cause(), "message": error.to_string() });
                    context.terminal.document("unreadable", &body)?;
                }
            }
            rows.push(row(line));
        }
        for line in table.lines(&rows) {
            context.terminal.line(&line)?;
        }
    }
    if context.terminal.closed() {
        return Ok(Exit::Success);
    }
    if let Some(id) = after.filter(|_| left == 0)
        && !page(&vault, args, Some(id), 1)?.is_empty()
    {
        context.terminal.note(&format!("more follow: --after {id}, or --all"));
    }
    if seen == 0 {
        context.terminal.note("no API key is like that");
    }
    if unreadable == 0 { Ok(Exit::Success) } else { Err(unreadable_records(context, unreadable)) }
}

impl From<StatusArg> for Status {
    fn from(status: StatusArg) -> Self {
        match status {
            StatusArg::Active => Self::Active,
            StatusArg::Expired => Self::Expired,
            StatusArg::NotYetValid => Self::NotYetValid,
            StatusArg::Revoked => Self::Revoked,
            StatusArg::Suspended => Self::Suspended,
        }
    }
}

pub(crate) fn unreadable_records(context: &Context<'_>, count: u64) -> Failure {
    let message = format!("records that do not open: {count}, listed with their causes");
    let hint = format!("`strongroom doctor{}` looks at everything", context.place.option());
    Told::new(Exit::Corrupt, "records-unreadable", message).hint(hint).into()
}

fn page(vault: &Reading, args: &ListArgs, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<ListedUsage>, Failure> {
    let mut query = Query::new().limit(limit);
    query = args.owner.iter().fold(query, |query, owner| query.owner(owner.clone()));
    query = args.name.iter().fold(query, |query, name| query.name_contains(name.clone()));
    query = args.scope.iter().fold(query, |query, scope| query.scope(scope.clone()));
    query = query.exposed(args.exposed);
    let usable = args.exposed.then_some(StatusArg::Active);
    query = query.status(args.status.or(usable).map(Status::from));
    query = after.into_iter().fold(query, Query::after);
    let mut page = vec![];
    vault.list_usage(&query, |line| {
        page.push(uses::summary(line));
        ControlFlow::Continue(())
    })?;
    Ok(page)
}

pub(crate) fn show(context: &mut Context<'_>, id: ApiKeyId) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let (key, chain, usage) = (vault.show(id)?, vault.chain(id)?, uses::of(context, &vault, id)?);
    let mut body = uses::with_all(document(&key), usage.as_ref());
    body["chain"] = chain.iter().map(link).collect();
    context.terminal.document("api-key", &body)?;
    let joined = |texts: Vec<String>, none: &str| if texts.is_empty() { none.to_owned() } else { texts.join(" ") };
    let time = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
    let networks = key.networks.iter().map(ToString::to_string).collect();
    let mut rows = vec![
        ("id", key.id.to_string()),
        ("name", key.name.clone()),
        ("owner", key.owner.clone().unwrap_or_else(|| "-".into())),
        ("status", key.status(Timestamp::now()).name().into()),
        ("scopes", joined(key.scopes.clone(), "none")),
        ("networks", joined(networks, "everywhere")),
        ("created", key.created_at.to_string()),
        ("not before", time(key.not_before, "-")),
        ("expires", time(key.expires_at, "never")),
        ("suspended", key.suspended_at.map_or_else(|| "no".into(), |at| format!("since {at}"))),
        ("revoked", revocation(&key)),
        ("exposed", key.exposed_at.map_or_else(|| "no".into(), |at| format!("since {at}: reissue it"))),
        ("prefix", if key.prefix.is_empty() { "-".into() } else { key.prefix.clone() }),
        ("recoverable", if key.recoverable { "yes" } else { "no" }.into()),
        ("imported", if key.imported { "yes" } else { "no" }.into()),
        ("revision", key.revision.to_string()),
    ];
    if chain.len() > 1 {
        rows.extend(chain.iter().map(|listed| ("reissues", reissue(listed, id))));
    }
    rows.extend(key.attributes.iter().map(|(name, value)| ("attribute", format!("{name}={value}"))));
    rows.extend(uses::rows(usage.as_ref()));
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
    Ok(Exit::Success)
}

fn revocation(key: &ApiKey) -> String {
    match (key.revoked_since(Timestamp::now()), key.revoke_at) {
        (Some(at), _) => at.to_string(),
        (None, Some(at)) => format!("no; set for {at}"),
        (None, None) => "no".into(),
    }
}

/// One of a chain of reissues.
fn reissue(listed: &Listed, shown: ApiKeyId) -> String {
    let status = listed.key.as_ref().map_or("unreadable", |key| key.status(Timestamp::now()).name());
    let this = if listed.id == shown { " (this one)" } else { "" };
    format!("{} {status}{this}", listed.id)
}

fn link(listed: &Listed) -> Value {
    let status = listed.key.as_ref().map_or("unreadable", |key| key.status(Timestamp::now()).name());
    json!({ "id": listed.id.to_string(), "status": status })
}

/// An API key that something is to be done to. When there is none, the act itself is asked for, so that the audit log tells of it.
pub(crate) fn known(
    vault: &Vault,
    id: ApiKeyId,
    refused: impl FnOnce(ApiKeyId) -> Option<Error>,
) -> Result<ApiKey, Failure> {
    match vault.show(id) {
        Err(error @ Error::NotFound { .. }) => Err(refused(id).unwrap_or(error).into()),
        shown => Ok(shown?),
    }
}

/// A reason has words: an empty one is found before anybody is asked.
pub(crate) fn reason(text: &str) -> Result<&str, Failure> {
    let missing = || Failure::input("the reason is empty", "say why with --reason TEXT; it goes into the audit log");
    Some(text).filter(|text| !text.trim().is_empty()).ok_or_else(missing)
}

/// An API key in a question.
pub(crate) fn described(key: &ApiKey) -> String {
    let owner = key.owner.as_ref().map(|owner| format!(" of {}", escaped(owner))).unwrap_or_default();
    format!("API key {} ({}{owner})", key.id, escaped(&key.name))
}

pub(crate) fn document(key: &ApiKey) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "owner": key.owner,
        "status": key.status(Timestamp::now()).name(),
        "scopes": key.scopes,
        "networks": key.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "attributes": key.attributes,
        "created_at": key.created_at.to_string(),
        "not_before": time(key.not_before),
        "expires_at": time(key.expires_at),
        "suspended_at": time(key.suspended_at),
        "revoke_at": time(key.revoke_at),
        "revoked_at": time(key.revoked_since(Timestamp::now())),
        "exposed_at": time(key.exposed_at),
        "prefix": key.prefix,
        "recoverable": key.recoverable,
        "imported": key.imported,
        "replaces": key.replaces.map(|id| id.to_string()),
        "replaced_by": key.replaced_by.map(|id| id.to_string()),
        "revision": key.revision.to_string(),
    })
}

fn row(line: &ListedUsage) -> Vec<String> {
    let (dash, listed) = (|| "-".to_owned(), &line.listed);
    let [last_used, uses] = uses::cells(&line.usage);
    match &listed.key {
        Ok(key) => vec![
            key.id.to_string(),
            format!(
                "{}{}",
                key.status(Timestamp::now()).name(),
                if key.exposed_at.is_some() { " (exposed)" } else { "" }
            ),
            key.created_at.to_string(),
            key.expires_at.map_or_else(dash, |at| at.to_string()),
            last_used,
            uses,
            key.owner.clone().unwrap_or_else(dash),
            if key.scopes.is_empty() { dash() } else { key.scopes.join(",") },
            key.name.clone(),
        ],
        Err(error) => {
            let cause = format!("{} ({error})", error.cause());
            vec![listed.id.to_string(), "unreadable".into(), dash(), dash(), last_used, uses, dash(), dash(), cause]
        }
    }
}

const HEADING: [&str; 9] = ["ID", "STATUS", "CREATED", "EXPIRES", "LAST USED", "USES", "OWNER", "SCOPES", "NAME"];
const PAGE: usize = 500;
/// The longest token there can be is far shorter.
const MAX_TOKEN_LEN: usize = 4 * 1024;
