//! `wasmill token`: the tokens that callers show. Offline for the configuration, and by a server for its store.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use wasmill_job::UnixMs;

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

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    In(Duration),
    At(UnixMs),
}

/// Why a text names no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoExpiry;

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

impl Expiry {
    /// The moment.
    pub(super) fn at(self, now: UnixMs) -> UnixMs {
        match self {
            Self::In(span) => now.plus(span),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Expiry {
    type Err = NoExpiry;
    fn from_str(text: &str) -> std::result::Result<Self, NoExpiry> {
        if let Ok(span) = humantime::parse_duration(text) {
            return Ok(Self::In(span));
        }
        let at = humantime::parse_rfc3339(text).map_err(|_| NoExpiry)?;
        let since = at.duration_since(UNIX_EPOCH).map_err(|_| NoExpiry)?;
        Ok(Self::At(UnixMs(u64::try_from(since.as_millis()).map_err(|_| NoExpiry)?)))
    }
}

impl fmt::Display for NoExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a span such as 90d, or a moment in UTC such as 2027-01-31T00:00:00Z")
    }
}

impl std::error::Error for NoExpiry {}

#[cfg(test)]
mod tests;
