//! `list`: API keys in the order of their issue, page by page.

use serde_json::json;
use strongroom::usage::ListedUsage;
use strongroom::{Cursor, Error, Timestamp};

use crate::args::ListArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::named::resolve;
use crate::shown::{api_key, page, usage};
use crate::text::Table;

pub(crate) fn list(context: &mut Context<'_>, args: &ListArgs) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let store = context.place.option();
    let after = args.after.as_ref().map(|named| resolve(&vault, named, &store)).transpose()?;
    let query = args.which.query().after(after.map(Cursor::after_api_key));
    let mut found = vault.list_usage_all(&query);
    let (mut left, mut last) = (if args.all { usize::MAX } else { args.limit.get() }, None);
    let (mut table, mut unreadable) = (Table::default(), 0_u64);
    while left > 0 && !context.terminal.closed() {
        let lines = found.by_ref().take(left.min(PAGE)).map(|line| Ok(usage::summary(line?)));
        let page = lines.collect::<Result<Vec<_>, Error>>()?;
        let Some(end) = page.last() else { break };
        let mut rows = if last.is_none() { vec![HEADING.map(String::from).to_vec()] } else { vec![] };
        (last, left) = (Some(end.listed.id), left - page.len());
        unreadable += page.iter().filter(|line| line.listed.key.is_err()).count() as u64;
        for line in &page {
            let listed = &line.listed;
            match &listed.key {
                Ok(key) => {
                    context.terminal.document("api-key", &usage::with_summary(api_key::document(key), &line.usage))?;
                }
                Err(error) => {
                    let body =
                        json!({ "id": listed.id.to_string(), "cause": error.cause(), "message": error.to_string() });
                    context.terminal.document("unreadable", &body)?;
                }
            }
            rows.push(row(line));
        }
        context.terminal.page(&mut table, &rows)?;
    }
    if context.terminal.closed() {
        return Ok(Exit::Success);
    }
    match last {
        None => context.terminal.note("no API key is like that"),
        Some(id) if left == 0 && found.next().transpose()?.is_some() => page::more(context, &id)?,
        Some(_) => {}
    }
    if unreadable == 0 { Ok(Exit::Success) } else { Err(api_key::unreadable_records(&context.place, unreadable)) }
}

fn row(line: &ListedUsage) -> Vec<String> {
    let (dash, listed) = (|| "-".to_owned(), &line.listed);
    let [last_used, uses] = usage::cells(&line.usage);
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
