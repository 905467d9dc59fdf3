//! What topics should be like, how they differ from it, and making them so.

use std::num::NonZeroU32;
use std::time::Duration;

use rdkafka::admin::ConfigSource;
use rdkafka::types::RDKafkaErrorCode as Code;
use tokio::time::Instant;
use wasmill_job::Topic;

use super::admin::{Admin, Undone};
use super::meta::Reader;
use crate::ReadError;

/// What a topic should be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    pub topic: Topic,
    pub partitions: NonZeroU32,
    /// Copies of each record. Of a topic that is there it is not compared: brokers move copies by a plan of their own.
    pub replication: u16,
    /// How many of them must have a record before it is acknowledged with quorum.
    pub min_insync: u16,
    /// After how long records go; `None` keeps them.
    pub retention: Option<Duration>,
    /// Whether only the newest record of each key is kept.
    pub compacted: bool,
}

/// How a topic differs from its plan. Displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicDifference {
    /// It is not there.
    Missing { topic: Topic, partitions: u32 },
    /// It has fewer partitions, and may be given more.
    Narrow { topic: Topic, found: u32, wanted: u32 },
    /// It has another number of partitions than may be changed. A person has to decide.
    Fixed { topic: Topic, found: u32, wanted: u32 },
    /// A setting has another value.
    Setting { topic: Topic, name: String, found: String, wanted: String },
}

/// Why topics were not compared or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("the topic {topic} was not looked at or changed: {reason}")]
    Failed { topic: Topic, reason: String },
    #[error(
        "the topic {topic} cannot have {replication} copies of each record: there are fewer brokers than that"
    )]
    TooFewBrokers { topic: Topic, replication: u16 },
    /// Only a person can end it.
    #[error("{0}")]
    NeedsPerson(TopicDifference),
}

/// How long brokers may take to show a topic that they have made.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl TopicPlan {
    /// The settings that are given to it and compared.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let retention = self.retention.map_or_else(|| "-1".into(), |span| span.as_millis().to_string());
        let policy = if self.compacted { "compact" } else { "delete" };
        let mut settings = vec![
            ("cleanup.policy", policy.to_owned()),
            ("min.insync.replicas", self.min_insync.to_string()),
            ("unclean.leader.election.enable", "false".to_owned()),
        ];
        if !self.compacted {
            settings.push(("retention.ms", retention));
            // The size of a topic says nothing about what is settled in it.
            settings.push(("retention.bytes", "-1".to_owned()));
        }
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether partitions may be added: jobs find theirs by its number, and progress by the number of partitions.
    fn may_widen(&self) -> bool {
        self.topic.parked_type().is_some()
    }

    fn width(&self, found: u32) -> Option<TopicDifference> {
        let (topic, wanted) = (self.topic.clone(), self.partitions.get());
        match found {
            0 => Some(TopicDifference::Missing { topic, partitions: wanted }),
            found if found < wanted && self.may_widen() => {
                Some(TopicDifference::Narrow { topic, found, wanted })
            }
            found if found == wanted || self.may_widen() => None,
            found => Some(TopicDifference::Fixed { topic, found, wanted }),
        }
    }
}

/// How the topics differ from their plans.
pub(super) async fn compare(
    reader: &Reader,
    admin: &Admin,
    plans: &[TopicPlan],
) -> Result<Vec<TopicDifference>, TopicError> {
    let mut differences = Vec::new();
    for plan in plans {
        let found = reader.partition_count(&plan.topic).await.map_err(|error| unread(&plan.topic, error))?;
        let width = plan.width(found);
        let missing = matches!(width, Some(TopicDifference::Missing { .. }));
        differences.extend(width);
        if missing {
            continue;
        }
        let settings = admin.settings(&plan.topic).await.map_err(|error| failed(plan, &error))?;
        for (name, wanted) in plan.settings() {
            let found = settings
                .as_ref()
                .and_then(|settings| settings.get(&name))
                .and_then(|entry| entry.value.clone())
                .unwrap_or_default();
            if found != wanted {
                differences.push(TopicDifference::Setting { topic: plan.topic.clone(), name, found, wanted });
            }
        }
    }
    Ok(differences)
}

/// Makes the topics as planned, and says what was changed. What only a person may decide is found before anything is.
pub(super) async fn apply(
    reader: &Reader,
    admin: &Admin,
    plans: &[TopicPlan],
) -> Result<Vec<TopicDifference>, TopicError> {
    let differences = compare(reader, admin, plans).await?;
    if let Some(fixed) = differences.iter().find(|found| matches!(found, TopicDifference::Fixed { .. })) {
        return Err(TopicError::NeedsPerson(fixed.clone()));
    }
    for plan in plans {
        let own: Vec<_> = differences.iter().filter(|found| *found.topic() == plan.topic).collect();
        for difference in &own {
            let done = match difference {
                TopicDifference::Missing { .. } => admin.create(plan).await,
                TopicDifference::Narrow { topic, .. } => admin.widen(topic, plan.partitions).await,
                TopicDifference::Fixed { .. } | TopicDifference::Setting { .. } => Ok(()),
            };
            done.map_err(|error| failed(plan, &error))?;
            if matches!(difference, TopicDifference::Missing { .. } | TopicDifference::Narrow { .. }) {
                let seen = shown(reader, &plan.topic, plan.partitions).await;
                seen.map_err(|error| unread(&plan.topic, error))?;
            }
        }
        if own.iter().any(|found| matches!(found, TopicDifference::Setting { .. })) {
            alter(admin, plan).await.map_err(|error| failed(plan, &error))?;
        }
    }
    Ok(differences)
}

/// Waits until the reader's broker shows so many partitions of a topic that was just made or widened: brokers answer before
/// each of them knows.
pub(super) async fn shown(reader: &Reader, topic: &Topic, partitions: NonZeroU32) -> Result<(), ReadError> {
    let until = Instant::now() + SHOWN_WITHIN;
    loop {
        match reader.partition_count(topic).await {
            Ok(found) if found >= partitions.get() => return Ok(()),
            Ok(_) | Err(ReadError::Unavailable { .. }) if Instant::now() < until => {}
            Ok(found) => {
                let reason =
                    format!("the topic {topic} was made, and shows {found} partitions of {partitions}");
                return Err(ReadError::Unavailable { reason });
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Gives a topic its planned settings, and leaves it the others that somebody gave it.
async fn alter(admin: &Admin, plan: &TopicPlan) -> Result<(), Undone> {
    let planned = plan.settings();
    let mut all = planned.clone();
    if let Some(settings) = admin.settings(&plan.topic).await? {
        for entry in settings.entries {
            if entry.source == ConfigSource::DynamicTopic
                && planned.iter().all(|(name, _)| *name != entry.name)
                && let Some(value) = entry.value
            {
                all.push((entry.name, value));
            }
        }
    }
    admin.alter(&plan.topic, &all).await
}

impl TopicDifference {
    /// The topic it is about.
    pub fn topic(&self) -> &Topic {
        match self {
            Self::Missing { topic, .. }
            | Self::Narrow { topic, .. }
            | Self::Fixed { topic, .. }
            | Self::Setting { topic, .. } => topic,
        }
    }
}

impl std::fmt::Display for TopicDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { topic, partitions } => {
                write!(f, "the topic {topic} is not there; it should have {partitions} partitions")
            }
            Self::Narrow { topic, found, wanted } => {
                write!(f, "the topic {topic} has {found} partitions, and should have {wanted}")
            }
            Self::Fixed { topic, found, wanted } if topic.is_compacted() => write!(
                f,
                "the topic {topic} has {found} partitions, not {wanted}, and that never changes: brokers make it by themselves \
                 where they may (auto.create.topics.enable); while no job was taken in, delete it and run `wasmill topics apply`"
            ),
            Self::Fixed { topic, found, wanted } => write!(
                f,
                "the topic {topic} has {found} partitions, not {wanted}, and that never changes: give the queue a new \
                 generation, or put the number back"
            ),
            Self::Setting { topic, name, found, wanted } => {
                write!(f, "the topic {topic} has {name} = {found}, and should have {wanted}")
            }
        }
    }
}

fn failed(plan: &TopicPlan, error: &Undone) -> TopicError {
    let topic = plan.topic.clone();
    match error {
        Undone::Code(Code::InvalidReplicationFactor) => {
            TopicError::TooFewBrokers { topic, replication: plan.replication }
        }
        error => TopicError::Failed { topic, reason: error.to_string() },
    }
}

fn unread(topic: &Topic, error: ReadError) -> TopicError {
    TopicError::Failed { topic: topic.clone(), reason: error.to_string() }
}
