//! Where JSON went wrong, said so that an editor can jump there.

use crate::{Kind, Problem};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first line is 1.
    pub line: usize,
    /// In bytes; the first is 1.
    pub column: usize,
    /// From the beginning of the text; the first is 0.
    pub byte: usize,
}

impl Place {
    /// Where in `text` the error was noticed.
    pub fn of(text: &[u8], error: &serde_json::Error) -> Self {
        let (line, column) = (error.line().max(1), error.column());
        let start = start_of(text, line);
        if column == 0 && line > 1 {
            // The parser has just read a line feed, and counts it to the next line.
            let before = start_of(text, line - 1);
            return Self { line: line - 1, column: start - before, byte: start - 1 };
        }
        let column = column.max(1);
        Self { line, column, byte: start + column - 1 }
    }

    /// Adds the place to a problem, as `line`, `column` and `byte`.
    #[must_use]
    pub fn in_problem(self, problem: Problem) -> Problem {
        problem.with("line", self.line).with("column", self.column).with("byte", self.byte)
    }
}

/// The problem for text that is not the JSON it should be.
pub fn malformed(text: &[u8], error: &serde_json::Error) -> Problem {
    let place = Place::of(text, error);
    let kind = if error.is_data() { Kind::InvalidField } else { Kind::MalformedJson };
    let Place { line, column, byte } = place;
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    let detail = format!("{}: line {line}, column {column} (byte {byte}).", capital(what));
    place.in_problem(Problem::new(kind, detail))
}

/// Where the line begins, in bytes; the first line is 1.
fn start_of(text: &[u8], line: usize) -> usize {
    let Some(feeds_before) = line.checked_sub(2) else { return 0 };
    let mut feeds = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    feeds.nth(feeds_before).map_or(0, |(at, _)| at + 1)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests;
