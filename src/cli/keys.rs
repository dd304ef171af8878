//! `issue`, `verify`, `list`, `show` and `revoke`.

use serde::Serialize;
use serde_json::{Value, json};
use strongroom::{ApiKey, ApiKeyId, Listed, NewApiKey, Query, Refusal, Request, Status, Timestamp, VerifyError};

use super::args::{IssueArgs, ListArgs, ReasonArgs, StatusArg, VerifyArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::input;
use super::reading::Reading;
use super::terminal::Terminal;
use super::text::{Table, escaped};

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
    key = expires_at.into_iter().fold(key, NewApiKey::expires_at);
    Ok(if args.unrecoverable { key.unrecoverable() } else { key })
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
    let request = args.scope.as_deref().map_or_else(Request::new, |scope| Request::new().scope(scope));
    let request = args.address.into_iter().fold(request, Request::address);
    let bytes = input::secret(MAX_TOKEN_LEN)?;
    // What is too long or no text is nobody's token.
    let token = bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    match vault.verify(token, &request) {
        Ok(key) => {
            let ApiKey { id, name, .. } = &key;
            context.terminal.line(&format!("valid {id} {name}"))?;
            context.terminal.document("verification", &json!({ "valid": true, "key": document(&key) }))?;
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
        Refusal::Scope => ("it does not have this scope", "`strongroom show ID` names those it has"),
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
        (after, left) = (Some(last.id), left - page.len());
        unreadable += page.iter().filter(|listed| listed.key.is_err()).count() as u64;
        let mut rows = if seen == 0 { vec![HEADING.map(String::from).to_vec()] } else { vec![] };
        seen += page.len() as u64;
        for listed in &page {
            match &listed.key {
                Ok(key) => context.terminal.document("api-key", &document(key))?,
                Err(error) => {
                    let body =
                        json!({ "id": listed.id.to_string(), "cause": error.cause(), "message": error.to_string() });
                    context.terminal.document("unreadable", &body)?;
                }
            }
            rows.push(row(listed));
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

fn unreadable_records(context: &Context<'_>, count: u64) -> Failure {
    let message = format!("records that do not open: {count}, listed with their causes");
    let hint = format!("`strongroom doctor{}` looks at everything", context.place.option());
    Told::new(Exit::Corrupt, "records-unreadable", message).hint(hint).into()
}

fn page(vault: &Reading, args: &ListArgs, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<Listed>, Failure> {
    let mut query = Query::new().limit(limit);
    query = args.owner.iter().fold(query, |query, owner| query.owner(owner.clone()));
    query = args.name.iter().fold(query, |query, name| query.name_contains(name.clone()));
    query = args.scope.iter().fold(query, |query, scope| query.scope(scope.clone()));
    if args.exposed {
        query = query.exposed();
    }
    let usable = args.exposed.then_some(StatusArg::Active);
    query = args.status.or(usable).iter().fold(query, |query, status| {
        query.status(match status {
            StatusArg::Active => Status::Active,
            StatusArg::Expired => Status::Expired,
            StatusArg::NotYetValid => Status::NotYetValid,
            StatusArg::Revoked => Status::Revoked,
            StatusArg::Suspended => Status::Suspended,
        })
    });
    query = after.into_iter().fold(query, Query::after);
    Ok(vault.list(&query)?)
}

pub(crate) fn show(context: &mut Context<'_>, id: ApiKeyId) -> Result<Exit, Failure> {
    let key = context.open_reading()?.show(id)?;
    context.terminal.document("api-key", &document(&key))?;
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
        ("expires", time(key.expires_at, "never")),
        ("revoked", time(key.revoked_at, "no")),
        ("exposed", key.exposed_at.map_or_else(|| "no".into(), |at| format!("since {at}: reissue it"))),
        ("prefix", if key.prefix.is_empty() { "-".into() } else { key.prefix.clone() }),
        ("recoverable", if key.recoverable { "yes" } else { "no" }.into()),
        ("imported", if key.imported { "yes" } else { "no" }.into()),
    ];
    rows.extend(key.attributes.iter().map(|(name, value)| ("attribute", format!("{name}={value}"))));
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
    Ok(Exit::Success)
}

pub(crate) fn revoke(context: &mut Context<'_>, args: &ReasonArgs) -> Result<Exit, Failure> {
    let act = context.act(Some(reason(&args.reason)?));
    context.require_consent()?;
    let vault = context.open()?;
    let key = vault.show(args.id)?;
    if key.revoked_at.is_none() {
        context.confirm(&format!("Revoke {} for good?", described(&key)))?;
    }
    let now = vault.revoke(args.id, &act)?;
    context.terminal.document("revocation", &json!({ "id": args.id.to_string(), "revoked_before": !now }))?;
    context.terminal.line(&format!("{} {}", if now { "revoked" } else { "revoked before:" }, args.id))?;
    Ok(Exit::Success)
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

fn document(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "owner": key.owner,
        "status": key.status(Timestamp::now()).name(),
        "scopes": key.scopes,
        "networks": key.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "attributes": key.attributes,
        "created_at": key.created_at.to_string(),
        "expires_at": key.expires_at.map(|at| at.to_string()),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
        "exposed_at": key.exposed_at.map(|at| at.to_string()),
        "prefix": key.prefix,
        "recoverable": key.recoverable,
        "imported": key.imported,
    })
}

fn row(listed: &Listed) -> Vec<String> {
    let dash = || "-".to_owned();
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
            key.owner.clone().unwrap_or_else(dash),
            if key.scopes.is_empty() { dash() } else { key.scopes.join(",") },
            key.name.clone(),
        ],
        Err(error) => {
            let cause = format!("{} ({error})", error.cause());
            vec![listed.id.to_string(), "unreadable".into(), dash(), dash(), dash(), dash(), cause]
        }
    }
}

const HEADING: [&str; 7] = ["ID", "STATUS", "CREATED", "EXPIRES", "OWNER", "SCOPES", "NAME"];
const PAGE: usize = 500;
/// The longest token there can be is far shorter.
const MAX_TOKEN_LEN: usize = 4 * 1024;
