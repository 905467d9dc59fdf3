//! `wasmill relay`: one role of several; `wasmill relay accept`: an operator's word on a partition that is not what it was.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wasmill_job::{Offset, Partition, Progress, Topic, TopicPartition};
use wasmill_log::{Bounds, KafkaLog, Log, ReadError};
use wasmill_process::Config;
use wasmill_process::config::{LogKind, ProcessEnvironment, QueueKind};
use wasmill_queue::{Push, Pushed, Queue, QueueError, RedisQueue, RedisStartError};

use crate::command::dev::Settings;
use crate::command::topics::reached;
use crate::failure::{Exit, Failure, Result};
use crate::mill::{Role, kafka, redis};
use crate::terminal::{GREEN, confirm, print, styled};

/// Run a relay alone, beside gateways and workers in processes of their own
///
/// It carries jobs from Kafka to the queue in Redis, and what the queue owes back to Kafka. Any number may run: they share the
/// partitions between them (log.kind = "kafka", queue.kind = "redis"), and the data folder, where the catalog is. It listens
/// for probes only: /healthz, /readyz, /metrics [default: 127.0.0.1:8423].
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Relay {
    #[command(subcommand)]
    command: Option<RelayCommand>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum RelayCommand {
    Accept(Accept),
}

/// Go on with a partition whose topic was made anew, or has lost records
///
/// A relay stops a partition when the log does not hold what the queue has passed, or begins after what is wanted: going on
/// might skip jobs. This begins the partition anew with the first record that Kafka has of it. Records that are gone stay
/// lost; those that are there run, also those that had run before. Jobs that are in the queue already go on.
#[derive(Debug, Args)]
struct Accept {
    /// The partition, as the relay names it
    #[arg(value_name = "TOPIC/PARTITION", value_parser = place)]
    place: TopicPartition,
    /// A configuration file (TOML), the one of the relays
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Where a partition stands.
struct Stand {
    bounds: Bounds,
    committed: Progress,
    /// The offset the queue wants; `None` when it does not know the partition.
    wanted: Option<Offset>,
}

impl Relay {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            None => self.settings.serve(Role::Relay).await,
            Some(RelayCommand::Accept(accept)) => accept.run().await,
        }
    }
}

impl Accept {
    async fn run(self) -> Result<()> {
        let loaded = Config::load(self.config.as_deref(), &ProcessEnvironment);
        let config = loaded.map_err(|mistakes| {
            Failure::new(
                Exit::Config,
                format_args!("the configuration has mistakes; nothing was changed.\n{mistakes}"),
            )
        })?;
        if (config.log.kind, config.queue.kind) != (LogKind::Kafka, QueueKind::Redis) {
            let what =
                "this is about a log in Kafka before a queue in Redis, and the configuration names others.";
            return Err(Failure::new(Exit::Config, what)
                .advise("Name the configuration file of the relays, with --config."));
        }
        let log = kafka::log(&config.kafka)?;
        let queue = redis::queue(&config.queue)?;
        let accepted = self.accept(&log, &queue).await;
        queue.close().await;
        log.close().await;
        accepted
    }

    async fn accept(&self, log: &KafkaLog, queue: &RedisQueue) -> Result<()> {
        reached(log).await?;
        queue.start().await.map_err(|error| match error {
            RedisStartError::Unavailable(reason) => {
                Failure::new(Exit::Unreachable, format_args!("{reason}."))
            }
            RedisStartError::Refused(reason) => Failure::new(Exit::Config, format_args!("{reason}.")),
        })?;
        let stand = Stand::of(&self.place, log, queue).await?;
        print(&stand.render(&self.place))?;
        let first = stand.bounds.first;
        if !self.yes {
            confirm(
                &format!("Begin {} anew at offset {first}?", self.place),
                "Pass --yes to begin it anew.",
            )?;
        }
        begin_anew(&self.place, first, log, queue).await?;
        print(&format!(
            "{} {} goes on at offset {first}, within a few seconds, with whichever relay has it\n",
            styled(GREEN, "accepted:"),
            self.place
        ))
    }
}

/// Makes log and queue begin the partition at `first`.
///
/// The log comes first. A crash between the two leaves a queue that wants what it wanted, with the hash of a record that is
/// not there: the relay still stops at it, and this is run again. The other way round the queue would begin at `first`, with
/// no hash to compare, under a floor of the partition as it was; resuming moves a queue up to the floor, and as soon as the
/// new records reached it, all those before it would be skipped in silence.
///
/// Progress begins in a new epoch, so that a relay which was frozen since before, and wakes, cannot put the old one back. One
/// that works between the two steps may do so in the epoch that it has read; once the queue has adopted, nobody has the old
/// progress any more, and so another epoch begins then. The queue is told of that one: a relay that has read what was known
/// before, and asks the queue with it only now, is refused.
async fn begin_anew(place: &TopicPartition, first: Offset, log: &KafkaLog, queue: &RedisQueue) -> Result<()> {
    let progress = Progress { floor: first, ..Progress::default() };
    let untold = |error: wasmill_log::AppendError| {
        Failure::new(Exit::No, format_args!("the partition's progress was not stored: {error}."))
            .advise("Run the same command again: it may be repeated.")
    };
    // For relays of an earlier version, which read no other epoch than the first.
    log.commit(place, progress).await.map_err(untold)?;
    log.begin_anew(place, first).await.map_err(untold)?;
    let begun = log.committed(place).await.map_err(unread)?.epoch;
    queue.adopt(place, first, begun + 1).await.map_err(unqueued)?;
    log.begin_anew(place, first).await.map_err(untold)
}

impl Stand {
    async fn of(place: &TopicPartition, log: &KafkaLog, queue: &RedisQueue) -> Result<Self> {
        let bounds = log.bounds(place).await.map_err(unread)?;
        let committed = log.committed(place).await.map_err(unread)?;
        // It only asks.
        let question = Push {
            lane: place.clone(),
            from: committed.floor,
            to: committed.floor,
            passed: None,
            entries: Vec::new(),
        };
        let wanted = match queue.push(question).await.map_err(unqueued)? {
            Pushed::Applied { .. } => Some(committed.floor),
            Pushed::Wants(wanted) => Some(wanted),
            Pushed::Unknown | Pushed::Full | Pushed::Over(_) | Pushed::Early(_) => None,
        };
        Ok(Self { bounds, committed, wanted })
    }

    /// What stands where, and what accepting would mean.
    fn render(&self, place: &TopicPartition) -> String {
        let Self { bounds: Bounds { first, next }, committed, wanted } = self;
        let wanted =
            wanted.map_or_else(|| "nothing: it does not know the partition".to_owned(), |at| at.to_string());
        format!(
            "{place}\n  \
             Kafka has offsets {first} up to, and without, {next}\n  \
             settled are those below {}, and {} above\n  \
             the queue wants {wanted}\n",
            committed.floor,
            committed.settled.iter().map(|range| range.end - range.start).sum::<u64>(),
        )
    }
}

fn unread(error: ReadError) -> Failure {
    Failure::new(Exit::No, format_args!("{error}."))
        .advise("Run the same command again when the brokers answer: it may be repeated.")
}

fn unqueued(error: QueueError) -> Failure {
    Failure::new(Exit::No, format_args!("{error}.")).advise("Run the same command again: it may be repeated.")
}

/// A partition as it is displayed.
fn place(text: &str) -> std::result::Result<TopicPartition, String> {
    let read = || {
        let (topic, partition) = text.rsplit_once('/')?;
        let topic = Topic::from(topic);
        let is_lane = topic.is_queue() || topic.parked_type().is_some();
        Some(TopicPartition::new(topic, Partition(partition.parse().ok()?))).filter(|_| is_lane)
    };
    read().ok_or_else(|| "write it as the relay does, such as wasmill.q.mail.1/3".to_owned())
}
