//! `wasmill types`: the job types of the routing table.

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::Call;
use crate::command::change::commit;
use crate::command::routes::{HandlerRow, entry_of, if_match, routes};
use crate::command::target::Target;
use crate::failure::Result;
use crate::record::render;
use crate::table::Table;
use crate::terminal::{confirm, print, print_bytes};
use mode::Switch;

mod mode;

/// List the job types of the routing table, show one, pause or resume it, switch it off, or delete it
#[derive(Debug, Args)]
pub(crate) struct JobTypes {
    #[command(subcommand)]
    command: JobTypesCommand,
}

#[derive(Debug, Subcommand)]
enum JobTypesCommand {
    /// List the job types: where their jobs go, how far they are switched on, which modules run them
    List {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show all that the routing table says about one job type
    Show {
        /// The job type
        #[arg(value_name = "TYPE")]
        name: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Pause a job type: its jobs are accepted and kept, and none is taken
    ///
    /// A catalog file that says another mode changes it back when it is applied.
    Pause(Switch),
    /// Go back to the mode that a job type had before it was paused or switched off
    ///
    /// The mode is looked for in the last revisions of the routing table; where none of them tells, it is `live`.
    Resume(Switch),
    /// Switch a job type off: no new jobs are accepted, and those that are there still run
    ///
    /// A catalog file that says another mode changes it back when it is applied.
    Off(Switch),
    /// Delete a job type that is off and has no jobs left
    ///
    /// Switch it off first, and wait until its jobs have run.
    Delete {
        /// The job type
        #[arg(value_name = "TYPE")]
        name: String,
        #[command(flatten)]
        deletion: Deletion,
        #[command(flatten)]
        target: Target,
    },
}

/// How an entry is deleted.
#[derive(Debug, Args)]
pub(crate) struct Deletion {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
}

impl JobTypes {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            JobTypesCommand::List { json, target } => list(json, &target).await,
            JobTypesCommand::Show { name, json, target } => show("types", "type", &name, json, &target).await,
            JobTypesCommand::Pause(switch) => switch.give("paused").await,
            JobTypesCommand::Resume(switch) => switch.resume().await,
            JobTypesCommand::Off(switch) => switch.give("off").await,
            JobTypesCommand::Delete { name, deletion, target } => {
                deletion.run("types", "job type", &name, &target).await
            }
        }
    }
}

async fn list(json: bool, target: &Target) -> Result<()> {
    let (routes, answer) = routes(&target.server()?).await?;
    if json {
        return print_bytes(&answer.body);
    }
    if routes.types.is_empty() {
        return print("no job types yet: `wasmill deploy` a module, then `wasmill apply` a route\n");
    }
    let mut table = Table::new(["TYPE", "OWNER", "QUEUE", "PATH", "MODE", "HANDLERS"]);
    for row in routes.types {
        let handlers: Vec<_> = row.handlers.iter().map(HandlerRow::show).collect();
        let owner = row.owner.unwrap_or_else(|| "-".to_owned());
        table.row([row.name, owner, row.queue, row.path, row.mode, handlers.join(" + ")]);
    }
    print(&table.render())
}

/// Shows one entry of the routing table.
pub(crate) async fn show(list: &str, key: &str, name: &str, json: bool, target: &Target) -> Result<()> {
    let (_, answer) = routes(&target.server()?).await?;
    let entry = entry_of(&answer, list, key, name)?;
    if json { print(&format!("{entry}\n")) } else { print(&render(&entry)) }
}

impl Deletion {
    /// Deletes the entry `name` of a list of the routing table.
    pub(crate) async fn run(self, list: &str, what: &str, name: &str, target: &Target) -> Result<()> {
        let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let path = format!("/v1/catalog/{list}/{encoded}");
        self.of(path, &format!("Delete {what} {name}?"), target).await
    }

    /// Deletes what stands at `path`, once `question` is answered.
    pub(crate) async fn of(self, path: String, question: &str, target: &Target) -> Result<()> {
        let server = target.server()?;
        let (routes, _) = routes(&server).await?;
        if !self.yes {
            confirm(question, "Pass --yes to do it.")?;
        }
        let mut call = Call::delete(path);
        if let Some(message) = &self.message {
            call = call.query("message", message);
        }
        commit(&server, if_match(call, routes.revision), self.json).await
    }
}
