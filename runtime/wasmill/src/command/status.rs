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
    /// Show instead how far each partition of the log is on its way: carried to the queue, settled
    #[arg(long)]
    lanes: bool,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The server's answer about lanes.
#[derive(Debug, Deserialize)]
struct Lanes {
    lanes: Vec<Lane>,
}

/// One partition.
#[derive(Debug, Deserialize)]
struct Lane {
    topic: String,
    partition: u32,
    floor: u64,
    wanted: Option<u64>,
    next: u64,
    lag: u64,
    unsettled: u64,
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
        if self.lanes {
            return self.lanes().await;
        }
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

    async fn lanes(self) -> Result<()> {
        let answer = self.target.server()?.success(Call::get("/v1/lanes")).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let Lanes { lanes } = answer.read()?;
        if lanes.is_empty() {
            return print("no lanes: this mill has no log, or nothing in it yet\n");
        }
        let mut table = Table::new(["LANE", "FLOOR", "WANTED", "NEXT", "LAG", "UNSETTLED"]);
        for lane in &lanes {
            let name = format!("{}/{}", lane.topic, lane.partition);
            let wanted = lane.wanted.map_or_else(|| "-".to_owned(), |wanted| wanted.to_string());
            let [floor, next, lag, unsettled] =
                [lane.floor, lane.next, lane.lag, lane.unsettled].map(|count| count.to_string());
            table.row([name, floor, wanted, next, lag, unsettled]);
        }
        print(&table.render())
    }
}
