//! `list`: API keys in the order of their issue, page by page, or in another order.

mod column;
mod order;

use serde_json::json;
use strongroom::usage::ListedUsage;
use strongroom::{Cursor, Error, Query, Timestamp, Verifier};

use crate::args::{ColumnArg, ListArgs, ListFormatArg};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::named::resolve;
use crate::shown::{api_key, page, usage};
use crate::terminal::Terminal;
use crate::text::{Table, counted, fitting};

pub(crate) fn list(context: &mut Context<'_>, args: &ListArgs) -> Result<Exit, Failure> {
    if context.terminal.json() && args.format == ListFormatArg::Csv {
        return Err(Failure::input("--json and --format csv exclude each other", "leave one of them out"));
    }
    let vault = context.open_reading()?;
    let store = context.place.option();
    let after = args.after.as_ref().map(|named| resolve(&vault, named, &store)).transpose()?;
    let query = args.which.query().after(after.map(Cursor::after_api_key));
    let unused_since = args.unused.map(|span| {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_unix_millis(Timestamp::now().unix_millis().saturating_sub(millis))
    });
    let found = found(&vault, &query, unused_since.flatten());
    if args.count {
        return count(context, found);
    }
    let most = if args.all { usize::MAX } else { args.limit.get() };
    let mut shown = Shown::new(args);
    if let Some(key) = args.sort {
        let (lines, more) = order::sorted(found, key, args.reverse, most)?;
        for page in lines.chunks(PAGE) {
            shown.page(context, page)?;
        }
        shown.none(context)?;
        if more > 0 && !context.terminal.closed() {
            context.terminal.note(&format!("{} more: --limit N, or --all", counted(more, "API key")));
        }
        return shown.end(context);
    }
    let (mut found, mut left, mut last) = (found, most, None);
    while left > 0 && !context.terminal.closed() {
        let page = found.by_ref().take(left.min(PAGE)).collect::<Result<Vec<_>, Error>>()?;
        let Some(end) = page.last() else { break };
        (last, left) = (Some(end.listed.id), left - page.len());
        shown.page(context, &page)?;
    }
    shown.none(context)?;
    if let Some(id) = last.filter(|_| left == 0 && !context.terminal.closed())
        && found.next().transpose()?.is_some()
    {
        page::more(context, &id)?;
    }
    shown.end(context)
}

/// Those that the query finds, and that were not used since then.
fn found<'v>(
    vault: &'v Verifier,
    query: &Query,
    unused_since: Option<Timestamp>,
) -> Box<dyn Iterator<Item = Result<ListedUsage, Error>> + 'v> {
    let lines = vault.list_usage_all(query).map(|line| line.map(usage::summary));
    match unused_since {
        None => Box::new(lines),
        Some(since) => Box::new(lines.filter(move |line| line.as_ref().map_or(true, |line| is_unused(line, since)))),
    }
}

/// One whose counts do not open may be.
fn is_unused(line: &ListedUsage, since: Timestamp) -> bool {
    let used = match &line.usage {
        Ok(usage) => usage.as_ref().and_then(|usage| usage.last_used_at),
        Err(_) => return true,
    };
    let created = line.listed.key.as_ref().map(|key| key.created_at).ok();
    used.max(created).is_none_or(|at| at < since)
}

fn count(context: &mut Context<'_>, found: impl Iterator<Item = Result<ListedUsage, Error>>) -> Result<Exit, Failure> {
    let (mut count, mut unreadable) = (0_u64, 0_u64);
    for line in found {
        if line?.listed.key.is_ok() { count += 1 } else { unreadable += 1 }
    }
    context.terminal.document("api-key-count", &json!({ "count": count, "unreadable": unreadable }))?;
    context.terminal.line(&count.to_string())?;
    if unreadable == 0 { Ok(Exit::Success) } else { Err(api_key::unreadable_records(&context.place, unreadable)) }
}

/// What was shown so far, and how.
struct Shown<'a> {
    args: &'a ListArgs,
    table: Table,
    columns: Vec<ColumnArg>,
    any: bool,
    unreadable: u64,
}

impl<'a> Shown<'a> {
    fn new(args: &'a ListArgs) -> Self {
        let columns = match (args.ids, args.columns.as_slice(), args.format) {
            (true, ..) => vec![ColumnArg::Id],
            (_, [], ListFormatArg::Csv) => column::ALL.to_vec(),
            (_, [], _) => column::USUAL.to_vec(),
            (_, chosen, _) => chosen.to_vec(),
        };
        Self { args, table: Table::default(), columns, any: false, unreadable: 0 }
    }

    fn page(&mut self, context: &mut Context<'_>, page: &[ListedUsage]) -> Result<(), Failure> {
        if page.is_empty() {
            return Ok(());
        }
        let first = !std::mem::replace(&mut self.any, true);
        self.unreadable += page.iter().filter(|line| line.listed.key.is_err()).count() as u64;
        for line in page {
            self.document(context, line)?;
        }
        if context.terminal.json() {
            return Ok(());
        }
        if self.args.format == ListFormatArg::Csv {
            return self.csv(context, page, first);
        }
        let mut rows: Vec<Vec<String>> = page.iter().map(|line| self.row(line, column::cell)).collect();
        rows.iter_mut().flatten().for_each(|cell| context.terminal.place_in_time(cell));
        if self.args.ids {
            return context.terminal.page(&mut self.table, &rows);
        }
        if first {
            rows.insert(0, self.columns.iter().map(|column| column::heading(*column).to_owned()).collect());
            if let Some(width) = Terminal::width().filter(|_| self.args.columns.is_empty()) {
                let kept = fitting(&rows, width, |at| column::rank(self.columns[at]));
                for row in &mut rows {
                    *row = kept.iter().map(|at| std::mem::take(&mut row[*at])).collect();
                }
                self.columns = kept.iter().map(|at| self.columns[*at]).collect();
                self.table.fit(width);
            }
        }
        context.terminal.page(&mut self.table, &rows)
    }

    fn row(&self, line: &ListedUsage, cell: fn(ColumnArg, &ListedUsage) -> String) -> Vec<String> {
        self.columns.iter().map(|column| cell(*column, line)).collect()
    }

    fn document(&self, context: &mut Context<'_>, line: &ListedUsage) -> Result<(), Failure> {
        let listed = &line.listed;
        if self.args.ids {
            return context.terminal.document("api-key-id", &json!({ "id": listed.id.to_string() }));
        }
        match &listed.key {
            Ok(key) => context.terminal.document("api-key", &usage::with_summary(api_key::document(key), &line.usage)),
            Err(error) => {
                let body = json!({ "id": listed.id.to_string(), "cause": error.cause(), "message": error.to_string() });
                context.terminal.document("unreadable", &body)
            }
        }
    }

    fn csv(&self, context: &mut Context<'_>, page: &[ListedUsage], first: bool) -> Result<(), Failure> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(vec![]);
        let headings = self.columns.iter().map(|column| column::heading(*column).to_lowercase().replace(' ', "_"));
        let heading = first.then(|| headings.collect::<Vec<_>>());
        let rows = page.iter().map(|line| self.row(line, column::value));
        let written = heading.into_iter().chain(rows).try_for_each(|row| writer.write_record(row));
        written.map_err(|error| std::io::Error::other(error.to_string()))?;
        let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        context.terminal.raw(&String::from_utf8_lossy(&bytes))
    }

    /// An empty list of values has a heading all the same.
    fn none(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        if self.any {
            return Ok(());
        }
        if self.args.format == ListFormatArg::Csv {
            self.csv(context, &[], true)?;
        }
        context.terminal.note("no API key is like that");
        Ok(())
    }

    fn end(&self, context: &Context<'_>) -> Result<Exit, Failure> {
        if context.terminal.closed() || self.unreadable == 0 {
            return Ok(Exit::Success);
        }
        Err(api_key::unreadable_records(&context.place, self.unreadable))
    }
}

const PAGE: usize = 500;
