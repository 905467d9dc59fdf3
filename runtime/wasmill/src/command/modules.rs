//! `wasmill modules`: the modules in the artifact store, and what a module is.

use bytesize::ByteSize;
use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use wasmill_job::ModuleTag;

use crate::client::{Answer, Call};
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::record::render;
use crate::table::Table;
use crate::terminal::{GREEN, confirm, print, print_bytes, styled, tell};

mod inspect;
mod portrait;

/// See what a module is; list the modules in the store, show one, give it a version, or delete those that nothing needs
#[derive(Debug, Args)]
pub(crate) struct Modules {
    #[command(subcommand)]
    command: ModulesCommand,
}

#[derive(Debug, Subcommand)]
enum ModulesCommand {
    Inspect(inspect::Inspect),
    /// List the modules: their versions, and the job types that run them
    List {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show one module
    Show {
        /// A version such as welcome@1.4.2, or a digest or its beginning
        #[arg(value_name = "MODULE")]
        module: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Give a module that is there another version, without an upload
    ///
    /// A version points to the same bytes for ever: what was tried as welcome@1.5.0-rc.1 is released as welcome@1.5.0.
    Tag {
        /// A version such as welcome@1.5.0-rc.1, or a digest or its beginning
        #[arg(value_name = "MODULE")]
        module: String,
        /// The new version, NAME@VERSION
        #[arg(value_name = "NAME@VERSION")]
        tag: ModuleTag,
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Delete modules that nothing needs: show them, ask, delete
    ///
    /// Without names, those that none of the newest revisions names and that are not new. Tags stay: a tag points to the same
    /// bytes for ever, and deploying those again brings the module back.
    Prune(Prune),
}

#[derive(Debug, Args)]
struct Prune {
    /// Only these, by version or digest; refused for one that the routing table names
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
    /// Keep what one of so many newest revisions names, so that a rollback to it is possible
    #[arg(long, value_name = "N", default_value_t = 10)]
    keep_revisions: u64,
    /// Keep modules that are younger
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = humantime::parse_duration)]
    min_age: std::time::Duration,
    /// Only show which they are
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The answer of `GET /v1/modules`.
#[derive(Debug, Deserialize)]
struct List {
    modules: Vec<Row>,
}

/// The answer of `POST /v1/modules/prune`.
#[derive(Debug, Deserialize)]
struct Pruned {
    pruned: Vec<Row>,
}

/// One module.
#[derive(Debug, Deserialize)]
struct Row {
    digest: String,
    size_bytes: u64,
    stored_at_ms: u64,
    tags: Vec<String>,
    used_by: Vec<String>,
}

/// The request of `POST /v1/modules/prune`.
#[derive(Debug, Serialize)]
struct Wanted {
    modules: Vec<String>,
    keep_revisions: u64,
    min_age_s: u64,
    dry_run: bool,
}

/// As much of a digest as a table shows.
const SHOWN: usize = 12;

impl Modules {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            ModulesCommand::Inspect(inspect) => inspect.run().await,
            ModulesCommand::List { json, target } => {
                let answer = target.server()?.success(Call::get("/v1/modules")).await?;
                if json {
                    return print_bytes(&answer.body);
                }
                let List { modules } = answer.read()?;
                if modules.is_empty() {
                    return print("no modules yet: `wasmill deploy` one\n");
                }
                print(&table(&modules))
            }
            ModulesCommand::Show { module, json, target } => {
                let answer = target.server()?.success(Call::get("/v1/modules")).await?;
                let entry = find(&answer, &module)?;
                if json { print(&format!("{entry}\n")) } else { print(&render(&entry)) }
            }
            ModulesCommand::Tag { module, tag, json, target } => {
                let server = target.server()?;
                let answer = server.success(Call::get("/v1/modules")).await?;
                let entry = find(&answer, &module)?;
                let digest = entry["digest"].as_str().unwrap_or_default();
                let name = utf8_percent_encode(tag.as_str(), NON_ALPHANUMERIC);
                let answer = server.success(Call::put(format!("/v1/modules/{digest}/tags/{name}"))).await?;
                if json {
                    return print_bytes(&answer.body);
                }
                let shown = digest.get(..SHOWN).unwrap_or(digest);
                print(&format!("{} {tag} points to {shown}\n", styled(GREEN, "tagged:")))
            }
            ModulesCommand::Prune(prune) => prune.run().await,
        }
    }
}

impl Prune {
    async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        let mut wanted = Wanted {
            modules: self.modules,
            keep_revisions: self.keep_revisions,
            min_age_s: self.min_age.as_secs(),
            dry_run: true,
        };
        let answer = server.success(Call::post("/v1/modules/prune").json(&wanted)).await?;
        let Pruned { pruned } = answer.read()?;
        if self.json && (self.dry_run || pruned.is_empty()) {
            return print_bytes(&answer.body);
        }
        if pruned.is_empty() {
            return print("nothing to prune: every module is needed, or too young\n");
        }
        if self.json {
            tell(table(&pruned).trim_end());
        } else {
            print(&table(&pruned))?;
        }
        if self.dry_run {
            return Ok(());
        }
        if !self.yes {
            confirm(&format!("Delete these {}?", pruned.len()), "Pass --yes to delete them.")?;
        }
        // What was shown, and nothing that has become unneeded since.
        wanted.modules = pruned.into_iter().map(|row| row.digest).collect();
        wanted.dry_run = false;
        let answer = server.success(Call::post("/v1/modules/prune").json(&wanted)).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let Pruned { pruned } = answer.read()?;
        let what = if pruned.len() == 1 { "module" } else { "modules" };
        print(&format!("{} {} {what}\n", styled(GREEN, "deleted"), pruned.len()))
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(["MODULE", "SIZE", "STORED", "VERSIONS", "USED BY"]);
    let list = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    for row in rows {
        let digest = row.digest.get(..SHOWN).unwrap_or(&row.digest).to_owned();
        let size = ByteSize(row.size_bytes).display().iec().to_string();
        table.row([digest, size, moment(row.stored_at_ms), list(&row.tags), list(&row.used_by)]);
    }
    table.render()
}

/// The module with this version, this digest, or the only one whose digest begins so.
fn find(answer: &Answer, name: &str) -> Result<serde_json::Value> {
    let whole: serde_json::Value = answer.read()?;
    let modules: Vec<_> = whole["modules"].as_array().cloned().unwrap_or_default();
    let has_tag = |module: &serde_json::Value| {
        module["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| *tag == *name))
    };
    let begins =
        |module: &serde_json::Value| module["digest"].as_str().is_some_and(|digest| digest.starts_with(name));
    let mut found: Vec<_> = modules.iter().filter(|module| has_tag(module)).collect();
    if found.is_empty() {
        found = modules.iter().filter(|module| begins(module)).collect();
    }
    match found.as_slice() {
        [module] => Ok((*module).clone()),
        [] => Err(Failure::new(Exit::No, format_args!("there is no module `{name}` in the store."))
            .advise("`wasmill modules list` shows what there is.")),
        several => {
            let count = several.len();
            Err(Failure::new(
                Exit::No,
                format_args!("{count} modules begin with `{name}`; write more of it."),
            ))
        }
    }
}
