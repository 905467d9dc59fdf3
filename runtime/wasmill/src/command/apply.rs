//! `wasmill apply`: shows what catalog files would change, and makes it so.

use std::path::PathBuf;

use anstyle::Style;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::client::{Call, Server};
use crate::command::target::Target;
use crate::failure::{Failure, Result};
use crate::terminal::{DIM, GREEN, RED, YELLOW, confirm, print, print_bytes, styled, tell};

/// Put catalog files over the routing table: show the difference, ask, write a new revision
///
/// Entries that the files name are added or changed; all others stay as they are.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Catalog files (TOML)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The request of `POST /v1/catalog/plan` and, with the last two, of `POST /v1/catalog/apply`.
#[derive(Debug, Serialize)]
pub(crate) struct Wanted {
    pub(crate) files: Vec<CatalogFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The revision the difference was shown against; another one means that somebody else was quicker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect_revision: Option<u64>,
}

/// A catalog file as it travels.
#[derive(Debug, Serialize)]
pub(crate) struct CatalogFile {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What applying would change.
#[derive(Debug, Deserialize)]
struct Plan {
    /// The revision the changes are relative to.
    current_revision: u64,
    changes: Vec<Change>,
}

/// One entry that differs.
#[derive(Debug, Deserialize)]
struct Change {
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

/// What applying made.
#[derive(Debug, Deserialize)]
struct Applied {
    revision: u64,
    #[serde(default)]
    warnings: Vec<String>,
}

impl Apply {
    pub(crate) async fn run(self) -> Result<()> {
        let files = read(&self.files)?;
        let server = self.target.server()?;
        let mut wanted = Wanted { files, message: None, expect_revision: None };
        let answer = server.success(Call::post("/v1/catalog/plan").json(&wanted)).await?;
        let plan: Plan = answer.read()?;
        if plan.changes.is_empty() {
            if self.json {
                return print_bytes(&answer.body);
            }
            return print(&format!("nothing to change; revision {} says the same\n", plan.current_revision));
        }
        let difference = plan.changes.iter().map(Change::render).collect::<String>();
        if self.json {
            tell(difference.trim_end());
        } else {
            print(&difference)?;
        }
        if !self.yes {
            confirm(
                &format!("Write this as revision {}?", plan.current_revision + 1),
                "Pass --yes to apply it.",
            )?;
        }
        wanted.message = self.message;
        wanted.expect_revision = Some(plan.current_revision);
        apply(&server, &wanted, self.json).await
    }
}

async fn apply(server: &Server, wanted: &Wanted, json: bool) -> Result<()> {
    let answer = server.success(Call::post("/v1/catalog/apply").json(wanted)).await?;
    if json {
        return print_bytes(&answer.body);
    }
    let applied: Applied = answer.read()?;
    for warning in &applied.warnings {
        tell(&format!("{}: {warning}", styled(YELLOW, "still to do")));
    }
    print(&format!("{} revision {}\n", styled(GREEN, "applied"), applied.revision))
}

fn read(files: &[PathBuf]) -> Result<Vec<CatalogFile>> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(&name, &error))?;
        Ok(CatalogFile { name, text })
    };
    files.iter().map(read).collect()
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
