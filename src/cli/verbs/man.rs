//! `man`: the pages of the manual, made of what the help says.

use std::path::Path;

use clap::Command;
use serde_json::json;

use crate::args::{self, ManArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{counted, quoted};
use crate::told::Told;

pub(crate) fn man(context: &mut Context<'_>, args: &ManArgs) -> Result<Exit, Failure> {
    let mut program = args::shown();
    program.build();
    if let Some(folder) = &args.out_dir {
        return write_all(context, &program, folder);
    }
    let mut command = &program;
    for word in &args.verb {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::input("there is no such command", "`strongroom --help` lists the commands there are")
        })?;
    }
    let name = page_name(&args.verb.iter().map(String::as_str).collect::<Vec<_>>());
    let page = page(command, &name)?;
    context.terminal.document("manual", &json!({ "name": name, "page": page }))?;
    if !context.terminal.json() {
        context.terminal.raw(&page)?;
    }
    Ok(Exit::Success)
}

fn write_all(context: &mut Context<'_>, program: &Command, folder: &Path) -> Result<Exit, Failure> {
    let mut written = vec![];
    let mut left = vec![(program, vec![])];
    while let Some((command, path)) = left.pop() {
        let name = page_name(&path);
        let file = folder.join(format!("{name}.1"));
        let page = page(command, &name)?;
        std::fs::write(&file, page).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            let hint = format!("`mkdir -p {}`, or name another folder", quoted(&folder.display().to_string()));
            Told::new(Exit::General, "manual-unwritten", message).hint(hint)
        })?;
        written.push(file.display().to_string());
        left.extend(command.get_subcommands().map(|verb| (verb, [path.as_slice(), &[verb.get_name()]].concat())));
    }
    written.sort();
    context.terminal.document("manuals", &json!({ "files": written }))?;
    context.terminal.line(&format!("{} in {}", counted(written.len() as u64, "page"), folder.display()))?;
    Ok(Exit::Success)
}

fn page_name(path: &[&str]) -> String {
    std::iter::once(&"strongroom").chain(path).copied().collect::<Vec<_>>().join("-")
}

fn page(command: &Command, name: &str) -> Result<String, Failure> {
    let mut bytes = vec![];
    clap_mangen::Man::new(command.clone()).title(name.to_owned()).render(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
