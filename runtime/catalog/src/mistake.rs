//! A mistake in a catalog file: what is wrong, where, and what to do about it.

use std::fmt;
use std::ops::Range;

use crate::SourceFile;

/// One mistake. Shown as `file:line:column: message`, which editors and terminals turn into a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file's name, as it was given.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
    /// Counts characters from 1.
    pub column: usize,
    /// A sentence that says what to do.
    pub message: String,
}

/// Every mistake of a set of files: in the order of the files, then of their lines. Never empty as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

/// Collects the mistakes of one file.
pub(crate) struct Report<'f> {
    file: &'f SourceFile,
    found: Vec<Mistake>,
}

impl<'f> Report<'f> {
    pub(crate) fn new(file: &'f SourceFile) -> Self {
        Self { file, found: Vec::new() }
    }

    /// Notes a mistake at the bytes `span` of the file.
    pub(crate) fn add(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let (line, column) = self.file.line_and_column(span.start);
        self.found.push(Mistake { file: self.file.name.clone(), line, column, message: message.into() });
    }

    /// The mistakes in the order of their places.
    pub(crate) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|mistake| (mistake.line, mistake.column));
        self.found
    }
}

/// `; did you mean …?` when something known is close to `wrong`, else nothing.
pub(crate) fn did_you_mean<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    /// Swapped, missing or doubled letters score above this; unrelated words below.
    const CLOSE: f64 = 0.84;
    let score = |name: &'k str| (strsim::jaro_winkler(wrong, name), name);
    let best =
        known.into_iter().map(score).filter(|(score, _)| *score > CLOSE).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}
