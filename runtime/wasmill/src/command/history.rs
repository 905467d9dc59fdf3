//! `wasmill history`: the revisions of the routing table.

use clap::Args;
use serde::Deserialize;

use crate::client::Call;
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes, tell};

/// List the revisions of the routing table, the newest first: when, by whom, why
///
/// By whom is the name of the token that it was made with; "-" where there are no tokens.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    limit: u64,
    /// Only revisions before this one
    #[arg(long, value_name = "REVISION")]
    before: Option<u64>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The server's answer.
#[derive(Debug, Deserialize)]
struct Revisions {
    revisions: Vec<Revision>,
    next: Option<u64>,
}

/// One revision.
#[derive(Debug, Deserialize)]
struct Revision {
    revision: u64,
    created_at_ms: Option<u64>,
    author: Option<String>,
    message: Option<String>,
    trouble: Option<String>,
}

impl History {
    pub(crate) async fn run(self) -> Result<()> {
        let mut call = Call::get("/v1/catalog/revisions").query("limit", &self.limit.to_string());
        if let Some(before) = self.before {
            call = call.query("before", &before.to_string());
        }
        let answer = self.target.server()?.success(call).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let Revisions { revisions, next } = answer.read()?;
        if revisions.is_empty() {
            return print("no revisions: nothing has been applied yet\n");
        }
        let mut table = Table::new(["REVISION", "WHEN", "BY", "MESSAGE"]);
        let dash = || "-".to_owned();
        for Revision { revision, created_at_ms, author, message, trouble } in revisions {
            let said = trouble.or(message).filter(|text| !text.is_empty()).unwrap_or_else(dash);
            // A message is whatever somebody wrote; a table has one line for each revision.
            let said = said.lines().next().unwrap_or_default().to_owned();
            let when = created_at_ms.map_or_else(dash, moment);
            table.row([revision.to_string(), when, author.unwrap_or_else(dash), said]);
        }
        print(&table.render())?;
        if let Some(next) = next {
            tell(&format!("older ones: wasmill history --before {next}"));
        }
        Ok(())
    }
}
