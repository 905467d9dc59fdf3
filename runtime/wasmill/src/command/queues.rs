//! `wasmill queues`: the queues of the routing table.

use clap::{Args, Subcommand};

use crate::command::job_types::{Deletion, show};
use crate::command::routes::routes;
use crate::command::target::Target;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes};

/// List the queues of the routing table, show one, or delete one
#[derive(Debug, Args)]
pub(crate) struct Queues {
    #[command(subcommand)]
    command: QueuesCommand,
}

#[derive(Debug, Subcommand)]
enum QueuesCommand {
    /// List the queues, and how many job types are in each
    List {
        /// Print the server's answer as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show all that the routing table says about one queue
    Show {
        /// The queue
        #[arg(value_name = "QUEUE")]
        name: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a queue that no job type is in; its topics stay
    Delete {
        /// The queue
        #[arg(value_name = "QUEUE")]
        name: String,
        #[command(flatten)]
        deletion: Deletion,
        #[command(flatten)]
        target: Target,
    },
}

impl Queues {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            QueuesCommand::List { json, target } => list(json, &target).await,
            QueuesCommand::Show { name, json, target } => show("queues", "name", &name, json, &target).await,
            QueuesCommand::Delete { name, deletion, target } => {
                deletion.run("queues", "queue", &name, &target).await
            }
        }
    }
}

async fn list(json: bool, target: &Target) -> Result<()> {
    let (routes, answer) = routes(&target.server()?).await?;
    if json {
        return print_bytes(&answer.body);
    }
    if routes.queues.is_empty() {
        return print("no queues yet: the first job type that is applied makes the queue `default`\n");
    }
    let mut table = Table::new(["QUEUE", "PARTITIONS", "GENERATION", "DURABILITY", "TYPES"]);
    for row in routes.queues {
        let types = routes.types.iter().filter(|of| of.queue == row.name).count();
        let [partitions, generation, types] =
            [row.partitions as usize, usize::from(row.generation), types].map(|count| count.to_string());
        table.row([row.name, partitions, generation, row.durability, types]);
    }
    print(&table.render())
}
