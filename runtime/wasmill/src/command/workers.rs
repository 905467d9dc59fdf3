//! `wasmill workers`: the workers of the mill, and what they run now.

use clap::Args;
use wasmill_job::{Clock, SystemClock};

use crate::age::age_between;
use crate::client::Call;
use crate::command::target::Target;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes, tell};
use answer::WorkerList;

pub(crate) mod answer;

/// List the workers: where they run, since when, how busy they are
#[derive(Debug, Args)]
pub(crate) struct Workers {
    /// Show instead what runs now, and for how long, the longest first
    #[arg(long)]
    running: bool,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

impl Workers {
    pub(crate) async fn run(self) -> Result<()> {
        let answer = self.target.server()?.success(Call::get("/v1/workers")).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let list: WorkerList = answer.read()?;
        if list.workers.is_empty() {
            return print("no workers: none has told of itself lately\n");
        }
        let now_ms = SystemClock.now().0;
        if !self.running {
            return print(&workers(&list, now_ms).render());
        }
        let table = running(&list, now_ms);
        print(&if table.is_empty() { "nothing runs now\n".to_owned() } else { table.render() })?;
        let more = list.running_more();
        if more > 0 {
            tell(&format!("and {more} more, which their workers did not name"));
        }
        Ok(())
    }
}

fn workers(list: &WorkerList, now_ms: u64) -> Table {
    let heading =
        ["WORKER", "HOST", "PID", "VERSION", "UP", "TOLD", "REVISION", "SLOTS", "HELD", "RUNNING", "STATE"];
    let mut table = Table::new(heading);
    for of in &list.workers {
        let [pid, revision, slots, held, running] =
            [of.pid, of.revision, of.slots, of.held, of.runs()].map(|number| number.to_string());
        let [up, told] = [of.started_at_ms, of.told_at_ms].map(|at| age_between(at, now_ms));
        let (worker, host, version) = (of.worker.clone(), of.host.clone(), of.version.clone());
        let state = of.state().to_owned();
        table.row([worker, host, pid, version, up, told, revision, slots, held, running, state]);
    }
    table
}

fn running(list: &WorkerList, now_ms: u64) -> Table {
    let mut table = Table::new(["FOR", "TYPE", "ID", "ATTEMPT", "MODULE", "WORKER", "HOST"]);
    for (of, run) in list.longest_first() {
        table.row([
            age_between(run.since_ms, now_ms),
            run.job_type.clone(),
            run.id.clone(),
            run.attempt.to_string(),
            run.module.clone().unwrap_or_else(|| "-".to_owned()),
            of.worker.clone(),
            of.host.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests;
