//! `wasmill rollback N`: a new revision that says what an older one said.

use clap::Args;
use serde::Serialize;

use crate::client::Call;
use crate::command::change::{commit, render};
use crate::command::diff::{Difference, between};
use crate::command::routes::{if_match, routes};
use crate::command::target::Target;
use crate::failure::Result;
use crate::terminal::{confirm, print, print_bytes, tell};

/// Go back to an older revision of the routing table: show the difference, ask, write a new revision that says the same
///
/// Refused when modules of it have been pruned: deploy the same files again first.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The revision to go back to
    #[arg(value_name = "REVISION")]
    revision: u64,
    /// Only show the difference; write nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The request of `POST /v1/catalog/rollback`.
#[derive(Debug, Serialize)]
struct Wanted {
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Rollback {
    pub(crate) async fn run(self) -> Result<()> {
        let Self { revision, json, .. } = self;
        let server = self.target.server()?;
        let (current, _) = routes(&server).await?;
        let answer = server.success(between(current.revision, revision)).await?;
        let Difference { changes } = answer.read()?;
        if json && (self.dry_run || changes.is_empty()) {
            return print_bytes(&answer.body);
        }
        if changes.is_empty() {
            let now = current.revision;
            return print(&format!("nothing to change; revision {now} says the same as {revision}\n"));
        }
        let difference = render(&changes);
        if json {
            tell(difference.trim_end());
        } else {
            print(&difference)?;
        }
        if self.dry_run {
            return Ok(());
        }
        if !self.yes {
            let question = format!("Write this as revision {}?", current.revision + 1);
            confirm(&question, "Pass --yes to go back.")?;
        }
        let wanted = Wanted { revision, message: self.message };
        let call = Call::post("/v1/catalog/rollback").json(&wanted);
        commit(&server, if_match(call, current.revision), json).await
    }
}
