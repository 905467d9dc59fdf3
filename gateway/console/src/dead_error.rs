//! Errors of dead letters that are the same but for their numbers: what letters are grouped and chosen by. Pure.

use wasmill_job::DeadLetter;

/// Which errors are meant; without a member, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorFilter {
    /// The failure's code.
    pub(crate) code: Option<String>,
    /// The shape of its message.
    pub(crate) shape: Option<String>,
}

/// A shape is at most so long, in characters.
const SHAPE_CHARS: usize = 160;

/// What a run of digits becomes.
const NUMBER: char = '#';

impl ErrorFilter {
    pub(crate) fn holds(&self, letter: &DeadLetter) -> bool {
        let failure = &letter.failure;
        self.code.as_ref().is_none_or(|code| code == failure.code.as_str())
            && self.shape.as_ref().is_none_or(|wanted| *wanted == shape(&failure.message))
    }
}

/// The shape of a message: its beginning, with `#` for each word that holds a digit and is a number or an id (letters `a` to
/// `f`, digits, dashes), and for each run of digits in other words. The shape of a shape is itself.
pub(crate) fn shape(message: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '-';
    let mut shape = String::new();
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        if !is_word(first) {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        push_word(&mut shape, word);
        rest = after;
    }
    shape.chars().take(SHAPE_CHARS).collect()
}

fn push_word(shape: &mut String, word: &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_id = word.contains(is_digit) && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if is_id {
        shape.push(NUMBER);
        return;
    }
    let mut in_digits = false;
    for c in word.chars() {
        if !is_digit(c) {
            shape.push(c);
        } else if !in_digits {
            shape.push(NUMBER);
        }
        in_digits = is_digit(c);
    }
}

#[cfg(test)]
mod tests;
