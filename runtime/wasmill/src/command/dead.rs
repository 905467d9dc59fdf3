//! `wasmill dead`: jobs that will not be tried again by themselves.

use clap::{Args, Subcommand};

use crate::command::target::Target;
use crate::failure::Result;

mod bulk;
mod groups;
mod list;
mod outcome;
mod purge;
mod redrive;
mod which;

/// List dead letters, count them by error, send them round again, or throw them away
#[derive(Debug, Args)]
pub(crate) struct Dead {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, Subcommand)]
enum DeadCommand {
    List(list::List),
    Groups(groups::Groups),
    Redrive(redrive::Redrive),
    Purge(purge::Purge),
}

/// Who answers, and in which form.
#[derive(Debug, Args)]
struct Answering {
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Dead {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            DeadCommand::List(list) => list.run().await,
            DeadCommand::Groups(groups) => groups.run().await,
            DeadCommand::Redrive(redrive) => redrive.run().await,
            DeadCommand::Purge(purge) => purge.run().await,
        }
    }
}
