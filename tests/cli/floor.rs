//! The program has a ground floor, and the verbs stand on it. The list of modules in src/cli/main.rs is the order, lowest
//! first: a file uses its own module and those listed before it, no verb uses another, and no files use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::support::tokens::{declared_modules, rust_files, tokens};

#[test]
fn files_import_downward_and_no_verb_another() {
    let sources = Sources::read();
    assert!(sources.0.len() > 80, "{:?}", sources.0.keys());
    let faults = sources.faults();
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
        let found = Sources::made_up(file, source).faults();
        assert!(found.iter().any(|found| found == fault), "{file}: {source}: {found:?}");
    }
    let passed = [
        ("high", "mod child; use child::Thing; use crate::low; use std::high::Thing;"),
        ("high::child", "// use super::Thing;\nuse crate::low::{self, A};"),
        ("verbs::show", "use crate::{high, low}; mod tests { use super::row; }"),
        ("verbs::list", "mod page; fn f() { page::f(); crate::high::child::f() }"),
    ];
    for (file, source) in passed {
        assert_eq!(Sources::made_up(file, source).faults(), Vec::<String>::new(), "{file}: {source}");
    }
}

/// The names of a module and of those around it; of the root, none.
type Module = Vec<String>;

/// The text of each file, by its module.
struct Sources(BTreeMap<Module, String>);

impl Sources {
    fn read() -> Self {
        let mut sources = BTreeMap::new();
        for file in rust_files(&source()) {
            let inside = file.strip_prefix(source()).expect("the file was found there").with_extension("");
            let module: Module = inside.iter().map(|name| name.to_str().expect("ASCII").into()).collect();
            let module = if module == ["main"] { vec![] } else { module };
            sources.insert(module, fs::read_to_string(&file).expect("the file is readable"));
        }
        Self(sources)
    }

    /// A small program, one of whose files is this.
    fn made_up(file: &str, text: &str) -> Self {
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
        Self(sources)
    }

    fn faults(&self) -> Vec<String> {
        let order = declared_modules(&tokens(&self.0[&vec![]]));
        let place = |module: &Module| module.first().and_then(|first| order.iter().position(|name| name == first));
        let uses: BTreeMap<_, _> = self.0.keys().map(|module| (module, self.used_by(module))).collect();
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

    /// The files that a file names, but itself.
    fn used_by(&self, module: &Module) -> BTreeSet<Module> {
        let paths = paths(&tokens(&self.0[module]), module);
        let files = paths.into_iter().map(|mut path| {
            while !self.0.contains_key(&path) {
                path.pop();
            }
            path
        });
        files.filter(|file| file != module).collect()
    }
}

fn are_two_verbs(module: &Module, used: &Module) -> bool {
    let verb = |module: &Module| module.get(1).filter(|_| module[0] == "verbs").cloned();
    verb(module).zip(verb(used)).is_some_and(|(one, other)| one != other)
}

/// Files that are used by what they use, together.
fn circles(uses: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Vec<String>> {
    let mut circles = BTreeSet::new();
    let reached: BTreeMap<_, _> = uses.keys().map(|module| (*module, reached_from(module, uses))).collect();
    for (module, below) in &reached {
        let back = below.iter().filter(|other| reached.get(other).is_some_and(|reached| reached.contains(*module)));
        let circle: BTreeSet<_> = back.map(name_of).collect();
        if !circle.is_empty() {
            circles.insert(circle.into_iter().collect());
        }
    }
    circles
}

/// Everything that it uses, and that those use; itself, when it is in a circle.
fn reached_from(module: &Module, uses: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![module.clone()]);
    while let Some(module) = next.pop() {
        let new = uses.get(&module).into_iter().flatten().filter(|used| reached.insert((*used).clone()));
        next.extend(new.cloned());
    }
    reached
}

/// All paths that begin at the crate's root, above the file's module, or with a module that the file declares.
fn paths(tokens: &[String], module: &Module) -> Vec<Module> {
    let children = declared_modules(tokens);
    let (mut paths, mut around, mut braces) = (vec![], vec![], 0);
    for at in 0..tokens.len() {
        let is = |back: usize, wanted: &str| at >= back && tokens[at - back] == wanted;
        match tokens[at].as_str() {
            "{" => {
                if is(2, "mod") {
                    around.push((braces, tokens[at - 1].clone()));
                }
                braces += 1;
            }
            "}" => {
                braces -= 1;
                around.pop_if(|(outside, _)| *outside == braces);
            }
            _ if is(1, "::") => {}
            // As in `pub(crate)`: it names nothing there.
            "crate" | "super" if tokens.get(at + 1).is_some_and(|next| next == ")") => {}
            "crate" => read_path(tokens, at + 1, vec![], &mut paths),
            "super" => {
                let supers = tokens[at..].iter().step_by(2).take_while(|token| *token == "super").count();
                let mut here: Module = module.iter().chain(around.iter().map(|(_, name)| name)).cloned().collect();
                here.truncate(here.len().saturating_sub(supers));
                read_path(tokens, at + 2 * supers - 1, here, &mut paths);
            }
            name if around.is_empty() && children.iter().any(|child| child == name) => {
                let child = module.iter().cloned().chain([name.to_owned()]).collect();
                if tokens.get(at + 1).is_some_and(|next| next == "::") {
                    read_path(tokens, at + 1, child, &mut paths);
                }
            }
            _ => {}
        }
    }
    paths
}

/// Goes on with a path that has come this far, into each branch of a braced list.
fn read_path(tokens: &[String], at: usize, so_far: Module, paths: &mut Vec<Module>) {
    match [at, at + 1].map(|at| tokens.get(at).map_or("", String::as_str)) {
        ["::", "{"] => {
            let (mut braces, mut expected) = (0, true);
            for (at, token) in tokens.iter().enumerate().skip(at + 2) {
                match token.as_str() {
                    "{" => braces += 1,
                    "}" if braces == 0 => break,
                    "}" => braces -= 1,
                    "," if braces == 0 => expected = true,
                    name if expected => {
                        expected = false;
                        let path = so_far.iter().cloned().chain([name.to_owned()]).collect();
                        read_path(tokens, at + 1, path, paths);
                    }
                    _ => {}
                }
            }
        }
        ["::", name] => {
            let path = so_far.into_iter().chain([name.to_owned()]).collect();
            read_path(tokens, at + 2, path, paths);
        }
        _ => paths.push(so_far),
    }
}

fn module_of(name: &str) -> Module {
    name.split("::").filter(|name| !name.is_empty()).map(String::from).collect()
}

fn name_of(module: &Module) -> String {
    if module.is_empty() { "the root".into() } else { module.join("::") }
}

/// Beside the program's Cargo.toml.
fn source() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}
