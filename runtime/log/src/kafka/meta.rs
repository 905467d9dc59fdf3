//! The client that reads: its streams, and what it knows of topics and their ends. Made when it is first needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use rdkafka::topic_partition_list::{Offset as RawOffset, TopicPartitionList};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use wasmill_job::{Offset, Partition, Topic, TopicPartition, UnixMs};

use super::KafkaConfig;
use super::context::Listening;
use super::trouble;
use crate::{Bounds, ReadError};

/// One consumer for all streams, and for questions.
#[derive(Debug)]
pub(super) struct Reader {
    config: rdkafka::ClientConfig,
    current: Mutex<Slot>,
    stop: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Slot {
    Unused,
    Open(Arc<BaseConsumer<Listening>>),
    Closed,
}

/// How long a question about topics may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// When leaders move, it is asked again so soon.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// How often the client's own events are looked at; they only tell of trouble.
const EVENTS_EACH: Duration = Duration::from_millis(250);

impl Reader {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut reader = config.consumer();
        reader
            .set("enable.partition.eof", "true")
            .set("partition.assignment.strategy", "cooperative-sticky")
            // Each partition's own queue holds so much ahead of its reader.
            .set("queued.min.messages", "10000")
            .set("queued.max.messages.kbytes", "4096");
        Self { config: reader, current: Mutex::new(Slot::Unused), stop: Arc::default() }
    }

    /// The consumer behind it.
    pub(super) fn consumer(&self) -> Result<Arc<BaseConsumer<Listening>>, ReadError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Slot::Open(consumer) => Ok(Arc::clone(consumer)),
            Slot::Closed => Err(ReadError::Closed),
            Slot::Unused => {
                let made = BaseConsumer::from_config_and_context(&self.config, Listening::new("reader"));
                let consumer =
                    Arc::new(made.map_err(|error| ReadError::Refused { reason: error.to_string() })?);
                let (polled, stop) = (Arc::clone(&consumer), Arc::clone(&self.stop));
                let serve = move || {
                    while !stop.load(Ordering::Relaxed) {
                        // Records come through the partitions' own queues.
                        drop(polled.poll(EVENTS_EACH));
                    }
                };
                std::thread::Builder::new()
                    .name("log-reader".into())
                    .spawn(serve)
                    .map_err(|error| ReadError::Unavailable { reason: error.to_string() })?;
                *current = Slot::Open(Arc::clone(&consumer));
                Ok(consumer)
            }
        }
    }

    /// Lets go of the client. Whoever still uses it finishes first.
    pub(super) fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Slot::Closed;
    }

    /// Asks the brokers where the partition begins and ends: one round trip to its leader.
    pub(super) async fn bounds(&self, of: &TopicPartition) -> Result<Bounds, ReadError> {
        let watermarks = |consumer: &BaseConsumer<Listening>, of: &TopicPartition| {
            let (low, high) = consumer.fetch_watermarks(of.topic.as_str(), number(of), ANSWER_WITHIN)?;
            let offset = |raw: i64| Offset(u64::try_from(raw).unwrap_or_default());
            Ok(Bounds { first: offset(low), next: offset(high) })
        };
        self.ask_leader(of, watermarks).await
    }

    /// Asks the brokers for the first record with this timestamp or a later one: one round trip to the partition's leader.
    pub(super) async fn since(&self, of: &TopicPartition, at: UnixMs) -> Result<Option<Offset>, ReadError> {
        let found = move |consumer: &BaseConsumer<Listening>, of: &TopicPartition| {
            let mut asked = TopicPartitionList::new();
            let at = RawOffset::Offset(i64::try_from(at.0).unwrap_or(i64::MAX));
            asked.add_partition_offset(of.topic.as_str(), number(of), at)?;
            let answer = consumer.offsets_for_times(asked, ANSWER_WITHIN)?;
            let Some(found) = answer.find_partition(of.topic.as_str(), number(of)) else { return Ok(None) };
            found.error()?;
            Ok(match found.offset() {
                RawOffset::Offset(raw) => u64::try_from(raw).ok().map(Offset),
                _ => None,
            })
        };
        self.ask_leader(of, found).await
    }

    /// Asks the partition's leader, and again while leaders move.
    async fn ask_leader<T: Send + 'static>(
        &self,
        of: &TopicPartition,
        question: impl Fn(&BaseConsumer<Listening>, &TopicPartition) -> Result<T, KafkaError>
        + Copy
        + Send
        + 'static,
    ) -> Result<T, ReadError> {
        let until = Instant::now() + ANSWER_WITHIN;
        loop {
            let asked = of.clone();
            let error = match self.ask(move |consumer| question(consumer, &asked)).await? {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !trouble::is_moving(&error) || Instant::now() > until {
                return Err(self.unbounded(of, &error).await);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Why the ends of a partition are not known. The first answer says too little of a topic that is not there.
    async fn unbounded(&self, of: &TopicPartition, error: &KafkaError) -> ReadError {
        match self.partition_count(&of.topic).await {
            Ok(count) if of.partition.0 >= count => missing(&of.topic),
            Err(ReadError::Refused { reason }) => ReadError::Refused { reason },
            _ => trouble::of_read(error, of),
        }
    }

    /// How many partitions the topic has; 0 when it is not there.
    pub(super) async fn partition_count(&self, topic: &Topic) -> Result<u32, ReadError> {
        let asked = topic.clone();
        let answer = self.ask(move |consumer| consumer.fetch_metadata(Some(asked.as_str()), ANSWER_WITHIN));
        let of = TopicPartition::new(topic.clone(), Partition(0));
        let metadata = answer.await?.map_err(|error| trouble::of_read(&error, &of))?;
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic.as_str()) else {
            return Ok(0);
        };
        match found.error().map(RDKafkaErrorCode::from) {
            None => Ok(u32::try_from(found.partitions().len()).unwrap_or(u32::MAX)),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(0),
            Some(code) => match trouble::refusal(code, topic.as_str()) {
                Some(reason) => Err(ReadError::Refused { reason }),
                None => Err(ReadError::Unavailable { reason: code.to_string() }),
            },
        }
    }

    /// Every partition of every topic whose name `wanted` likes.
    pub(super) async fn partitions(
        &self,
        wanted: impl Fn(&Topic) -> bool,
    ) -> Result<Vec<TopicPartition>, ReadError> {
        let answer = self.ask(|consumer| consumer.fetch_metadata(None, ANSWER_WITHIN));
        let metadata = answer.await?.map_err(|error| ReadError::Unavailable {
            reason: format!("the brokers do not answer: {error}"),
        })?;
        Ok(listed(&metadata, wanted))
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer<Listening>) -> T + Send + 'static,
    ) -> Result<T, ReadError> {
        let consumer = self.consumer()?;
        let asked = tokio::task::spawn_blocking(move || question(&consumer));
        asked.await.map_err(|error| ReadError::Unavailable { reason: error.to_string() })
    }
}

/// The partition's number as the client takes it.
fn number(of: &TopicPartition) -> i32 {
    i32::try_from(of.partition.0).unwrap_or(i32::MAX)
}

/// The sentence for a topic that is not there.
pub(super) fn missing(topic: &Topic) -> ReadError {
    let reason = trouble::refusal(RDKafkaErrorCode::UnknownTopic, topic.as_str()).unwrap_or_default();
    ReadError::Refused { reason }
}

fn listed(metadata: &Metadata, wanted: impl Fn(&Topic) -> bool) -> Vec<TopicPartition> {
    let mut all = Vec::new();
    for found in metadata.topics() {
        let topic = Topic::from(found.name());
        if found.error().is_none_or(|error| error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR)
            && wanted(&topic)
        {
            let numbers =
                found.partitions().iter().filter_map(|partition| u32::try_from(partition.id()).ok());
            all.extend(numbers.map(|number| TopicPartition::new(topic.clone(), Partition(number))));
        }
    }
    all.sort();
    all
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unused => "Unused",
            Self::Open(_) => "Open",
            Self::Closed => "Closed",
        })
    }
}
