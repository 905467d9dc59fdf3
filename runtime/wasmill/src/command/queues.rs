//! `wasmill queues`: the queues of the routing table.

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::client::Call;
use crate::command::job_types::Deletion;
use crate::command::routes::routes;
use crate::command::target::Target;
use crate::failure::Result;
use crate::record::render;
use crate::table::Table;
use crate::terminal::{print, print_bytes};

/// List the queues of the routing table, show one, retire a generation of one, or delete one
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
    /// Show one queue, and what each of its generations still holds
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
    /// Take a generation that is drained out of a queue; its topic stays
    ///
    /// New jobs no longer go to it, since the queue was given other partitions or another Redis. It is refused while it holds jobs.
    Retire {
        /// The queue
        #[arg(value_name = "QUEUE")]
        name: String,
        /// The generation, as `wasmill queues show` lists it
        #[arg(value_name = "GENERATION")]
        generation: u16,
        #[command(flatten)]
        deletion: Deletion,
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

/// What a server says of a queue's generations.
#[derive(Debug, Deserialize)]
struct Shown {
    generations: Vec<GenerationRow>,
    #[serde(default)]
    uncounted: bool,
}

/// A generation, and what it still holds.
#[derive(Debug, Deserialize)]
struct GenerationRow {
    generation: u32,
    state: String,
    partitions: u32,
    redis: String,
    unsettled: u64,
    pending: u64,
    scheduled: u64,
    in_flight: u64,
    parked: u64,
}

impl Queues {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            QueuesCommand::List { json, target } => list(json, &target).await,
            QueuesCommand::Show { name, json, target } => show(&name, json, &target).await,
            QueuesCommand::Retire { name, generation, deletion, target } => {
                let encoded = utf8_percent_encode(&name, NON_ALPHANUMERIC);
                let path = format!("/v1/catalog/queues/{encoded}/generations/{generation}");
                deletion.of(path, &format!("Retire generation {generation} of queue {name}?"), &target).await
            }
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
    let mut table =
        Table::new(["QUEUE", "PARTITIONS", "REDIS", "GENERATION", "DRAINING", "DURABILITY", "TYPES"]);
    for row in routes.queues {
        let types = routes.types.iter().filter(|of| of.queue == row.name).count();
        let [partitions, generation, types] =
            [row.partitions as usize, usize::from(row.generation), types].map(|count| count.to_string());
        let draining: Vec<_> = row.draining.iter().map(|of| of.generation.to_string()).collect();
        let draining = if draining.is_empty() { "-".to_owned() } else { draining.join(",") };
        table.row([row.name, partitions, row.redis, generation, draining, row.durability, types]);
    }
    print(&table.render())
}

async fn show(name: &str, json: bool, target: &Target) -> Result<()> {
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let answer = target.server()?.success(Call::get(format!("/v1/catalog/queues/{encoded}"))).await?;
    if json {
        return print_bytes(&answer.body);
    }
    let mut queue: serde_json::Value = answer.read()?;
    let Shown { generations, uncounted } = answer.read()?;
    if let Some(members) = queue.as_object_mut() {
        // They are told in the table.
        members.retain(|member, _| !["generations", "draining", "uncounted"].contains(&member.as_str()));
    }
    let mut table = Table::new([
        "GENERATION",
        "STATE",
        "PARTITIONS",
        "REDIS",
        "UNSETTLED",
        "PENDING",
        "SCHEDULED",
        "IN FLIGHT",
        "PARKED",
    ]);
    for row in generations {
        let [unsettled, pending, scheduled, in_flight, parked] =
            [row.unsettled, row.pending, row.scheduled, row.in_flight, row.parked]
                .map(|count| count.to_string());
        let [generation, partitions] = [row.generation, row.partitions].map(|count| count.to_string());
        table.row([
            generation, row.state, partitions, row.redis, unsettled, pending, scheduled, in_flight, parked,
        ]);
    }
    let more = if uncounted { "There are so many jobs that not all were counted.\n" } else { "" };
    print(&format!("{}\n{}{more}", render(&queue), table.render()))
}
