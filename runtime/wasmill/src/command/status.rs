//! `wasmill status`: how many jobs of each type are in which state.

use clap::Args;
use serde::Deserialize;

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes};

/// Show how many jobs of each type are accepted, pending, scheduled, in flight, completed and dead
///
/// Pending, scheduled, in flight and dead are jobs that are there now; accepted and completed count since the queue
/// was last built from the log.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The server's answer.
#[derive(Debug, Deserialize)]
pub(crate) struct MillStatus {
    pub(crate) types: Vec<TypeStatus>,
}

/// One type's jobs.
#[derive(Debug, Deserialize)]
pub(crate) struct TypeStatus {
    #[serde(rename = "type")]
    pub(crate) job_type: String,
    pub(crate) accepted: u64,
    pub(crate) pending: u64,
    pub(crate) scheduled: u64,
    pub(crate) in_flight: u64,
    pub(crate) completed: u64,
    pub(crate) dead: u64,
}

impl TypeStatus {
    /// Jobs that need no more work: completed or dead.
    pub(crate) fn ended(&self) -> u64 {
        self.completed + self.dead
    }
}

impl Status {
    pub(crate) async fn run(self) -> Result<()> {
        let answer = self.target.server()?.success(Call::get("/v1/status")).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let status: MillStatus = answer.read()?;
        if status.types.is_empty() {
            return print("no job types yet: `wasmill deploy` a module, then `wasmill apply` a route\n");
        }
        let mut table =
            Table::new(["TYPE", "ACCEPTED", "PENDING", "SCHEDULED", "IN_FLIGHT", "COMPLETED", "DEAD"]);
        for row in &status.types {
            let counts = [row.accepted, row.pending, row.scheduled, row.in_flight, row.completed, row.dead];
            let [a, b, c, d, e, f] = counts.map(|count| count.to_string());
            table.row([row.job_type.clone(), a, b, c, d, e, f]);
        }
        print(&table.render())
    }
}
