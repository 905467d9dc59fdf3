//! `wasmill status`: how many jobs of each type are in which state.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::client::Call;
use crate::command::target::Target;
use crate::demo::spread::short;
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
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Lanes {
    pub(crate) lanes: Vec<Lane>,
}

/// One partition.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lane {
    topic: String,
    partition: u32,
    floor: u64,
    wanted: Option<u64>,
    next: u64,
    pub(crate) lag: u64,
    unsettled: u64,
}

/// The server's answer.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct MillStatus {
    pub(crate) types: Vec<TypeStatus>,
}

/// One type's jobs.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TypeStatus {
    #[serde(rename = "type")]
    pub(crate) job_type: String,
    pub(crate) accepted: u64,
    pub(crate) pending: u64,
    pub(crate) scheduled: u64,
    pub(crate) in_flight: u64,
    pub(crate) completed: u64,
    pub(crate) dead: u64,
    /// Attempts that ended in a retry.
    #[serde(default)]
    pub(crate) retried: u64,
    /// Claims whose lease ran out.
    #[serde(default)]
    pub(crate) lost: u64,
    /// As the routing table has it; `None` for a type that is no longer there.
    pub(crate) mode: Option<String>,
    /// How long jobs waited before they ran; `None` when none ran lately.
    pub(crate) wait_ms: Option<Percentiles>,
    /// How long attempts ran.
    pub(crate) run_ms: Option<Percentiles>,
}

/// Times in milliseconds that so many percent of all did not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p99: f64,
}

impl Lane {
    pub(crate) const HEADING: [&str; 6] = ["LANE", "FLOOR", "WANTED", "NEXT", "LAG", "UNSETTLED"];

    /// What a table says of it.
    pub(crate) fn cells(&self) -> [String; 6] {
        let name = format!("{}/{}", self.topic, self.partition);
        let wanted = self.wanted.map_or_else(|| "-".to_owned(), |wanted| wanted.to_string());
        let [floor, next, lag, unsettled] =
            [self.floor, self.next, self.lag, self.unsettled].map(|count| count.to_string());
        [name, floor, wanted, next, lag, unsettled]
    }
}

impl TypeStatus {
    /// Jobs that need no more work: completed or dead.
    pub(crate) fn ended(&self) -> u64 {
        self.completed + self.dead
    }
}

impl Percentiles {
    /// The time that hardly any exceeded, or `-`.
    pub(crate) fn show_p99(times: Option<&Self>) -> String {
        let time = times.and_then(|times| Duration::try_from_secs_f64(times.p99 / 1e3).ok());
        time.map_or_else(|| "-".to_owned(), short)
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
        let mut table = Table::new(Lane::HEADING);
        for lane in &lanes {
            table.row(lane.cells());
        }
        print(&table.render())
    }
}
