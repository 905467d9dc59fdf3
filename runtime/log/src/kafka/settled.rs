//! The topic of progress: which of its partitions a lane's progress stands in, and what stands there last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use wasmill_job::wire::decode_progress;
use wasmill_job::{Offset, Partition, Progress, Topic, TopicPartition};

use super::KafkaConfig;
use super::context::Listening;
use super::trouble;
use crate::ReadError;

/// Follows the topic, when it is asked.
#[derive(Clone)]
pub(super) struct Follower {
    config: rdkafka::ClientConfig,
    state: Arc<Mutex<Option<Following>>>,
}

struct Following {
    consumer: BaseConsumer<Listening>,
    /// The newest progress of each key.
    newest: HashMap<Bytes, Bytes>,
    /// Of each partition of the topic: the offset after the last record that came.
    next: HashMap<u32, u64>,
}

/// How long catching up may take.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// The key of a lane's progress.
pub(super) fn key(of: &TopicPartition) -> Bytes {
    of.to_string().into()
}

/// In which of the topic's `partitions` a key stands: FNV-1a over its bytes, 64 bits, modulo their number. Every version and
/// every client has to find it, so it is said here and not left to a library.
pub(super) fn home(key: &[u8], partitions: u32) -> Partition {
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Partition(u32::try_from(hash % u64::from(partitions.max(1))).unwrap_or_default())
}

impl Follower {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut consumer = config.consumer();
        consumer
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "500")
            .set("auto.offset.reset", "earliest");
        Self { config: consumer, state: Arc::default() }
    }

    /// The newest progress of `of`, of a topic with so many partitions. Everything is seen that was acknowledged when this
    /// was called.
    pub(super) async fn newest(&self, of: &TopicPartition, partitions: u32) -> Result<Progress, ReadError> {
        let (follower, of) = (self.clone(), of.clone());
        let newest = tokio::task::spawn_blocking(move || follower.newest_now(&of, partitions));
        newest.await.unwrap_or_else(|error| Err(ReadError::Unavailable { reason: error.to_string() }))
    }

    pub(super) fn close(&self) {
        let following = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Going away takes the client a moment.
        std::thread::spawn(move || drop(following));
    }

    fn newest_now(&self, of: &TopicPartition, partitions: u32) -> Result<Progress, ReadError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_none() {
            *state = Some(self.follow(partitions)?);
        }
        let Some(following) = state.as_mut() else { return Err(ReadError::Closed) };
        let key = key(of);
        let caught_up = following.catch_up(home(&key, partitions));
        let newest = caught_up.map(|()| following.newest.get(&key).cloned());
        if newest.is_err() {
            // Whatever was wrong with it, the next call begins from the beginning.
            *state = None;
        }
        match newest? {
            None => Ok(Progress::default()),
            Some(bytes) => decode_progress(&bytes).map_err(|error| ReadError::Refused {
                reason: format!("the progress of {of} in {} cannot be read: {error}", Topic::settled()),
            }),
        }
    }

    fn follow(&self, partitions: u32) -> Result<Following, ReadError> {
        let refused = |error: KafkaError| ReadError::Refused { reason: error.to_string() };
        let consumer: BaseConsumer<Listening> =
            BaseConsumer::from_config_and_context(&self.config, Listening::new("follower of progress"))
                .map_err(refused)?;
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
            list.add_partition_offset(Topic::settled().as_str(), partition, rdkafka::Offset::Beginning)
                .map_err(refused)?;
        }
        consumer.assign(&list).map_err(refused)?;
        Ok(Following { consumer, newest: HashMap::new(), next: HashMap::new() })
    }
}

impl Following {
    /// Takes in what is there, until the end that the partition has now.
    fn catch_up(&mut self, partition: Partition) -> Result<(), ReadError> {
        let of = TopicPartition::new(Topic::settled(), partition);
        let number = i32::try_from(partition.0).unwrap_or(i32::MAX);
        let until = Instant::now() + CATCH_UP_WITHIN;
        let (low, high) = self
            .consumer
            .fetch_watermarks(of.topic.as_str(), number, Duration::from_secs(5))
            .map_err(|error| trouble::of_read(&error, &of))?;
        let unsigned = |raw: i64| u64::try_from(raw).unwrap_or_default();
        let (low, high) = (unsigned(low), unsigned(high));
        if low == high {
            return Ok(());
        }
        while self.next.get(&partition.0).is_none_or(|next| *next < high) {
            match self.consumer.poll(POLL) {
                None => {}
                Some(Ok(message)) => {
                    let from = u32::try_from(message.partition()).unwrap_or_default();
                    self.next.insert(from, Offset(unsigned(message.offset())).next().0);
                    let Some(key) = message.key() else { continue };
                    let key = Bytes::copy_from_slice(key);
                    match message.payload() {
                        Some(value) => drop(self.newest.insert(key, Bytes::copy_from_slice(value))),
                        None => drop(self.newest.remove(&key)),
                    }
                }
                // Compaction keeps the last record, so the end is reached by it.
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => match trouble::of_read(&error, &of) {
                    refused @ ReadError::Refused { .. } => return Err(refused),
                    _ => tracing::debug!(%error, "the follower of progress meets trouble"),
                },
            }
            if Instant::now() > until {
                let reason =
                    format!("the progress in {of} did not come within {} s", CATCH_UP_WITHIN.as_secs());
                return Err(ReadError::Unavailable { reason });
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}
