//! `wasmill modules`: what modules are.

use clap::{Args, Subcommand};

use crate::failure::Result;

mod inspect;
mod portrait;

/// See what a module is
#[derive(Debug, Args)]
pub(crate) struct Modules {
    #[command(subcommand)]
    command: ModulesCommand,
}

#[derive(Debug, Subcommand)]
enum ModulesCommand {
    Inspect(inspect::Inspect),
}

impl Modules {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            ModulesCommand::Inspect(inspect) => inspect.run().await,
        }
    }
}
