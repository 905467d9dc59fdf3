//! `wasmill stats`: what the mill, or one job type, did in the last hours.

use clap::Args;
use serde::Deserialize;
use wasmill_job::JobType;

use crate::client::Call;
use crate::command::job::view::moment;
use crate::command::status::Percentiles;
use crate::command::target::Target;
use crate::failure::Result;
use crate::spark::bars;
use crate::table::Table;
use crate::terminal::{DIM, print, print_bytes, styled};

/// Show what was accepted, completed and failed in the last hours, and how long jobs waited and ran
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Only this job type; without it, all together
    #[arg(value_name = "TYPE")]
    job_type: Option<JobType>,
    /// How far back
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=8_784))]
    hours: u32,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The server's answer, the oldest point first.
#[derive(Debug, Deserialize)]
struct Series {
    points: Vec<Point>,
}

/// What happened in the minutes that begin at a moment; `pending` is as it was at their end.
#[derive(Debug, Deserialize)]
struct Point {
    at_ms: u64,
    accepted: u64,
    completed: u64,
    failed: u64,
    died: u64,
    pending: u64,
    wait_ms: Option<Percentiles>,
    run_ms: Option<Percentiles>,
}

/// Lines of the table, at most: with the hours that are the default, one for five minutes.
const POINTS: u32 = 36;

impl Stats {
    pub(crate) async fn run(self) -> Result<()> {
        let mut call = Call::get("/v1/stats")
            .query("minutes", &(self.hours * 60).to_string())
            .query("points", &POINTS.to_string());
        if let Some(job_type) = &self.job_type {
            call = call.query("type", job_type.as_str());
        }
        let answer = self.target.server()?.success(call).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let series: Series = answer.read()?;
        if series.points.is_empty() {
            return print("nothing is known of that time\n");
        }
        print(&series.render())
    }
}

impl Series {
    fn render(&self) -> String {
        let heading = ["TIME", "ACCEPTED", "COMPLETED", "FAILED", "DIED", "PENDING", "WAIT P99", "RUN P99"];
        let mut table = Table::new(heading);
        for of in &self.points {
            let [accepted, completed, failed, died, pending] =
                [of.accepted, of.completed, of.failed, of.died, of.pending].map(|count| count.to_string());
            let [wait, run] = [&of.wait_ms, &of.run_ms].map(|times| Percentiles::show_p99(times.as_ref()));
            table.row([moment(of.at_ms), accepted, completed, failed, died, pending, wait, run]);
        }
        let completed: Vec<u64> = self.points.iter().map(|of| of.completed).collect();
        let most = completed.iter().max().copied().unwrap_or_default();
        let line = styled(DIM, format_args!("completed, at most {most}"));
        format!("{}{} {line}\n", table.render(), bars(&completed))
    }
}

#[cfg(test)]
mod tests;
