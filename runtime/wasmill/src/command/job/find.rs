//! `wasmill job find`: where a job is of which only the id is known.

use clap::Args;
use wasmill_job::JobId;

use super::row::Page;
use crate::client::Call;
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::table::Table;
use crate::terminal::{print, print_bytes, tell};

/// Find a job by its id alone: its type and its state
#[derive(Debug, Args)]
pub(super) struct Find {
    #[arg(value_name = "ID")]
    id: JobId,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Find {
    pub(super) async fn run(self) -> Result<()> {
        let call = Call::get("/v1/jobs").query("id", &self.id.to_string());
        let answer = self.target.server()?.success(call).await?;
        if self.json {
            print_bytes(&answer.body)?;
        }
        let page: Page = answer.read()?;
        let Some(job) = page.jobs.first() else {
            return Err(Failure::new(Exit::No, format_args!("no job has the id {}.", self.id)).advise(
                "It was never accepted, was not relayed yet, or has ended so long ago that it is forgotten.",
            ));
        };
        if self.json {
            return Ok(());
        }
        let mut table = Table::new(["ID", "TYPE", "STATE", "ATTEMPTS", "ACCEPTED", "DUE", "ENDED"]);
        let [due, ended] =
            [job.due_at_ms, job.ended_at_ms].map(|at| at.map_or_else(|| "-".to_owned(), moment));
        table.row([
            job.id.clone(),
            job.job_type.clone(),
            job.state.clone(),
            job.attempts.to_string(),
            moment(job.accepted_at_ms),
            due,
            ended,
        ]);
        print(&table.render())?;
        tell(&format!("Look at it: wasmill job show {} {}", job.job_type, job.id));
        Ok(())
    }
}
