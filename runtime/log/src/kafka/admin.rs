//! Asking the brokers to make and change topics.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode as Code;
use wasmill_job::{Offset, Topic, TopicPartition};

use super::KafkaConfig;
use super::context::Listening;
use super::topics::TopicPlan;

/// The client for it, made when it is first needed.
pub(super) struct Admin {
    config: rdkafka::ClientConfig,
    client: Mutex<Option<Arc<AdminClient<Listening>>>>,
    retention: Mutex<HashMap<Topic, (Instant, Option<Duration>)>>,
    /// When settled records of a partition may be dropped again.
    drop_again: Mutex<HashMap<TopicPartition, Instant>>,
}

/// Why an administrative request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undone {
    /// The brokers refused it.
    Code(Code),
    /// It was not even asked, or not answered.
    Other(String),
}

const WITHIN: Duration = Duration::from_secs(10);
/// How long what a topic's settings say is believed.
const RETENTION_KNOWN_FOR: Duration = Duration::from_secs(60);
/// Settled records of a partition are dropped at most so often.
const DROP_EACH: Duration = Duration::from_secs(60);
/// After a drop that failed it is tried again so soon.
const DROP_AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Admin {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut client = config.client();
        // Nobody polls this client for its log lines; they would only gather.
        client.set_log_level(RDKafkaLogLevel::Emerg);
        Self {
            config: client,
            client: Mutex::new(None),
            retention: Mutex::default(),
            drop_again: Mutex::default(),
        }
    }

    /// Makes a topic. One that is there already is left as it is.
    pub(super) async fn create(&self, plan: &TopicPlan) -> Result<(), Undone> {
        let settings = plan.settings();
        let partitions = i32::try_from(plan.partitions.get()).unwrap_or(i32::MAX);
        let mut topic = NewTopic::new(
            plan.topic.as_str(),
            partitions,
            TopicReplication::Fixed(i32::from(plan.replication)),
        );
        for (name, value) in &settings {
            topic = topic.set(name, value);
        }
        let made = self.client()?.create_topics(&[topic], &options()).await;
        match first(made)? {
            Ok(_) | Err((_, Code::TopicAlreadyExists)) => Ok(()),
            Err((_, code)) => Err(Undone::Code(code)),
        }
    }

    /// Gives a topic more partitions.
    pub(super) async fn widen(&self, topic: &Topic, partitions: NonZeroU32) -> Result<(), Undone> {
        let count = usize::try_from(partitions.get()).unwrap_or(usize::MAX);
        let wider = [NewPartitions::new(topic.as_str(), count)];
        let made = self.client()?.create_partitions(&wider, &options()).await;
        first(made)?.map(drop).map_err(|(_, code)| Undone::Code(code))
    }

    /// The settings of a topic, by name; `None` when there is no such topic.
    pub(super) async fn settings(&self, topic: &Topic) -> Result<Option<ConfigResource>, Undone> {
        let asked = [ResourceSpecifier::Topic(topic.as_str())];
        let answer = self.client()?.describe_configs(&asked, &options()).await;
        match first(answer)? {
            Ok(settings) => Ok(Some(settings)),
            Err(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Ok(None),
            Err(code) => Err(Undone::Code(code)),
        }
    }

    /// Changes settings of a topic. `all` has to be every setting that is to hold, because the others fall back to the
    /// brokers' own.
    pub(super) async fn alter(&self, topic: &Topic, all: &[(String, String)]) -> Result<(), Undone> {
        let mut change = rdkafka::admin::AlterConfig::new(ResourceSpecifier::Topic(topic.as_str()));
        for (name, value) in all {
            change = change.set(name, value);
        }
        let answer = self.client()?.alter_configs(&[change], &options()).await;
        first(answer)?.map(drop).map_err(|(_, code)| Undone::Code(code))
    }

    /// After how long the topic's records go; `None` when they never do.
    pub(super) async fn retention(&self, topic: &Topic) -> Result<Option<Duration>, Undone> {
        let known = self.retention.lock().unwrap_or_else(PoisonError::into_inner).get(topic).copied();
        if let Some((at, retention)) = known
            && at.elapsed() < RETENTION_KNOWN_FOR
        {
            return Ok(retention);
        }
        let settings = self.settings(topic).await?.ok_or(Undone::Code(Code::UnknownTopicOrPartition))?;
        let value = |name: &str| settings.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
        let kept = !value("cleanup.policy").split(',').any(|policy| policy.trim() == "delete");
        let retention = if kept {
            None
        } else {
            // Minus one is for ever.
            value("retention.ms").parse::<u64>().ok().map(Duration::from_millis)
        };
        let known = (Instant::now(), retention);
        self.retention.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.clone(), known);
        Ok(retention)
    }

    /// Drops what lies below the floor, unless that was done a moment ago.
    pub(super) async fn drop_settled(&self, of: &TopicPartition, floor: Offset) -> Result<(), Undone> {
        {
            let now = Instant::now();
            let mut again = self.drop_again.lock().unwrap_or_else(PoisonError::into_inner);
            if again.get(of).is_some_and(|at| now < *at) {
                return Ok(());
            }
            again.insert(of.clone(), now + DROP_EACH);
        }
        let done = self.drop_below(of, floor).await;
        if done.is_err() {
            let mut again = self.drop_again.lock().unwrap_or_else(PoisonError::into_inner);
            again.insert(of.clone(), Instant::now() + DROP_AFTER_FAILURE);
        }
        done
    }

    async fn drop_below(&self, of: &TopicPartition, floor: Offset) -> Result<(), Undone> {
        let client = self.client()?;
        let answer = {
            let mut list = TopicPartitionList::new();
            let partition = i32::try_from(of.partition.0).unwrap_or(i32::MAX);
            let place = rdkafka::Offset::Offset(i64::try_from(floor.0).unwrap_or(i64::MAX));
            list.add_partition_offset(of.topic.as_str(), partition, place)
                .map_err(|error| Undone::of(&error))?;
            client.delete_records(&list, &options())
        };
        let done = answer.await.and_then(|done| done.elements().iter().try_for_each(|place| place.error()));
        done.map_err(|error| Undone::of(&error))
    }

    pub(super) fn close(&self) {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Going away takes the client a moment.
        std::thread::spawn(move || drop(client));
    }

    fn client(&self) -> Result<Arc<AdminClient<Listening>>, Undone> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*client {
            return Ok(Arc::clone(client));
        }
        let made = AdminClient::from_config_and_context(&self.config, Listening::new("admin"));
        let made = Arc::new(made.map_err(|error| Undone::of(&error))?);
        *client = Some(Arc::clone(&made));
        Ok(made)
    }
}

impl Undone {
    pub(super) fn of(error: &KafkaError) -> Self {
        match error {
            KafkaError::AdminOp(code) => Self::Code(*code),
            error => error.rdkafka_error_code().map_or_else(|| Self::Other(error.to_string()), Self::Code),
        }
    }
}

impl std::fmt::Display for Undone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN))
}

/// The one answer to a request for one topic.
fn first<T>(answer: Result<Vec<T>, KafkaError>) -> Result<T, Undone> {
    let answers = answer.map_err(|error| Undone::of(&error))?;
    answers.into_iter().next().ok_or_else(|| Undone::Other("the brokers did not answer".into()))
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
