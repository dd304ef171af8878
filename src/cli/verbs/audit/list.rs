//! `audit list`.

use serde_json::json;
use strongroom::audit::{AuditFault, AuditFilter, AuditLine, Auditor, Outcome};
use strongroom::{ApiKeyId, Cursor};

use super::entries::{HEADING, PAGE, row};
use super::opening::open_to_show;
use crate::args::{AuditListArgs, Named, OutcomeArg};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::named::resolve;
use crate::shown::page;
use crate::text::Table;
use crate::told::Told;

pub(crate) fn list(context: &mut Context<'_>, args: &AuditListArgs) -> Result<Exit, Failure> {
    let key = args.key.as_ref().map(|named| key(context, named)).transpose()?;
    let vault = open_to_show(context, &args.pinned)?;
    let filter = filter(args, context.named_actor()).key(key);
    let mut shown = Shown { table: Table::default(), headed: false, malformed: 0 };
    let more = match args.last {
        Some(last) => newest(context, &vault, &filter, args.after, last.get(), &mut shown)?,
        None => oldest(context, &vault, &filter, args, &mut shown)?,
    };
    if let Some(after) = more {
        page::more(context, &after)?;
    }
    if context.terminal.closed() || shown.malformed == 0 { Ok(Exit::Success) } else { Err(shown.failure(context)) }
}

/// A whole id is one also where the API key is gone, or no key of the vault is there.
fn key(context: &mut Context<'_>, named: &Named) -> Result<ApiKeyId, Failure> {
    match named {
        Named::Id(id) => Ok(*id),
        other => resolve(&context.open_reading()?, other, &context.place.option()),
    }
}

fn filter(args: &AuditListArgs, actor: Option<&str>) -> AuditFilter {
    let outcome = args.outcome.map(|outcome| match outcome {
        OutcomeArg::Done => Outcome::Done,
        OutcomeArg::Refused => Outcome::Refused,
    });
    AuditFilter::new()
        .actor(actor)
        .action(args.action)
        .outcome(outcome)
        .reason_contains(args.reason.as_deref())
        .since(args.since)
        .until(args.until)
}

/// Returns where to go on, when there are more.
fn oldest(
    context: &mut Context<'_>,
    vault: &Auditor,
    filter: &AuditFilter,
    args: &AuditListArgs,
    shown: &mut Shown,
) -> Result<Option<u64>, Failure> {
    let mut left = if args.all { usize::MAX } else { args.limit.get() };
    let (mut next, mut last_shown) = (Some(Cursor::after_audit_entry(args.after)), args.after);
    while next.is_some() && !context.terminal.closed() {
        let page = vault.audit_lines(next, PAGE)?;
        next = page.next;
        let mut wanted: Vec<_> = page.items.iter().filter(|line| is_wanted(line, filter)).collect();
        let more = wanted.len() > left;
        wanted.truncate(left);
        left -= wanted.len();
        last_shown = wanted.last().map_or(last_shown, |line| line.seq());
        shown.show(context, &wanted)?;
        if more {
            return Ok(Some(last_shown));
        }
    }
    Ok(None)
}

/// Goes back from the end, page by page: the numbers have no gaps.
fn newest(
    context: &mut Context<'_>,
    vault: &Auditor,
    filter: &AuditFilter,
    after: u64,
    last: usize,
    shown: &mut Shown,
) -> Result<Option<u64>, Failure> {
    // Later entries than the head names are not authenticated; the chain tells of them.
    let (mut end, mut left) = (vault.audit_end()?.seq(), last);
    while left > 0 && end > after && !context.terminal.closed() {
        let begin = end.saturating_sub(PAGE as u64).max(after);
        let mut lines = vault.audit_lines(Some(Cursor::after_audit_entry(begin)), PAGE)?.items;
        lines.retain(|line| line.seq() <= end && is_wanted(line, filter));
        let wanted: Vec<_> = lines.iter().rev().take(left).collect();
        left -= wanted.len();
        shown.show(context, &wanted)?;
        end = begin;
    }
    Ok(None)
}

/// What is no entry is shown whatever is looked for: it could be anything.
fn is_wanted(line: &AuditLine, filter: &AuditFilter) -> bool {
    line.entry().map_or(true, |entry| filter.admits(&entry))
}

struct Shown {
    table: Table,
    headed: bool,
    malformed: u64,
}

impl Shown {
    fn show(&mut self, context: &mut Context<'_>, lines: &[&AuditLine]) -> Result<(), Failure> {
        let mut rows =
            if std::mem::replace(&mut self.headed, true) { vec![] } else { vec![HEADING.map(String::from).to_vec()] };
        for line in lines {
            match line.entry() {
                Ok(entry) => {
                    context.terminal.document("audit-entry", &entry)?;
                    rows.push(row(&entry));
                }
                Err(fault) => {
                    self.malformed += 1;
                    let body = json!({ "seq": line.seq(), "message": fault.to_string() });
                    context.terminal.document("audit-malformed", &body)?;
                    rows.push(malformed(line.seq(), &fault));
                }
            }
        }
        context.terminal.page(&mut self.table, &rows)
    }

    fn failure(&self, context: &Context<'_>) -> Failure {
        let message = format!("rows of the audit log that are no entries: {}, listed among the others", self.malformed);
        let hint = format!("`strongroom audit verify{}` follows the chain", context.place.option());
        Told::new(Exit::Corrupt, "audit-broken", message).hint(hint).into()
    }
}

fn malformed(seq: u64, fault: &AuditFault) -> Vec<String> {
    let dash = || "-".to_owned();
    vec![seq.to_string(), dash(), dash(), "malformed".into(), dash(), dash(), fault.to_string()]
}
