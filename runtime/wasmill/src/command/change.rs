//! Changes of the routing table, as the server tells them: shown in colour, and made.

use anstyle::Style;
use serde::Deserialize;

use crate::client::{Call, Server};
use crate::failure::Result;
use crate::terminal::{DIM, GREEN, RED, YELLOW, print, print_bytes, styled, tell};

/// One entry that differs.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    subject: String,
    kind: ChangeKind,
    fields: Vec<FieldChange>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChangeKind {
    Added,
    Changed,
    Removed,
}

/// One field that differs.
#[derive(Debug, Deserialize)]
struct FieldChange {
    path: String,
    old: Option<String>,
    new: Option<String>,
}

/// What a change has made.
#[derive(Debug, Deserialize)]
pub(crate) struct Applied {
    pub(crate) revision: u64,
    #[serde(default)]
    warnings: Vec<String>,
}

/// Entry by entry, field by field.
pub(crate) fn render(changes: &[Change]) -> String {
    changes.iter().map(Change::render).collect()
}

/// Asks the server to make a change, and says which revision it became.
///
/// # Errors
/// When the server refuses it, in its own words.
pub(crate) async fn commit(server: &Server, call: Call, json: bool) -> Result<()> {
    let answer = server.success(call).await?;
    if json {
        return print_bytes(&answer.body);
    }
    let applied: Applied = answer.read()?;
    applied.warn();
    print(&format!("{} revision {}\n", styled(GREEN, "applied"), applied.revision))
}

impl Applied {
    /// Tells what is still to be done.
    pub(crate) fn warn(&self) {
        for warning in &self.warnings {
            tell(&format!("{}: {warning}", styled(YELLOW, "still to do")));
        }
    }
}

impl Change {
    /// A coloured heading, then a line per field.
    fn render(&self) -> String {
        let (sign, style) = match self.kind {
            ChangeKind::Added => ('+', GREEN),
            ChangeKind::Changed => ('~', YELLOW),
            ChangeKind::Removed => ('-', RED),
        };
        let mut text = format!("{}\n", styled(style, format_args!("{sign} {}", self.subject)));
        for field in &self.fields {
            text.push_str(&field.render());
        }
        text
    }
}

impl FieldChange {
    fn render(&self) -> String {
        let show = |style: Style, value: &Option<String>| value.as_ref().map(|value| styled(style, value));
        let values = match (show(RED, &self.old), show(GREEN, &self.new)) {
            (Some(old), Some(new)) => format!("{old} → {new}"),
            (None, Some(new)) => new,
            (Some(old), None) => format!("{old} → {}", styled(DIM, "(none)")),
            (None, None) => styled(DIM, "(none)"),
        };
        format!("    {}: {values}\n", self.path)
    }
}
