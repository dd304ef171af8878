//! A command line taken apart into words, as a shell would do it that expands nothing.

/// Splits a command line (docs/key-sources.md, Command lines).
///
/// It is a JSON array of texts, or words separated by white space. In words, `'...'` is taken as it stands, `"..."` with
/// `\"` and `\\` inside it, and a backslash elsewhere takes the next character as it stands. Nothing is expanded, so what a
/// shell would act upon is refused unless it stands in single quotes or behind a backslash.
pub(super) fn split(line: &str) -> Result<Vec<String>, CommandLineError> {
    let words = if line.trim_start().starts_with('[') { from_json(line)? } else { from_words(line)? };
    match words.first() {
        None => Err(CommandLineError::Empty),
        Some(program) if program.is_empty() => Err(CommandLineError::Empty),
        _ if words.iter().any(|word| word.contains('\0')) => Err(CommandLineError::Zero),
        _ => Ok(words),
    }
}

/// Why a text is no command line. Holds nothing of it but one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandLineError {
    /// It ends with a backslash.
    #[error("it ends with a backslash")]
    Backslash,
    /// There is nothing to start.
    #[error("it names no program")]
    Empty,
    /// It begins like JSON, and is no array of texts.
    #[error("it is no JSON array of texts")]
    Json,
    /// It is not UTF-8.
    #[error("it is not text")]
    NotText,
    /// A quote is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// A shell would do something with this character, and there is none.
    #[error("no shell runs it, so '{0}' means nothing: put it into single quotes")]
    Shell(char),
    /// It holds a zero byte.
    #[error("it holds a zero byte")]
    Zero,
}

fn from_json(line: &str) -> Result<Vec<String>, CommandLineError> {
    serde_json::from_str(line).map_err(|_| CommandLineError::Json)
}

fn from_words(line: &str) -> Result<Vec<String>, CommandLineError> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (vec![], None);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(CommandLineError::Backslash)?),
            c if SHELL.contains(c) || (word.is_none() && SHELL_AT_START.contains(c)) => {
                return Err(CommandLineError::Shell(c));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), CommandLineError> {
    loop {
        match rest.next().ok_or(CommandLineError::Quote)? {
            '\'' => return Ok(()),
            c => word.push(c),
        }
    }
}

fn double_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), CommandLineError> {
    loop {
        match rest.next().ok_or(CommandLineError::Quote)? {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or(CommandLineError::Quote)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c @ ('$' | '`') => return Err(CommandLineError::Shell(c)),
            c => word.push(c),
        }
    }
}

/// What a shell acts upon anywhere outside of quotes, and at the beginning of a word.
const SHELL: &str = "|&;<>()$`*?[]{}";
const SHELL_AT_START: &str = "~#!";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_would_that_expands_nothing() {
        let cases: [(&str, &[&str]); 12] = [
            ("pass show keys", &["pass", "show", "keys"]),
            ("  pass\tshow\n keys ", &["pass", "show", "keys"]),
            ("pass 'show it' \"the \\\"keys\\\"\"", &["pass", "show it", "the \"keys\""]),
            (r"cat /a\ b '\n' \$HOME", &["cat", "/a b", r"\n", "$HOME"]),
            (r#"p "a\b" "c\\""#, &["p", r"a\b", r"c\"]),
            ("p '$HOME' '|' '*' '~'", &["p", "$HOME", "|", "*", "~"]),
            ("p a'b'\"c\"d ''", &["p", "abcd", ""]),
            ("env A=1 B=~ x#y p!", &["env", "A=1", "B=~", "x#y", "p!"]),
            ("é ü", &["é", "ü"]),
            (r#"["pass", "show it", "", "$HOME"]"#, &["pass", "show it", "", "$HOME"]),
            (" [\"p\"] ", &["p"]),
            (r#"["\u0070"]"#, &["p"]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).expect(line), words, "{line}");
        }
    }

    #[test]
    fn what_is_no_command_line_is_refused() {
        use CommandLineError as E;
        let cases = [
            ("", E::Empty),
            (" \n", E::Empty),
            ("''", E::Empty),
            ("[]", E::Empty),
            (r#"["", "a"]"#, E::Empty),
            ("p 'a", E::Quote),
            ("p \"a", E::Quote),
            ("p \"a\\", E::Quote),
            ("p a\\", E::Backslash),
            ("[1]", E::Json),
            ("[\"a\"", E::Json),
            ("[\"a\"] b", E::Json),
            (r#"["p", "\u0000"]"#, E::Zero),
            ("p a | b", E::Shell('|')),
            ("p && q", E::Shell('&')),
            ("p; q", E::Shell(';')),
            ("p > f", E::Shell('>')),
            ("p $HOME", E::Shell('$')),
            ("p \"$HOME\"", E::Shell('$')),
            ("p `q`", E::Shell('`')),
            ("p $(q)", E::Shell('$')),
            ("p *.key", E::Shell('*')),
            ("p {a,b}", E::Shell('{')),
            ("p ~/keys", E::Shell('~')),
            ("p #keys", E::Shell('#')),
        ];
        for (line, error) in cases {
            assert_eq!(split(line), Err(error), "{line}");
        }
    }
}
