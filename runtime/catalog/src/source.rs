//! A catalog file as text, and the places inside it.

use toml::Spanned;
use toml::de::DeTable;

use crate::mistake::Report;

/// One catalog file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// What mistakes call it: normally its path.
    pub name: String,
    /// Its contents: TOML.
    pub text: String,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The tables of the file, or nothing when it is not TOML; each mistake of syntax goes into `report`.
    pub(crate) fn tables(&self, report: &mut Report<'_>) -> Option<Spanned<DeTable<'_>>> {
        let (tables, errors) = DeTable::parse_recoverable(&self.text);
        for error in &errors {
            report.add(&error.span().unwrap_or(0..0), format!("this is not TOML: {}", error.message()));
        }
        errors.is_empty().then_some(tables)
    }

    /// Line and column of the byte `at`, both counted from 1.
    pub(crate) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        // Bytes that continue a character do not count: columns are characters.
        let column = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + 1;
        (line, column)
    }
}
