//! Reads beside the streams: a record somewhere else, looked up once. One at a time, off the runtime's threads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use wasmill_job::{Offset, TopicPartition};

use super::KafkaConfig;
use super::context::Listening;
use super::stream::Bite;
use super::trouble;
use crate::{ReadError, Stored};

/// The consumer for it, made when it is first needed.
#[derive(Clone)]
pub(super) struct Strays {
    config: rdkafka::ClientConfig,
    consumer: Arc<Mutex<Option<BaseConsumer<Listening>>>>,
}

const READ_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);
/// After the first record others are waited for so long, because one answer of a broker holds many.
const MORE: Duration = Duration::from_millis(1);

impl Strays {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut consumer = config.consumer();
        consumer
            .set("enable.partition.eof", "true")
            .set("queued.min.messages", "100")
            .set("queued.max.messages.kbytes", "1024");
        Self { config: consumer, consumer: Arc::default() }
    }

    pub(super) async fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let (strays, from) = (self.clone(), from.clone());
        let read = tokio::task::spawn_blocking(move || strays.read_now(&from, offset, bytes_max));
        read.await.unwrap_or_else(|error| Err(ReadError::Unavailable { reason: error.to_string() }))
    }

    pub(super) fn close(&self) {
        let consumer = self.consumer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Going away takes the client a moment.
        std::thread::spawn(move || drop(consumer));
    }

    fn read_now(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let mut slot = self.consumer.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            let made = BaseConsumer::from_config_and_context(&self.config, Listening::new("stray reader"));
            *slot = Some(made.map_err(|error| ReadError::Refused { reason: error.to_string() })?);
        }
        let Some(consumer) = slot.as_ref() else { return Err(ReadError::Closed) };
        let (topic, partition) = (from.topic.as_str(), i32::try_from(from.partition.0).unwrap_or(i32::MAX));
        let mut list = TopicPartitionList::new();
        let place = rdkafka::Offset::Offset(i64::try_from(offset.0).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, partition, place)
            .and_then(|()| consumer.assign(&list))
            .map_err(|error| trouble::of_read(&error, from))?;
        let bite = gather(consumer, from, offset, bytes_max);
        // The next read assigns anew; a failure here shows there.
        if let Err(error) = consumer.unassign() {
            tracing::debug!(%error, "a stray reader was not stopped");
        }
        Ok(bite?.records().collect())
    }
}

fn gather(
    consumer: &BaseConsumer<Listening>,
    from: &TopicPartition,
    offset: Offset,
    bytes_max: usize,
) -> Result<Bite, ReadError> {
    let mut bite = Bite::default();
    let until = Instant::now() + READ_WITHIN;
    while bite.is_empty() || bite.len() < bytes_max {
        match consumer.poll(if bite.is_empty() { POLL } else { MORE }) {
            Some(Ok(message)) => {
                let own = message.topic() == from.topic.as_str()
                    && u32::try_from(message.partition()) == Ok(from.partition.0)
                    && u64::try_from(message.offset()).is_ok_and(|at| at >= offset.0);
                if own {
                    bite.take(&message);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => match trouble::of_read(&error, from) {
                refused @ ReadError::Refused { .. } => return Err(refused),
                _ => tracing::debug!(%error, "a stray reader meets trouble"),
            },
            None if !bite.is_empty() => break,
            None => {}
        }
        if Instant::now() > until {
            let reason = format!("nothing of {from} came within {} s", READ_WITHIN.as_secs());
            return Err(ReadError::Unavailable { reason });
        }
    }
    Ok(bite)
}

impl std::fmt::Debug for Strays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Strays").finish_non_exhaustive()
    }
}
