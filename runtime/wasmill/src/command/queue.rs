//! `wasmill queue`: the queue itself.

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{GREEN, print, print_bytes, styled};

/// Check the queue
#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Prove that each job is in exactly one place, and that every count is what it counts
    ///
    /// Looks at every job, so it takes its time in a long queue. Ends with 1 when it finds a fault.
    Check {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
}

/// What the check found.
#[derive(Debug, Deserialize)]
struct Checked {
    jobs: u64,
    faults: Vec<String>,
}

impl Queue {
    pub(crate) async fn run(self) -> Result<()> {
        let QueueCommand::Check { json, target } = self.command;
        let answer = target.server()?.success(Call::post("/v1/queue/check")).await?;
        let Checked { jobs, faults } = answer.read()?;
        if json {
            print_bytes(&answer.body)?;
        } else if faults.is_empty() {
            print(&format!("{} {jobs} jobs, each in one place\n", styled(GREEN, "sound")))?;
        } else {
            faults.iter().try_for_each(|fault| print(&format!("{fault}\n")))?;
        }
        match faults.len() {
            0 => Ok(()),
            1 => Err(Failure::new(Exit::No, format_args!("one fault among {jobs} jobs."))),
            count => Err(Failure::new(Exit::No, format_args!("{count} faults among {jobs} jobs."))),
        }
    }
}
