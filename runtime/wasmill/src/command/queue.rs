//! `wasmill queue`: the queue itself.

use bytesize::ByteSize;
use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::table::Table;
use crate::terminal::{GREEN, print, print_bytes, styled};

/// Check the queue, or see how full its servers are
#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Prove that each job is in exactly one place, and that every count is what it counts
    ///
    /// Looks at every job, so it takes its time in a long queue. Ends with 1 when it finds a fault.
    Check {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show how much memory the queue's Redis servers use, and whether they take new jobs
    Memory {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
}

/// The server's answer about memory.
#[derive(Debug, Deserialize)]
struct Memory {
    servers: Vec<ServerMemory>,
}

/// One Redis server.
#[derive(Debug, Deserialize)]
struct ServerMemory {
    server: String,
    shards: Vec<u16>,
    #[serde(default)]
    away: bool,
    used_bytes: u64,
    max_bytes: Option<u64>,
    full: bool,
}

/// What the check found.
#[derive(Debug, Deserialize)]
struct Checked {
    jobs: u64,
    faults: Vec<String>,
}

impl Queue {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            QueueCommand::Check { json, target } => check(json, &target).await,
            QueueCommand::Memory { json, target } => memory(json, &target).await,
        }
    }
}

async fn check(json: bool, target: &Target) -> Result<()> {
    let answer = target.server()?.success(Call::post("/v1/queue/check")).await?;
    let Checked { jobs, faults } = answer.read()?;
    if json {
        print_bytes(&answer.body)?;
    } else if faults.is_empty() {
        print(&format!("{} {jobs} jobs, each in one place\n", styled(GREEN, "sound")))?;
    } else {
        faults.iter().try_for_each(|fault| print(&format!("{fault}\n")))?;
    }
    match faults.len() {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::No, format_args!("one fault among {jobs} jobs."))),
        count => Err(Failure::new(Exit::No, format_args!("{count} faults among {jobs} jobs."))),
    }
}

async fn memory(json: bool, target: &Target) -> Result<()> {
    let answer = target.server()?.success(Call::get("/v1/queue/memory")).await?;
    if json {
        return print_bytes(&answer.body);
    }
    let Memory { servers } = answer.read()?;
    if servers.is_empty() {
        return print("the queue lies on the mill's own disk: it has no servers\n");
    }
    let mut table = Table::new(["REDIS", "SHARDS", "USED", "MAY USE", "STATE"]);
    for server in servers {
        let size = |bytes| ByteSize(bytes).to_string();
        let (used, max) = match server.away {
            true => ("-".to_owned(), "-".to_owned()),
            false => (size(server.used_bytes), server.max_bytes.map_or_else(|| "no limit".to_owned(), size)),
        };
        let state = match (server.away, server.full) {
            (true, _) => "away: it does not answer, and the jobs that it holds wait",
            (false, true) => "full: new jobs wait in the log, or are refused",
            (false, false) => "takes jobs",
        };
        table.row([server.server, server.shards.len().to_string(), used, max, state.to_owned()]);
    }
    print(&table.render())
}
