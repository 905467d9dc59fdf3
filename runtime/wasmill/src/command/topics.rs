//! `wasmill topics`: the topics in Kafka, compared with what catalog and configuration ask for, and made so.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use wasmill_job::Topic;
use wasmill_log::{KafkaLog, KafkaOpenError, TopicDifference, TopicError, TopicPlan};
use wasmill_process::Config;
use wasmill_process::config::{LogKind, ProcessEnvironment};

use crate::failure::{Exit, Failure, Result};
use crate::mill::{kafka, stores, topics};
use crate::terminal::{GREEN, print, styled, tell};

/// Make the topics in Kafka, or compare them with what they should be like
#[derive(Debug, Args)]
pub(crate) struct Topics {
    #[command(subcommand)]
    command: TopicsCommand,
}

#[derive(Debug, Subcommand)]
enum TopicsCommand {
    /// Make the topics of the catalog, and give those that are there the settings that they should have
    ///
    /// Which queues there are, and with how many partitions, the newest revision of the catalog in the data folder says; copies
    /// and retention the section [kafka] of the configuration. The copies of a topic that is there are not changed, nor are
    /// partitions of a queue's topic.
    Apply {
        #[command(flatten)]
        wanted: Wanted,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what differs; ends with 1 when something does
    Check {
        #[command(flatten)]
        wanted: Wanted,
    },
}

/// Which mill's topics.
#[derive(Debug, Args)]
struct Wanted {
    /// The folder with the catalog [default: that of the configuration]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A configuration file (TOML), the one of gateways and relays
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What was found, and perhaps done, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    /// Every topic that was looked at.
    topics: Vec<String>,
    differences: Vec<Difference>,
    /// Whether the differences have been mended.
    applied: bool,
}

/// One difference.
#[derive(Debug, Serialize)]
struct Difference {
    topic: String,
    /// `missing`, `narrow`, `fixed` or `setting`.
    kind: &'static str,
    message: String,
}

/// How long brokers may take to answer at all.
const REACH_WITHIN: Duration = Duration::from_secs(10);

impl Topics {
    pub(crate) async fn run(self) -> Result<()> {
        let (wanted, dry_run) = match &self.command {
            TopicsCommand::Apply { wanted, dry_run } => (wanted, *dry_run),
            TopicsCommand::Check { wanted } => (wanted, true),
        };
        let config = wanted.config()?;
        let plans = plans(&config).await?;
        let log = kafka::log(&config.kafka)?;
        let found = match reached(&log).await {
            Ok(()) if dry_run => log.compare(&plans).await.map_err(undone),
            Ok(()) => log.apply(&plans).await.map_err(undone),
            Err(failure) => Err(failure),
        };
        log.close().await;
        let found = found?;
        let checks = matches!(self.command, TopicsCommand::Check { .. });
        wanted.tell(&plans, &found, !dry_run, checks)?;
        if checks && !found.is_empty() {
            let what = match found.len() {
                1 => "one difference.".to_owned(),
                count => format!("{count} differences."),
            };
            return Err(Failure::new(Exit::No, what));
        }
        Ok(())
    }
}

impl Wanted {
    fn config(&self) -> Result<Config> {
        let loaded = Config::load(self.config.as_deref(), &ProcessEnvironment);
        let mut config = loaded.map_err(|mistakes| {
            Failure::new(
                Exit::Config,
                format_args!("the configuration has mistakes; nothing was done.\n{mistakes}"),
            )
        })?;
        if config.log.kind != LogKind::Kafka {
            return Err(Failure::new(Exit::Config, "topics are Kafka's, and log.kind is another one here.")
                .advise("Name the configuration file of the gateways, with --config."));
        }
        if let Some(data) = &self.data {
            config.data.dir.clone_from(data);
        }
        Ok(config)
    }

    fn tell(
        &self,
        plans: &[TopicPlan],
        found: &[TopicDifference],
        applied: bool,
        checks: bool,
    ) -> Result<()> {
        if self.json {
            let report = Report {
                topics: plans.iter().map(|plan| plan.topic.to_string()).collect(),
                differences: found.iter().map(Difference::of).collect(),
                applied,
            };
            let text = serde_json::to_string(&report).map_err(|error| Failure::new(Exit::No, error))?;
            return print(&format!("{text}\n"));
        }
        for difference in found {
            let line = if applied { done(difference) } else { advice(difference) };
            if checks { tell(&line) } else { print(&format!("{line}\n"))? }
        }
        let count = plans.len();
        match found.len() {
            0 => {
                print(&format!("{}: {count} topics are as they should be\n", styled(GREEN, "nothing to do")))
            }
            _ if applied => {
                print(&format!("{} {count} topics are as they should be\n", styled(GREEN, "done:")))
            }
            _ => Ok(()),
        }
    }
}

/// The topics that the newest revision of the catalog asks for.
async fn plans(config: &Config) -> Result<Vec<TopicPlan>> {
    stores::make_folder(&config.data.dir)?;
    let store = stores::open_artifacts(config)?;
    let catalog =
        store.latest().await.map_err(|error| Failure::new(Exit::Config, format_args!("{error}.")))?;
    Ok(topics::plans(&catalog, &config.kafka))
}

/// Asks whether any broker answers.
pub(super) async fn reached(log: &KafkaLog) -> Result<()> {
    log.reach(REACH_WITHIN).await.map_err(|error| match error {
        KafkaOpenError::Unavailable(reason) => Failure::new(Exit::Unreachable, format_args!("{reason}.")),
        KafkaOpenError::Refused(reason) => Failure::new(Exit::Config, format_args!("{reason}.")),
    })
}

fn undone(error: TopicError) -> Failure {
    let failure = Failure::new(Exit::No, format_args!("{error}."));
    match error {
        TopicError::TooFewBrokers { .. } => {
            failure.advise("Start more brokers, or set kafka.replication and kafka.min_insync to fewer.")
        }
        TopicError::Failed { .. } => {
            failure.advise("Run the same command again when that is mended: it may be repeated.")
        }
        TopicError::NeedsPerson(_) => failure,
    }
}

/// A difference, and what to do about it.
fn advice(difference: &TopicDifference) -> String {
    match difference {
        // Says so itself.
        TopicDifference::Fixed { .. } => difference.to_string(),
        _ => format!("{difference}: run `wasmill topics apply`"),
    }
}

/// What was done about a difference.
fn done(difference: &TopicDifference) -> String {
    match difference {
        TopicDifference::Missing { topic, partitions } => {
            format!("made {topic}, with {}", in_words(*partitions))
        }
        TopicDifference::Narrow { topic, found, wanted } => {
            format!("gave {topic} {}, which had {found}", in_words(*wanted))
        }
        TopicDifference::Setting { topic, name, found, wanted } => {
            format!("set {name} of {topic} to {wanted}, which was {found}")
        }
        TopicDifference::Fixed { .. } => difference.to_string(),
    }
}

fn in_words(partitions: u32) -> String {
    if partitions == 1 { "one partition".to_owned() } else { format!("{partitions} partitions") }
}

impl Difference {
    fn of(difference: &TopicDifference) -> Self {
        let kind = match difference {
            TopicDifference::Missing { .. } => "missing",
            TopicDifference::Narrow { .. } => "narrow",
            TopicDifference::Fixed { .. } => "fixed",
            TopicDifference::Setting { .. } => "setting",
        };
        let topic: &Topic = difference.topic();
        Self { topic: topic.to_string(), kind, message: advice(difference) }
    }
}
