//! `wasmill token`: the tokens that callers show. Offline for the configuration, and by a server for its store.

use clap::{Args, Subcommand, ValueEnum};

use crate::failure::Result;

mod made;
mod offline;
mod online;

pub(crate) use offline::lines;

/// Make, list, replace and take back tokens, which callers show to a server that asks for one
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    Create(online::Create),
    List(online::List),
    Revoke(online::Revoke),
    Rotate(online::Rotate),
    New(offline::New),
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Enqueue jobs, look at single ones, cancel them
    Enqueue,
    /// Upload modules and delete them, change the routing table
    Deploy,
    /// Dead letters, lists and cancelling of jobs, tokens, and all that `read` may
    Operate,
    /// Counts, lists, the routing table and its history, modules, metrics
    Read,
}

impl Token {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            TokenCommand::Create(create) => create.run().await,
            TokenCommand::List(list) => list.run().await,
            TokenCommand::Revoke(revoke) => revoke.run().await,
            TokenCommand::Rotate(rotate) => rotate.run().await,
            TokenCommand::New(new) => new.run(),
        }
    }
}

impl Role {
    pub(super) fn as_job(self) -> wasmill_job::Role {
        match self {
            Self::Enqueue => wasmill_job::Role::Enqueue,
            Self::Deploy => wasmill_job::Role::Deploy,
            Self::Operate => wasmill_job::Role::Operate,
            Self::Read => wasmill_job::Role::Read,
        }
    }
}

#[cfg(test)]
mod tests;
