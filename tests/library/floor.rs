//! The program has a ground floor, and the verbs stand on it. The list of modules in src/cli/main.rs is the order, lowest
//! first: a file uses its own module and those listed before it, no verb uses another, and no files use each other in a circle.
//! docs/design.md has a row for each room, and docs/cli.md describes each document. Only sources are read here, so that none has to be built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::layering::rows_of;
use crate::support::graph::{Module, Sources, circles, name_of};
use crate::support::tokens::{declared_modules, rust_files, tokens};

#[test]
fn files_import_downward_and_no_verb_another() {
    let sources = program();
    assert!(sources.0.len() > 80, "{:?}", sources.0.keys());
    let faults = faults(&sources);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_breaks_the_order_is_noticed_however_it_is_written() {
    let caught = [
        ("low", "use crate::high::Thing;", "low uses high"),
        ("low", "fn f() { crate::high::f() }", "low uses high"),
        ("low", "use super::high;", "low uses high"),
        ("low", "use crate::{exit::Exit, high::{self, Thing}};", "low uses high"),
        ("low", "use crate::verbs::list;", "low uses verbs::list"),
        ("low", "mod tests { use super::super::high; }", "low uses high"),
        ("low", "use crate::run;", "low uses the root"),
        ("low", "use crate::*;", "low uses the root"),
        ("unlisted", "", "unlisted is not listed in main.rs"),
        ("verbs::list", "use crate::verbs::show::row;", "verbs::list uses verbs::show"),
        ("verbs::list", "use super::show;", "verbs::list uses verbs::show"),
        ("verbs::list::page", "use crate::verbs::show;", "verbs::list::page uses verbs::show"),
        ("verbs::list", "use super::{show::row};", "verbs::list uses verbs::show"),
        ("high::child", "use super::Thing;", "in a circle: high, high::child"),
        ("high::child", "use crate::high::sibling::Thing;", "in a circle: high::child, high::sibling"),
    ];
    for (file, source, fault) in caught {
        let found = faults(&made_up(file, source));
        assert!(found.iter().any(|found| found == fault), "{file}: {source}: {found:?}");
    }
    let passed = [
        ("high", "mod child; use child::Thing; use crate::low; use std::high::Thing;"),
        ("high::child", "// use super::Thing;\nuse crate::low::{self, A};"),
        ("verbs::show", "use crate::{high, low}; mod tests { use super::row; }"),
        ("verbs::list", "mod page; fn f() { page::f(); crate::high::child::f() }"),
    ];
    for (file, source) in passed {
        assert_eq!(faults(&made_up(file, source)), Vec::<String>::new(), "{file}: {source}");
    }
}

#[test]
fn the_design_has_a_row_for_each_room_of_the_program_in_their_order() {
    let design = read("docs/design.md");
    let rooms = declared_modules(&tokens(&program().0[&vec![]]));
    assert_eq!(rows_of(&design, "Rooms of the program"), rooms, "docs/design.md against src/cli/main.rs");
}

#[test]
fn every_document_that_the_program_names_is_described() {
    let manual = read("docs/cli.md");
    let (mut named, mut unseen) = (BTreeSet::new(), vec![]);
    for source in program().0.values() {
        let (texts, others) = schemas(source);
        named.extend(texts);
        unseen.extend(others);
    }
    assert!(named.len() > 40, "{named:?}");
    // The lines of `due` are kept until they are shown; where they are made, their names are texts. A list has a function of that name.
    assert_eq!(
        unseen,
        ["schema", "context"],
        "give `document` the name of the schema as a text: only so it is seen here"
    );
    let missing: Vec<_> =
        named.iter().filter(|name| !manual.contains(&format!("\n### `strongroom.{name}.v1`\n"))).collect();
    assert!(missing.is_empty(), "add a section for each under \"JSON documents\" in docs/cli.md: {missing:?}");
    let source = "t.document(\n  \"a\", &x)?; t.secret_document(\"b\", &x); documents.push((\"c\", x)); D { schema: \"d\", x }; \
                  rule.document(); fn document(x: u8) {} t.document(name, &x)";
    assert_eq!(schemas(source), (["a", "b", "c", "d"].map(String::from).into(), vec!["name".to_owned()]));
}

/// The names of the documents that a source makes, and what stands in the place of one.
fn schemas(source: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut texts, mut others) = (BTreeSet::new(), vec![]);
    for begin in [".document(", ".secret_document(", "documents.push((", "schema: "] {
        for rest in source.split(begin).skip(1).map(str::trim_start) {
            match rest.strip_prefix('"') {
                Some(text) => drop(texts.insert(text.chars().take_while(|c| *c != '"').collect())),
                None if begin.ends_with("document(") && !rest.starts_with(')') => {
                    others.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
                }
                None => {}
            }
        }
    }
    (texts, others)
}

fn program() -> Sources {
    let mut sources = BTreeMap::new();
    for file in rust_files(&source()) {
        let inside = file.strip_prefix(source()).expect("the file was found there").with_extension("");
        let module: Module = inside.iter().map(|name| name.to_str().expect("ASCII").into()).collect();
        let module = if module == ["main"] { vec![] } else { module };
        sources.insert(module, fs::read_to_string(&file).expect("the file is readable"));
    }
    Sources(sources)
}

/// A small program, one of whose files is this.
fn made_up(file: &str, text: &str) -> Sources {
    let mut sources: BTreeMap<_, _> = [
        ("", "mod exit; mod low; mod high; mod verbs; fn main() { verbs::run() } fn run() {}"),
        ("exit", ""),
        ("low", "use crate::exit::Exit;"),
        ("high", "mod child; mod sibling; pub(crate) use child::Thing; use crate::low;"),
        ("high::child", ""),
        ("high::sibling", "use super::child::Thing;"),
        ("verbs", "mod list; mod show; pub(crate) fn run() { list::list(); show::show() }"),
        ("verbs::list", "mod page; use crate::high; use page::page;"),
        ("verbs::list::page", ""),
        ("verbs::show", ""),
    ]
    .map(|(file, text)| (module_of(file), text.to_owned()))
    .into();
    sources.insert(module_of(file), text.into());
    Sources(sources)
}

fn faults(sources: &Sources) -> Vec<String> {
    let order = declared_modules(&tokens(&sources.0[&vec![]]));
    let place = |module: &Module| module.first().and_then(|first| order.iter().position(|name| name == first));
    let uses: BTreeMap<_, _> = sources.0.keys().map(|module| (module.clone(), sources.named_by(module))).collect();
    let mut faults = vec![];
    for (module, used) in uses.iter().filter(|(module, _)| !module.is_empty()) {
        if place(module).is_none() {
            faults.push(format!("{} is not listed in main.rs", name_of(module)));
        }
        let wrong = used.iter().filter(|used| place(used).is_none_or(|used| Some(used) > place(module)));
        let of_verb = used.iter().filter(|used| are_two_verbs(module, used));
        faults.extend(wrong.chain(of_verb).map(|used| format!("{} uses {}", name_of(module), name_of(used))));
    }
    faults.extend(circles(&uses).iter().map(|names| format!("in a circle: {}", names.join(", "))));
    faults
}

fn are_two_verbs(module: &Module, used: &Module) -> bool {
    let verb = |module: &Module| module.get(1).filter(|_| module[0] == "verbs").cloned();
    verb(module).zip(verb(used)).is_some_and(|(one, other)| one != other)
}

fn module_of(name: &str) -> Module {
    name.split("::").filter(|name| !name.is_empty()).map(String::from).collect()
}

/// Beside the program's Cargo.toml.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the file is readable")
}
