//! `wasmill diff A B`: what changed in the routing table between two revisions.

use clap::Args;
use serde::Deserialize;

use crate::client::Call;
use crate::command::change::{Change, render};
use crate::command::target::Target;
use crate::failure::Result;
use crate::terminal::{print, print_bytes};

/// Show what changed in the routing table between two revisions
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The older revision; 0 is the empty routing table
    #[arg(value_name = "FROM")]
    from: u64,
    /// The newer one
    #[arg(value_name = "TO")]
    to: u64,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// What lies between two revisions.
#[derive(Debug, Deserialize)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
}

/// The request for it.
pub(crate) fn between(from: u64, to: u64) -> Call {
    Call::get("/v1/catalog/diff").query("from", &from.to_string()).query("to", &to.to_string())
}

impl Diff {
    pub(crate) async fn run(self) -> Result<()> {
        let Self { from, to, json, target } = self;
        let answer = target.server()?.success(between(from, to)).await?;
        if json {
            return print_bytes(&answer.body);
        }
        let Difference { changes } = answer.read()?;
        if changes.is_empty() {
            return print(&format!("revisions {from} and {to} say the same\n"));
        }
        print(&render(&changes))
    }
}
