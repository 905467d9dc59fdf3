//! `wasmill top`: the mill on a terminal, live.

use std::io::IsTerminal;

use clap::Args;

use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::print;

mod ask;
mod board;
mod cells;
mod draw;
mod flow;
mod keys;
mod live;
mod order;
mod plain;
mod screen;

/// Watch the mill: what comes in, waits, runs, fails, by job type, worker and lane
///
/// The keys: q quits, ? tells the others. It asks the server each second.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Print one picture as plain text, and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    target: Target,
}

impl Top {
    pub(crate) async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        if self.once {
            return print(&plain::picture(&server).await?);
        }
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            return Err(Failure::new(Exit::Usage, "`top` wants a terminal to draw on, and there is none.")
                .advise("`wasmill top --once` prints one picture as plain text."));
        }
        live::watch(server).await
    }
}
