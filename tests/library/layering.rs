//! The list of modules in src/lib.rs is the order of layers, lowest first: a module uses itself and those before it.
//! No files use each other in a circle. The names at the root are few, and docs/design.md has a row for each module. The program
//! is a package of its own and uses what every user of the library can use. Limits stand with what they limit, and no caller meets the
//! length of an array.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::graph::{Module, Sources, circles, read_path};
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
fn no_files_use_each_other_in_a_circle() {
    let sources = Sources(library_files().iter().map(|file| (module_path(file), read(file))).collect());
    let circles = circles(&uses(&sources));
    assert!(circles.is_empty(), "\n{}", circles.iter().map(|circle| circle.join(", ")).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_circle_is_noticed_however_it_is_written() {
    let sources = |low: &str, child: &str| {
        let files = [
            ("low", low),
            ("low::child", child),
            ("high", "mod child; pub(crate) use child::Thing; use crate::low;"),
            ("high::child", "use super::super::low::Thing;"),
        ];
        Sources(files.map(|(module, source)| (path_of(module), source.to_owned())).into())
    };
    let caught = [
        ("mod child; use child::A;", "use super::B;", "low, low::child"),
        ("mod child; fn f() { child::f() }", "fn f() { super::g() }", "low, low::child"),
        ("mod child; use self::child::A;", "use crate::low::B;", "low, low::child"),
        ("mod child; pub use child::A;", "use super::B;", "low, low::child"),
        ("mod child; pub(in crate::high) use child::C;", "use super::B;", "low, low::child"),
        ("mod child; use crate::high::Thing;", "", "high, high::child, low"),
        ("pub mod child { pub use crate::high::Thing; }", "", "high, high::child, low"),
        ("mod child; use child::{self, A};", "use crate::{high::{Thing}};", "high, high::child, low, low::child"),
        ("mod child; mod tests { use super::super::high::child::Thing; }", "", "high::child, low"),
    ];
    for (low, child, circle) in caught {
        let found: Vec<_> = circles(&uses(&sources(low, child))).into_iter().map(|circle| circle.join(", ")).collect();
        assert!(found.contains(&circle.to_owned()), "{low} {child}: {found:?}");
    }
    let passed = [
        ("mod child; pub use child::A; pub(in crate::low) use child::C;", "use super::super::low::child::D;"),
        ("mod child; use child::A; pub(in crate::low) fn f() {}", "pub(super) fn g() {} pub(in crate::low) struct S;"),
        ("mod child;", "use super::B; mod tests { use super::super::C; }"),
    ];
    for (low, child) in passed {
        assert_eq!(circles(&uses(&sources(low, child))), BTreeSet::new(), "{low} {child}");
    }
}

#[test]
fn the_root_has_few_names_and_few_modules() {
    let (names, modules) = public_at_root(&tokens(&read(&source().join("lib.rs"))));
    assert!((20..=40).contains(&names.len()), "{} names at the root: {names:?}", names.len());
    assert!((8..=16).contains(&modules.len()), "{} public modules: {modules:?}", modules.len());
    let made_up =
        "mod a; pub mod b; pub mod c { pub use crate::a::{X, Y}; } pub use a::{P, q::{R, S}}; pub use a::T; use a::U;";
    let found = public_at_root(&tokens(made_up));
    assert_eq!(found, (["P", "R", "S", "T"].map(String::from).into(), ["b", "c"].map(String::from).into()));
}

#[test]
fn limits_stand_with_what_they_limit_and_lengths_of_arrays_stay_inside() {
    for file in library_files().iter().filter(|file| !file.ends_with("fuzzing.rs")) {
        let faults = rigid(&tokens(&read(file)));
        assert!(faults.is_empty(), "{}: {faults:?}", file.display());
    }
    let caught = [
        ("pub const MAX: usize = 1;", "MAX"),
        ("fn f() {} pub const ALL: &[u8] = &[1];", "ALL"),
        ("impl T { pub const ALL: [Self; 2] = [A, B]; }", "ALL"),
        ("impl T { pub fn id(&self) -> [u8; 16] { self.0 } }", "id"),
        ("impl T { pub const fn of(bytes: &[u8; Self::LEN]) -> Self { T } }", "of"),
        ("pub fn both(f: impl Fn([Vec<u8>; 2])) where T: X {}", "both"),
        ("pub struct S { a: u8, pub hash: Option<[u8; 32]>, pub b: u8 }", "hash"),
    ];
    for (source, name) in caught {
        assert_eq!(rigid(&tokens(source)), [name], "{source}");
    }
    let passed = [
        "impl T { pub const MAX: usize = 1; pub const ALL: &[Self] = &[A; 2]; }",
        "pub(crate) const MAX: usize = 1; pub(crate) fn f() -> [u8; 2] {} const LEN: usize = 3;",
        "pub const fn f(a: &[u8]) -> u8 { [0; 4] } pub struct Id([u8; 16]); pub struct S { pub a: u8, b: [u8; 2] }",
    ];
    for source in passed {
        assert_eq!(rigid(&tokens(source)), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn the_design_has_a_row_for_each_module_in_their_order() {
    let design = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design.md"));
    let tokens = tokens(&read(&source().join("lib.rs")));
    assert_eq!(rows_of(&design, "Modules"), modules_of_the_library(&tokens));
    let made_up =
        "## Modules\n\n| module | job |\n|---|---|\n| `a` | x |\n| `b`, `c` | `d` |\n\n## More\n| `e` | y |\n";
    assert_eq!(rows_of(made_up, "Modules"), ["a", "b", "c"]);
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

/// The files that each file uses. Who takes from the root what it may not is told of by another test.
fn uses(sources: &Sources) -> BTreeMap<Module, BTreeSet<Module>> {
    let used = |module| sources.named_by(module).into_iter().filter(|file| !file.is_empty()).collect();
    sources.0.keys().map(|module| (module.clone(), used(module))).collect()
}

/// The names that `source`, in the module at `path`, takes from the crate's root and that stand above it.
fn upward(layers: &[String], path: &[String], source: &str) -> Vec<String> {
    let place = |name: &str| layers.iter().position(|layer| layer == name);
    let Some(own) = place(&path[0]) else { return vec![format!("{} is not listed in lib.rs", path[0])] };
    let reached = names_from_root(&tokens(source), path.len());
    let outside = reached.into_iter().filter(|name| place(name).is_none_or(|found| found > own));
    outside.map(|name| format!("{} reaches up to {name}", path[0])).collect()
}

/// Public items whose types have the length of an array, and public constants that are no type's own.
fn rigid(tokens: &[String]) -> Vec<String> {
    let (mut faults, mut braces) = (vec![], 0);
    for at in 0..tokens.len() {
        match tokens[at].as_str() {
            "{" => braces += 1,
            "}" => braces -= 1,
            "pub" if tokens[at + 1] != "(" => {
                let words = ["const", "unsafe", "async", "static", "fn"];
                let item: Vec<_> =
                    tokens[at + 1..].iter().take_while(|token| words.contains(&token.as_str())).collect();
                let free = braces == 0 && item == ["const"];
                let typed = !["struct", "enum", "use", "mod", "trait"].contains(&tokens[at + 1].as_str());
                if free || typed && has_length(&tokens[at + 1 + item.len()..]) {
                    faults.push(tokens[at + 1 + item.len()].clone());
                }
            }
            _ => {}
        }
    }
    faults
}

/// Whether an array with its length stands in what is said of an item before its body or its value.
fn has_length(item: &[String]) -> bool {
    let mut open = vec![];
    for token in item {
        match token.as_str() {
            "(" | "[" | "<" => open.push(token.as_str()),
            ")" | "]" => while open.pop().is_some_and(|last| last == "<") {},
            ">" if open.last() == Some(&"<") => drop(open.pop()),
            ";" if open.last() == Some(&"[") => return true,
            "{" | ";" | "=" | "," | "}" if open.is_empty() => return false,
            _ => {}
        }
    }
    false
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
    let outside = [source().join("cli"), source().join("protocol"), source().join("lib.rs")];
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

/// What `lib.rs` gives on and the modules it opens, but those that only tests and the fuzzer see.
fn public_at_root(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut names, mut modules, mut braces) = (vec![], vec![], 0);
    for at in 0..tokens.len() {
        match tokens[at].as_str() {
            "{" => braces += 1,
            "}" => braces -= 1,
            "pub" if braces == 0 && tokens[at + 1] == "use" => {
                let mut paths = vec![];
                read_path(tokens, at + 3, vec![tokens[at + 2].clone()], &mut paths);
                names.extend(paths.into_iter().filter_map(|mut path| path.pop()));
            }
            "pub" if braces == 0 && tokens[at + 1] == "mod" && !is_for_tests(&tokens[..at]) => {
                modules.push(tokens[at + 2].clone());
            }
            _ => {}
        }
    }
    (names, modules)
}

fn modules_of_the_library(tokens: &[String]) -> Vec<String> {
    let declared = tokens.windows(3).enumerate().filter(|(_, window)| window[0] == "mod" && window[2] == ";");
    let seen = declared.filter(|(at, _)| !is_for_tests(&tokens[..*at]));
    seen.map(|(_, window)| window[1].clone()).collect()
}

/// Whether an item that begins here has `#[cfg(test)]` or `#[cfg(fuzzing)]` among its attributes.
fn is_for_tests(before: &[String]) -> bool {
    let item = before.iter().rposition(|token| token == ";" || token == "}").map_or(0, |at| at + 1);
    let is = |name: &str| before[item..].windows(4).any(|window| window == ["cfg", "(", name, ")"]);
    is("test") || is("fuzzing")
}

/// The first column of the table under this heading.
pub(crate) fn rows_of(design: &str, heading: &str) -> Vec<String> {
    let section = design.split("\n## ").map(|section| section.trim_start_matches("## "));
    let section = section
        .into_iter()
        .find(|section| section.strip_prefix(heading).is_some_and(|rest| rest.starts_with('\n')))
        .unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`').to_owned()).collect()
}
