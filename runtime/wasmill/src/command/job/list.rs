//! `wasmill job list`: the jobs in one state, page after page.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use wasmill_job::JobType;

use crate::client::Call;
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::table::Table;
use crate::terminal::{print, tell};

/// List the jobs in one state
///
/// Jobs that move meanwhile may be missed, or come twice. Dead ones are listed by `wasmill dead list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// The state
    #[arg(long, value_name = "STATE", value_enum)]
    state: State,
    /// Only jobs of this type
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print the jobs as JSON, a line each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The states that can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Pending,
    Scheduled,
    #[value(name = "in_flight", alias = "in-flight")]
    InFlight,
    Completed,
    Cancelled,
    Parked,
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
struct Page {
    jobs: Vec<Row>,
    next: Option<String>,
}

/// One job.
#[derive(Debug, Deserialize, Serialize)]
struct Row {
    id: String,
    #[serde(rename = "type")]
    job_type: String,
    state: String,
    attempts: u32,
    accepted_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at_ms: Option<u64>,
}

/// Jobs asked for at once: what the server gives at most.
const PAGE: u32 = 1_000;

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        let (mut table, mut after) = (self.state.table(), None);
        let mut left = self.limit;
        loop {
            let answer = server.success(self.call(left.min(PAGE), after.as_deref())).await?;
            let Page { jobs, next } = answer.read()?;
            for job in &jobs {
                if self.json { job.print()? } else { self.state.add(&mut table, job) }
            }
            left = left.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
            after = next;
            if after.is_none() || left == 0 {
                break;
            }
        }
        if self.json {
            return Ok(());
        }
        if table.is_empty() {
            return print(&format!("no jobs are {}\n", self.state.name()));
        }
        print(&table.render())?;
        if after.is_some() {
            tell(&format!("there are more than {}: --limit", self.limit));
        }
        Ok(())
    }

    fn call(&self, limit: u32, after: Option<&str>) -> Call {
        let call = Call::get("/v1/jobs").query("state", self.state.name()).query("limit", &limit.to_string());
        let call = match &self.job_type {
            Some(job_type) => call.query("type", job_type.as_str()),
            None => call,
        };
        match after {
            Some(after) => call.query("after", after),
            None => call,
        }
    }
}

impl State {
    /// As the API says it.
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::InFlight => "in_flight",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }

    fn table(self) -> Table {
        match self {
            Self::Pending | Self::InFlight | Self::Parked => {
                Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED"])
            }
            Self::Scheduled => Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED", "DUE"]),
            Self::Completed | Self::Cancelled => Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED", "ENDED"]),
        }
    }

    fn add(self, table: &mut Table, job: &Row) {
        let cells =
            [job.id.clone(), job.job_type.clone(), job.attempts.to_string(), moment(job.accepted_at_ms)];
        let last = match self {
            Self::Pending | Self::InFlight | Self::Parked => return table.row(cells),
            Self::Scheduled => job.due_at_ms,
            Self::Completed | Self::Cancelled => job.ended_at_ms,
        };
        let [id, job_type, attempts, accepted] = cells;
        table.row([id, job_type, attempts, accepted, last.map_or_else(String::new, moment)]);
    }
}

impl Row {
    fn print(&self) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| Failure::new(Exit::No, error))?;
        print(&format!("{text}\n"))
    }
}
