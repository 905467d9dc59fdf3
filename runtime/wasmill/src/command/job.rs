//! `wasmill job`: one job, or the jobs in one state.

use clap::{Args, Subcommand};
use serde::Deserialize;
use wasmill_job::{JobId, JobType};

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::Result;
use crate::terminal::{print, print_bytes};
use view::JobView;

mod find;
mod list;
mod payload;
mod row;
pub(crate) mod view;

/// Look at one job, find it by its id, cancel it, or list the jobs in one state
#[derive(Debug, Args)]
pub(crate) struct Job {
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Debug, Subcommand)]
enum JobCommand {
    /// Show a job: state, attempts, output, error, logs of the last attempt
    Show {
        #[command(flatten)]
        which: Which,
        /// The receipt that came with the id: tells "accepted, not relayed yet" from "never seen"
        #[arg(long, value_name = "RECEIPT")]
        receipt: Option<String>,
        /// Print only the output, byte for byte
        #[arg(long, conflicts_with = "json")]
        output: bool,
    },
    Payload(payload::Payload),
    /// Cancel a job that is not done; one in flight is interrupted
    Cancel {
        #[command(flatten)]
        which: Which,
    },
    List(list::List),
    Find(find::Find),
}

/// The answer to a cancel: `cancelling` or `cancelled`.
#[derive(Debug, Deserialize)]
struct Cancelling {
    state: String,
}

/// A job.
#[derive(Debug, Args)]
struct Which {
    #[arg(value_name = "TYPE")]
    job_type: JobType,
    #[arg(value_name = "ID")]
    id: JobId,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Job {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            JobCommand::Show { which, receipt, output } => which.show(receipt, output).await,
            JobCommand::Payload(payload) => payload.run().await,
            JobCommand::Cancel { which } => which.cancel().await,
            JobCommand::List(list) => list.run().await,
            JobCommand::Find(find) => find.run().await,
        }
    }
}

impl Which {
    async fn show(self, receipt: Option<String>, output: bool) -> Result<()> {
        let mut call = Call::get(self.path());
        if let Some(receipt) = receipt {
            call = call.query("receipt", &receipt);
        }
        let answer = self.target.server()?.success(call).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let view: JobView = answer.read()?;
        if output { view.print_output() } else { print(&view.render()) }
    }

    async fn cancel(self) -> Result<()> {
        let answer = self.target.server()?.success(Call::delete(self.path())).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let cancelling: Cancelling = answer.read()?;
        print(&format!("{} {}\n", cancelling.state, self.id))
    }

    fn path(&self) -> String {
        format!("/v1/jobs/{}/{}", self.job_type, self.id)
    }
}
