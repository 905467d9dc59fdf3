//! `wasmill apply`: shows what catalog files would change, and makes it so.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::client::Call;
use crate::command::change::{Change, commit, render};
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{confirm, print, print_bytes, tell};

/// Put catalog files over the routing table: show the difference, ask, write a new revision
///
/// Entries that the files name are added or changed; all others stay as they are. When somebody else changes the routing
/// table meanwhile, nothing is written, and the answer says what has changed.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Catalog files (TOML), or folders of which each *.toml is one
    #[arg(value_name = "FILE|DIR", required = true)]
    files: Vec<PathBuf>,
    /// Only show the difference; write nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
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
        if self.dry_run && self.json {
            return print_bytes(&answer.body);
        }
        let difference = render(&plan.changes);
        if self.json {
            tell(difference.trim_end());
        } else {
            print(&difference)?;
        }
        if self.dry_run {
            return Ok(());
        }
        if !self.yes {
            confirm(
                &format!("Write this as revision {}?", plan.current_revision + 1),
                "Pass --yes to apply it.",
            )?;
        }
        wanted.message = self.message;
        wanted.expect_revision = Some(plan.current_revision);
        commit(&server, Call::post("/v1/catalog/apply").json(&wanted), self.json).await
    }
}

/// The files, and those of the folders.
fn read(paths: &[PathBuf]) -> Result<Vec<CatalogFile>> {
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(&name, &error))?;
        Ok(CatalogFile { name, text })
    };
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { files.extend(catalog_files(path)?) } else { files.push(path.clone()) }
    }
    files.iter().map(read).collect()
}

/// The *.toml of a folder, in the order of their names.
fn catalog_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let name = folder.display();
    let listed = std::fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let listed = listed.map_err(|error| Failure::unreadable(&name.to_string(), &error))?;
    let paths = listed.into_iter().map(|entry| entry.path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(Exit::Usage, format_args!("there is no *.toml in the folder {name}.")));
    }
    Ok(files)
}
