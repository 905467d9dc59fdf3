//! `wasmill job list`: the jobs in one state, page after page.

use clap::{Args, ValueEnum};
use wasmill_job::{Clock, JobType, SystemClock, UnixMs};

use super::row::{Page, Row};
use crate::client::Call;
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::command::when::When;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, tell};

/// List the jobs in one state
///
/// Jobs that move meanwhile may be missed, or come twice. Dead ones are told at more length by `wasmill dead list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// The state
    #[arg(long, value_name = "STATE", value_enum)]
    state: State,
    /// Only jobs of this type
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    /// Only jobs of this moment or later: a span such as 2h, for so long ago, or a moment such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Only jobs of before this moment, written in the same way
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// Only jobs whose last attempt failed with this error
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
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
    Dead,
    Parked,
}

/// Jobs asked for at once: what the server gives at most.
const PAGE: u32 = 1_000;

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        // Once: a page must not mean other moments than the one before.
        let now = SystemClock.now();
        let (mut table, mut after) = (self.state.table(), None);
        let mut left = self.limit;
        loop {
            let answer = server.success(self.call(now, left.min(PAGE), after.as_deref())).await?;
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

    fn call(&self, now: UnixMs, limit: u32, after: Option<&str>) -> Call {
        let call = Call::get("/v1/jobs").query("state", self.state.name()).query("limit", &limit.to_string());
        let moment = |when: Option<When>| when.map(|when| when.before(now).0.to_string());
        let more = [
            ("type", self.job_type.as_ref().map(ToString::to_string)),
            ("since_ms", moment(self.since)),
            ("until_ms", moment(self.until)),
            ("error", self.error.clone()),
            ("after", after.map(ToOwned::to_owned)),
        ];
        more.into_iter().fold(call, |call, (name, value)| match value {
            Some(value) => call.query(name, &value),
            None => call,
        })
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
            Self::Dead => "dead",
            Self::Parked => "parked",
        }
    }

    fn table(self) -> Table {
        match self {
            Self::Pending | Self::InFlight | Self::Parked => {
                Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED"])
            }
            Self::Scheduled => Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED", "DUE"]),
            Self::Completed | Self::Cancelled | Self::Dead => {
                Table::new(["ID", "TYPE", "ATTEMPTS", "ACCEPTED", "ENDED"])
            }
        }
    }

    fn add(self, table: &mut Table, job: &Row) {
        let cells =
            [job.id.clone(), job.job_type.clone(), job.attempts.to_string(), moment(job.accepted_at_ms)];
        let last = match self {
            Self::Pending | Self::InFlight | Self::Parked => return table.row(cells),
            Self::Scheduled => job.due_at_ms,
            Self::Completed | Self::Cancelled | Self::Dead => job.ended_at_ms,
        };
        let [id, job_type, attempts, accepted] = cells;
        table.row([id, job_type, attempts, accepted, last.map_or_else(String::new, moment)]);
    }
}
