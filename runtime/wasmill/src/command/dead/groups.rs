//! `wasmill dead groups`: dead letters counted by type and error.

use clap::Args;
use serde::Deserialize;
use wasmill_job::JobType;

use super::Answering;
use super::which::shortened;
use crate::client::Call;
use crate::command::job::view::moment;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes, tell};

/// Count dead letters by type and error, the largest group first
///
/// Errors that differ only by numbers and ids are one; # stands for these. What is shown as ERROR is what --error of `dead list`,
/// `redrive` and `purge` takes; with --json it is not shortened.
#[derive(Debug, Args)]
pub(super) struct Groups {
    /// Only letters of this type
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    #[command(flatten)]
    answer: Answering,
}

/// The server's answer.
#[derive(Debug, Deserialize)]
struct Counted {
    groups: Vec<Group>,
    others: u64,
    looked: u64,
    more: bool,
}

/// Letters of one type with the same error.
#[derive(Debug, Deserialize)]
struct Group {
    #[serde(rename = "type")]
    job_type: Option<String>,
    code: String,
    error: String,
    count: u64,
    last_died_at_ms: u64,
}

impl Groups {
    pub(super) async fn run(self) -> Result<()> {
        let mut call = Call::get("/v1/dead/groups");
        if let Some(job_type) = &self.job_type {
            call = call.query("type", job_type.as_str());
        }
        let answer = self.answer.target.server()?.success(call).await?;
        if self.answer.json {
            return print_bytes(&answer.body);
        }
        let counted: Counted = answer.read()?;
        if counted.groups.is_empty() {
            return print("no dead letters\n");
        }
        let mut table = Table::new(["COUNT", "TYPE", "CODE", "NEWEST", "ERROR"]);
        for group in &counted.groups {
            let job_type = group.job_type.clone().unwrap_or_else(|| "(no job)".into());
            let newest = moment(group.last_died_at_ms);
            table.row([
                group.count.to_string(),
                job_type,
                group.code.clone(),
                newest,
                shortened(&group.error),
            ]);
        }
        print(&table.render())?;
        if counted.others > 0 {
            tell(&format!("{} more letters have still other errors", counted.others));
        }
        if counted.more {
            tell(&format!("only the first {} letters were looked at; --type narrows", counted.looked));
        }
        Ok(())
    }
}
