//! What a server says of tokens.

use serde::Deserialize;

use crate::command::job::view::moment;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{BOLD, print, styled};

/// A token with its secret.
#[derive(Deserialize)]
pub(super) struct Made {
    name: String,
    token: String,
    roles: Vec<String>,
    types: Vec<String>,
    expires_at_ms: Option<u64>,
    previous_until_ms: Option<u64>,
}

/// All tokens.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    tokens: Vec<Row>,
}

/// One of them.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    roles: Vec<String>,
    types: Vec<String>,
    source: String,
    created_by: Option<String>,
    expires_at_ms: Option<u64>,
    last_used_at_ms: Option<u64>,
}

impl Made {
    pub(super) fn show(&self) -> Result<()> {
        let Self { name, token, roles, types, .. } = self;
        let end = self.expires_at_ms.map_or_else(String::new, |at| format!(", until {}", moment(at)));
        let previous = self
            .previous_until_ms
            .map_or_else(String::new, |at| format!("\nThe one before it is valid until {}.\n", moment(at)));
        print(&format!(
            "The token {name}, shown this once ({}; types {}{end}):\n\n{}\n{previous}",
            roles.join(", "),
            types.join(", "),
            styled(BOLD, token)
        ))
    }
}

impl Tokens {
    pub(super) fn show(self) -> Result<()> {
        if self.tokens.is_empty() {
            return print("no tokens: this mill lets in everybody who reaches it\n");
        }
        let mut table = Table::new(["TOKEN", "ROLES", "TYPES", "FROM", "BY", "EXPIRES", "LAST USED"]);
        let when = |at: Option<u64>, never: &str| at.map_or_else(|| never.to_owned(), moment);
        for row in self.tokens {
            table.row([
                row.name,
                row.roles.join(","),
                row.types.join(","),
                row.source,
                row.created_by.unwrap_or_else(|| "-".to_owned()),
                when(row.expires_at_ms, "never"),
                when(row.last_used_at_ms, "-"),
            ]);
        }
        print(&table.render())
    }
}
