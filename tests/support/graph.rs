//! Which files of a crate use which, and which of them do so in a circle.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{declared_modules, tokens};

/// The names of a module and of those around it; of the root, none.
pub(crate) type Module = Vec<String>;

/// The text of each file, by its module.
pub(crate) struct Sources(pub(crate) BTreeMap<Module, String>);

impl Sources {
    /// The files that a file names, but itself. Declaring a module and saying who may see something name nothing. What no file has is
    /// taken for the root's. Giving a name on is a use.
    pub(crate) fn named_by(&self, module: &Module) -> BTreeSet<Module> {
        let paths = paths(&tokens(&self.0[module]), module);
        let files = paths.into_iter().map(|mut path| {
            while !path.is_empty() && !self.0.contains_key(&path) {
                path.pop();
            }
            path
        });
        files.filter(|file| file != module).collect()
    }
}

/// Files that are used by what they use, together.
pub(crate) fn circles(uses: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<_, _> = uses.keys().map(|module| (module, reached_from(module, uses))).collect();
    let circle = |(module, below): (&&Module, &BTreeSet<Module>)| -> Vec<String> {
        let back = below.iter().filter(|other| reached.get(other).is_some_and(|other| other.contains(*module)));
        back.map(name_of).collect()
    };
    reached.iter().map(circle).filter(|circle| !circle.is_empty()).collect()
}

pub(crate) fn name_of(module: &Module) -> String {
    if module.is_empty() { "the root".into() } else { module.join("::") }
}

/// Everything that it uses, and that those use; itself, when it is in a circle.
fn reached_from(module: &Module, uses: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![module]);
    while let Some(module) = next.pop() {
        next.extend(uses.get(module).into_iter().flatten().filter(|used| reached.insert((*used).clone())));
    }
    reached
}

/// All paths that begin at the crate's root, above the file's module, or with a module that the file declares.
fn paths(tokens: &[String], module: &Module) -> Vec<Module> {
    let children = declared_modules(tokens);
    let (mut paths, mut around, mut braces, mut at) = (vec![], vec![], 0, 0);
    while at < tokens.len() {
        let is = |back: usize, wanted: &str| at >= back && tokens[at - back] == wanted;
        let here = || -> Module { module.iter().chain(around.iter().map(|(_, name)| name)).cloned().collect() };
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
            // A part of a path, or who may see something.
            _ if is(1, "::") || is(1, "in") && is(2, "(") && is(3, "pub") => {}
            "crate" | "super" if is(1, "(") && tokens.get(at + 1).is_some_and(|next| next == ")") => {}
            "crate" => read_path(tokens, at + 1, vec![], &mut paths),
            "self" => read_path(tokens, at + 1, here(), &mut paths),
            "super" => {
                let supers = tokens[at..].iter().step_by(2).take_while(|token| *token == "super").count();
                let mut above = here();
                above.truncate(above.len().saturating_sub(supers));
                read_path(tokens, at + 2 * supers - 1, above, &mut paths);
            }
            name if around.is_empty()
                && children.iter().any(|child| child == name)
                && tokens.get(at + 1).is_some_and(|next| next == "::") =>
            {
                let child = here().into_iter().chain([name.to_owned()]).collect();
                read_path(tokens, at + 1, child, &mut paths);
            }
            _ => {}
        }
        at += 1;
    }
    paths
}

/// Goes on with a path that has come this far, into each branch of a braced list.
pub(crate) fn read_path(tokens: &[String], at: usize, so_far: Module, paths: &mut Vec<Module>) {
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
