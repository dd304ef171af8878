//! Mistakes in the arguments, told without repeating values: one of them may be a secret that went astray.

use std::error::Error;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args;
use crate::exit::Exit;
use crate::terminal::Terminal;
use crate::told::Told;

/// Prints help or the version, or says what is wrong.
pub(crate) fn explain(error: &clap::Error, terminal: &mut Terminal) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let printed = terminal.raw(&error.render().to_string()).and_then(|()| terminal.finish());
            if printed.is_ok() {
                return Exit::Success;
            }
            let told = Told::new(Exit::OutputFailed, "output-failed", "cannot write to standard output");
            terminal.failure(&told);
            told.exit
        }
        _ => {
            let told = told(error);
            terminal.failure(&told);
            told.exit
        }
    }
}

/// Whether `--json` stands among the arguments, when they cannot be parsed.
pub(crate) fn wants_json() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

fn told(error: &clap::Error) -> Told {
    let names = texts(error, ContextKind::InvalidArg);
    let option = names.first().map_or("an argument", String::as_str);
    let message = match error.kind() {
        ErrorKind::UnknownArgument => match names.first().map(|name| name.split('=').next().unwrap_or_default()) {
            Some(name) if is_word(name) && name.starts_with('-') => format!("there is no option {name} here"),
            _ => "there is an argument too many (not repeated here, in case it is a secret)".into(),
        },
        ErrorKind::InvalidSubcommand => match texts(error, ContextKind::InvalidSubcommand).first() {
            Some(name) if is_word(name) => format!("there is no command {name}"),
            _ => "there is no such command".into(),
        },
        ErrorKind::InvalidValue => {
            let allowed = texts(error, ContextKind::ValidValue).join(", ");
            if allowed.is_empty() {
                format!("{option} needs a value")
            } else {
                format!("{option} is one of: {allowed}")
            }
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map_or_else(|| "it cannot be read".into(), ToString::to_string);
            format!("the value of {option}: {why}")
        }
        ErrorKind::MissingRequiredArgument => format!("missing: {}", names.join(", ")),
        ErrorKind::ArgumentConflict => {
            let prior = texts(error, ContextKind::PriorArg).join(", ");
            if prior.is_empty() || names.contains(&prior) {
                format!("{option} is given more than once")
            } else {
                format!("{option} cannot stand beside {prior}")
            }
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("a command is missing: {}", commands())
        }
        kind => kind.as_str().unwrap_or("the arguments cannot be read").to_owned(),
    };
    Told::new(Exit::Usage, "usage", message).hint(hint(error))
}

fn hint(error: &clap::Error) -> String {
    let similar = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let similar: Vec<_> =
        similar.into_iter().flat_map(|kind| texts(error, kind)).filter(|word| !is_hidden(word)).collect();
    let verb = verb();
    if similar.is_empty() {
        format!("`strongroom{verb} --help`")
    } else {
        format!("{}? `strongroom{verb} --help`", similar.join(", "))
    }
}

/// The verb typed, for the hint.
fn verb() -> String {
    typed(|verbs, _| verbs.iter().flat_map(|verb| [" ", verb]).collect())
}

/// What only the program itself types is no suggestion.
fn is_hidden(word: &str) -> bool {
    args::whole().find_subcommand(word).is_some_and(Command::is_hide_set)
}

/// What may follow the verb typed.
fn commands() -> String {
    typed(|_, known| {
        known.get_subcommands().filter(|verb| !verb.is_hide_set()).map(Command::get_name).collect::<Vec<_>>().join(", ")
    })
}

fn typed<T>(tell: impl FnOnce(&[&str], &Command) -> T) -> T {
    let command = args::whole();
    let (mut known, mut verbs) = (&command, vec![]);
    for word in std::env::args_os().skip(1) {
        if let Some(found) = known.find_subcommand(&word) {
            verbs.push(found.get_name());
            known = found;
        }
    }
    tell(&verbs, known)
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => vec![],
    }
}

/// Nothing secret looks like this: tokens and keys have digits and capitals.
fn is_word(text: &str) -> bool {
    text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
