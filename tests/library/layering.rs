//! The list of modules in src/lib.rs is the order of layers, lowest first: a module uses itself and those before it.
//! The program is a package of its own and uses what every user of the library can use.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::tokens::{declared_modules, rust_files, tokens};

#[test]
fn every_module_imports_downward_only() {
    let layers = library_layers();
    assert!(layers.len() > 10, "{layers:?}");
    let files = library_files();
    assert!(files.len() > 20, "{files:?}");
    let faults: Vec<_> = files
        .iter()
        .flat_map(|file| {
            let found = upward(&layers, &module_path(file), &read(file));
            found.into_iter().map(move |fault| format!("{}: {fault}", file.display()))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_program_uses_the_public_library_alone() {
    // It is a package of its own, so the compiler sees to it, unless a file is taken in by its path.
    let files = rust_files(&source().join("cli"));
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let faults = trespasses(&read(&file));
        assert!(faults.is_empty(), "{}: {faults:?}", file.display());
    }
}

#[test]
fn an_upward_import_is_noticed_however_it_is_written() {
    let layers = ["low", "middle", "high"].map(String::from);
    let caught = [
        ("low", "use crate::high::Thing;"),
        ("low", "use crate::middle;"),
        ("middle", "fn f() { crate::high::f() }"),
        ("middle", "use crate::{low::A, high::{B, C}};"),
        ("middle", "use super::high::Thing;"),
        ("middle", "use super::{low::A, high};"),
        ("middle", "pub(in crate::high) fn f() {}"),
        ("middle", "use self::super::high::Thing;"),
        ("middle", "use crate::{self as root};"),
        ("middle", "use crate::*;"),
        ("middle", "use crate as root;"),
        ("middle", "use super as root;"),
        ("middle", "use crate::Reexported;"),
        ("middle", "macro_rules! m { () => { $crate::high::f() } }"),
        ("middle::child", "use super::super::high::Thing;"),
        ("middle::child", "use crate::high::Thing;"),
        ("middle", "mod tests { use super::super::high::Thing; }"),
        ("middle", "mod tests { fn f() {} } use super::high::Thing;"),
        ("middle", "const QUOTE: char = '\"'; use crate::high::Thing; const OTHER: char = '\"';"),
        ("middle", "const PATH: &str = r#\"\"#; use crate::high::Thing;"),
        ("orphan", "fn f() {}"),
    ];
    for (module, source) in caught {
        assert!(!upward(&layers, &path_of(module), source).is_empty(), "{module}: {source}");
    }
    let passed = [
        ("middle", "use crate::low::Thing; use crate::middle::Other; use super::low;"),
        ("middle", "use crate::{low::{self, A, high}, middle::high};"),
        ("middle", "pub(crate) fn high() {} pub(super) struct High;"),
        ("middle", "// use crate::high::Thing;\n/* crate::high /* nested */ crate::high */"),
        ("middle", "const TEXT: &str = \"use crate::high::\\\"Thing\"; const RAW: &str = r\"crate::high\";"),
        ("middle", "mod tests { use super::high; fn f<'a>(x: &'a str) { low(x, '\\'') } }"),
        ("middle::child", "use super::high; use super::super::low;"),
        ("high", "use crate::{low, middle}; use std::high::Thing;"),
    ];
    for (module, source) in passed {
        assert_eq!(upward(&layers, &path_of(module), source), Vec::<String>::new(), "{module}: {source}");
    }
}

#[test]
fn a_trespass_of_the_program_is_noticed() {
    for source in ["#[path = \"../store.rs\"] mod other;", "include!(\"store.rs\");"] {
        assert!(!trespasses(source).is_empty(), "{source}");
    }
    let fine = "mod store; use strongroom::store::Store; use crate::audit; use super::store; fn path() { include_str!(\"a\") }";
    assert_eq!(trespasses(fine), Vec::<String>::new());
}

/// The names that `source`, in the module at `path`, takes from the crate's root and that stand above it.
fn upward(layers: &[String], path: &[String], source: &str) -> Vec<String> {
    let place = |name: &str| layers.iter().position(|layer| layer == name);
    let Some(own) = place(&path[0]) else { return vec![format!("{} is not listed in lib.rs", path[0])] };
    let reached = names_from_root(&tokens(source), path.len());
    let outside = reached.into_iter().filter(|name| place(name).is_none_or(|found| found > own));
    outside.map(|name| format!("{} reaches up to {name}", path[0])).collect()
}

/// What the program's sources do that a user of the library could not.
fn trespasses(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let has = |wanted: &[&str]| tokens.windows(wanted.len()).any(|window| window == wanted);
    let ways = [(has(&["#", "[", "path"]), "#[path]"), (has(&["include", "!"]), "include!")];
    ways.into_iter().filter(|(taken, _)| *taken).map(|(_, way)| way.into()).collect()
}

/// The first names of all paths that begin at the crate's root, in a module `depth` levels below it.
fn names_from_root(tokens: &[String], depth: usize) -> Vec<String> {
    let mut names = vec![];
    let mut braces = 0;
    let mut inline_modules = vec![];
    for at in 0..tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                if at >= 2 && tokens[at - 2] == "mod" {
                    inline_modules.push(braces);
                }
                braces += 1;
            }
            "}" => {
                braces -= 1;
                inline_modules.pop_if(|outside| *outside == braces);
            }
            "crate" => names.extend(names_at(tokens, at + 1)),
            "super" if !follows_super(tokens, at) => {
                let supers = tokens[at..].iter().step_by(2).take_while(|token| *token == "super").count();
                let end = at + 2 * supers - 1;
                if supers == depth + inline_modules.len() {
                    names.extend(names_at(tokens, end));
                }
            }
            _ => {}
        }
    }
    names
}

fn follows_super(tokens: &[String], at: usize) -> bool {
    at >= 2 && tokens[at - 1] == "::" && tokens[at - 2] == "super"
}

/// The names that follow a path's beginning, which ends before `at`: one, or those of a braced list.
fn names_at(tokens: &[String], at: usize) -> Vec<String> {
    match [at, at + 1].map(|at| tokens.get(at).map_or("", String::as_str)) {
        ["::", "{"] => names_of_list(&tokens[at + 2..]),
        ["::", name] => vec![name.into()],
        // The root itself under another name would hide what is taken from it.
        ["as", _] => vec!["the root".into()],
        _ => vec![],
    }
}

/// The first name of each element of a braced list, up to its closing brace.
fn names_of_list(tokens: &[String]) -> Vec<String> {
    let (mut names, mut braces, mut expected) = (vec![], 0, true);
    for token in tokens {
        match token.as_str() {
            "{" => braces += 1,
            "}" if braces == 0 => break,
            "}" => braces -= 1,
            "," if braces == 0 => expected = true,
            name if expected => {
                names.push(name.into());
                expected = false;
            }
            _ => {}
        }
    }
    names
}

fn library_layers() -> Vec<String> {
    declared_modules(&tokens(&read(&source().join("lib.rs"))))
}

fn library_files() -> Vec<PathBuf> {
    let outside = [source().join("cli"), source().join("lib.rs")];
    rust_files(&source()).into_iter().filter(|file| !outside.iter().any(|outside| file.starts_with(outside))).collect()
}

fn module_path(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(source()).expect("the file was found there").with_extension("");
    inside.iter().map(|name| name.to_str().expect("module names are ASCII").into()).collect()
}

fn path_of(module: &str) -> Vec<String> {
    module.split("::").map(String::from).collect()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("the file is readable")
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
