//! `import`: takes in API keys with tokens from elsewhere.

use std::str;

use serde_json::json;
use strongroom::{Error, ImportedKey};

use super::args::ImportArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::input::Lines;
use super::text::counted;

pub(crate) fn import(context: &mut Context<'_>, args: &ImportArgs) -> Result<Exit, Failure> {
    let act = context.act(args.reason.as_deref());
    let vault = context.open()?;
    let mut lines = Lines::open(&args.file)?;
    let mut keys = vec![];
    while let Some(line) = lines.next()? {
        let number = keys.len() + 1;
        match read(line, number) {
            Ok(key) => keys.push(if args.exempt_from_policy { key.exempt_from_policy() } else { key }),
            Err(fault) => {
                // A line before it may be one that the vault would not take.
                vault.check_import(&keys)?;
                return Err(fault);
            }
        }
    }
    if keys.is_empty() {
        return Err(Failure::input("there is nothing to import", "`strongroom import --help` shows what a line holds"));
    }
    let ids = vault.import(&keys, &act)?;
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    context.terminal.document("import", &json!({ "imported": ids.len(), "ids": ids }))?;
    for id in &ids {
        context.terminal.line(id)?;
    }
    context
        .terminal
        .note(&format!("imported {}; their tokens verify from now on", counted(ids.len() as u64, "API key")));
    if args.exempt_from_policy {
        let store = context.place.option();
        context.terminal.note(&format!(
            "warning: they were taken whatever the policy says; `strongroom due{store}` lists those that do not keep it"
        ));
    }
    Ok(Exit::Success)
}

fn read(line: &[u8], number: usize) -> Result<ImportedKey, Failure> {
    let text = str::from_utf8(line).map_err(|_| not_text(number))?;
    Ok(ImportedKey::parse(text).map_err(|source| Error::Import { line: number, source })?)
}

fn not_text(line: usize) -> Failure {
    Failure::input(format!("line {line}: not UTF-8"), "nothing was imported: mend the line and run the command again")
}
