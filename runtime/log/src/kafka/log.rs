//! The handle that gateway and relay hold on the log in Kafka.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmill_job::wire::encode_progress;
use wasmill_job::{Durability, Offset, Position, Progress, Topic, TopicPartition, UnixMs};

use super::admin::{Admin, Undone};
use super::group::Group;
use super::producer::Producers;
use super::settled::{self, Follower};
use super::streams::Streams;
use super::topics::{self, TopicDifference, TopicError, TopicPlan};
use super::{KafkaConfig, KafkaOpenError, reach, trouble};
use crate::{Append, AppendError, Bounds, Log, ReadError, Stored};

/// The log in Kafka. Cheap to clone; close it before the process ends, so that nothing waits for an answer in vain.
#[derive(Clone)]
pub struct KafkaLog {
    inner: Arc<Inner>,
}

struct Inner {
    config: KafkaConfig,
    producers: Producers,
    streams: Streams,
    group: Group,
    follower: Follower,
    admin: Admin,
    /// Of the topic of progress; 0 while it is not known.
    settled_partitions: AtomicU32,
    /// How many partitions topics have at least that somebody made sure of.
    ensured: Mutex<HashMap<Topic, u32>>,
    closed: AtomicBool,
}

impl KafkaLog {
    /// A log on these brokers. Looks at the settings only; see [`KafkaLog::reach`].
    ///
    /// # Errors
    /// [`KafkaOpenError::Refused`] when a setting cannot be used.
    pub fn open(config: KafkaConfig) -> Result<Self, KafkaOpenError> {
        if let Some(fault) = config.fault() {
            return Err(KafkaOpenError::Refused(fault));
        }
        let inner = Inner {
            producers: Producers::new(&config),
            streams: Streams::new(&config),
            group: Group::new(&config),
            follower: Follower::new(&config),
            admin: Admin::new(&config),
            settled_partitions: AtomicU32::new(0),
            ensured: Mutex::default(),
            closed: AtomicBool::new(false),
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Waits until a broker answers, at most for `within`.
    ///
    /// # Errors
    /// [`KafkaOpenError::Unavailable`] for trouble that may pass, [`KafkaOpenError::Refused`] for a login, a certificate or a
    /// setting that is wrong.
    pub async fn reach(&self, within: Duration) -> Result<(), KafkaOpenError> {
        let config = self.inner.config.clone();
        let reached = tokio::task::spawn_blocking(move || reach::reach(&config, within));
        reached.await.unwrap_or_else(|error| Err(KafkaOpenError::Unavailable(error.to_string())))
    }

    /// How the topics differ from what they should be like.
    ///
    /// # Errors
    /// When the brokers do not answer, or refuse to.
    pub async fn compare(&self, plans: &[TopicPlan]) -> Result<Vec<TopicDifference>, TopicError> {
        topics::compare(&self.inner.streams.reader, &self.inner.admin, plans).await
    }

    /// Makes the topics what they should be like, and answers with what it found different. Partitions of queues' topics
    /// never change.
    ///
    /// # Errors
    /// When the brokers do not answer, or refuse to; when a topic differs in what only a person may change, and then nothing
    /// was done.
    pub async fn apply(&self, plans: &[TopicPlan]) -> Result<Vec<TopicDifference>, TopicError> {
        topics::apply(&self.inner.streams.reader, &self.inner.admin, plans).await
    }

    /// Shows in the metrics how much waits for the brokers. For whoever gathers metrics, before each time.
    pub fn tell(&self) {
        self.inner.producers.tell();
    }

    /// Waits until what was appended is answered, at most for the delivery timeout; leaves the group; lets go of the brokers.
    /// Clones answer that the log is closed from now on.
    pub async fn close(self) {
        let inner = Arc::clone(&self.inner);
        if inner.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        inner.group.close();
        inner.streams.close().await;
        inner.follower.close();
        inner.admin.close();
        let within = inner.config.delivery_timeout + Duration::from_secs(1);
        let flushed = tokio::task::spawn_blocking(move || inner.producers.close(within)).await;
        if let Err(error) = flushed {
            tracing::error!(%error, "the producers were not closed in order");
        }
    }

    fn open_for_reading(&self) -> Result<&Inner, ReadError> {
        if self.inner.closed.load(Ordering::SeqCst) { Err(ReadError::Closed) } else { Ok(&self.inner) }
    }

    fn open_for_appending(&self) -> Result<&Arc<Inner>, AppendError> {
        if self.inner.closed.load(Ordering::SeqCst) { Err(AppendError::Closed) } else { Ok(&self.inner) }
    }
}

impl Inner {
    /// Partitions of the topic of progress. They never change.
    async fn settled_partitions(&self) -> Result<u32, ReadError> {
        let known = self.settled_partitions.load(Ordering::Relaxed);
        if known > 0 {
            return Ok(known);
        }
        let topic = Topic::settled();
        match self.streams.reader.partition_count(&topic).await? {
            0 => Err(super::meta::missing(&topic)),
            found => {
                self.settled_partitions.store(found, Ordering::Relaxed);
                Ok(found)
            }
        }
    }

    /// The plan of a topic that is made on first use.
    fn plan_of_parked(&self, topic: &Topic, partitions: NonZeroU32) -> TopicPlan {
        TopicPlan {
            topic: topic.clone(),
            partitions,
            replication: self.config.replication,
            min_insync: self.config.min_insync,
            retention: None,
            compacted: false,
        }
    }

    async fn append(&self, records: Vec<Append>) -> Vec<Result<Position, AppendError>> {
        let answers = self.producers.append(records).await;
        self.streams.appends.fetch_add(1, Ordering::SeqCst);
        answers
    }

    fn is_ensured(&self, topic: &Topic, partitions: NonZeroU32) -> bool {
        let ensured = self.ensured.lock().unwrap_or_else(PoisonError::into_inner);
        ensured.get(topic).is_some_and(|known| *known >= partitions.get())
    }

    /// The topic has so many partitions. The producers may know of fewer, and would refuse records for the others.
    async fn note_ensured(self: &Arc<Self>, topic: &Topic, partitions: u32) -> Result<(), AppendError> {
        let (inner, named) = (Arc::clone(self), topic.clone());
        let learnt = tokio::task::spawn_blocking(move || inner.producers.learn(&named));
        learnt.await.map_err(|error| AppendError::Unknown { reason: error.to_string() })?;
        self.ensured.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.clone(), partitions);
        Ok(())
    }
}

impl Log for KafkaLog {
    async fn append_each(&self, records: Vec<Append>) -> Vec<Result<Position, AppendError>> {
        match self.open_for_appending() {
            Ok(inner) => inner.append(records).await,
            Err(error) => records.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn append(&self, records: Vec<Append>) -> Result<Vec<Position>, AppendError> {
        self.open_for_appending()?.append(records).await.into_iter().collect()
    }

    async fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes_max: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        self.open_for_reading()?.streams.read(from, offset, bytes_max).await
    }

    async fn arrived(&self, at: &TopicPartition, offset: Offset) {
        if let Ok(inner) = self.open_for_reading() {
            inner.streams.arrived(at, offset).await;
        }
    }

    async fn bounds(&self, of: &TopicPartition) -> Result<Bounds, ReadError> {
        self.open_for_reading()?.streams.reader.bounds(of).await
    }

    async fn since(&self, of: &TopicPartition, at: UnixMs) -> Result<Offset, ReadError> {
        let reader = &self.open_for_reading()?.streams.reader;
        // The end of before: what is stored meanwhile does not lie before it.
        let Bounds { next, .. } = reader.bounds(of).await?;
        Ok(reader.since(of, at).await?.unwrap_or(next))
    }

    async fn partitions(&self) -> Result<Vec<TopicPartition>, ReadError> {
        let own =
            |topic: &Topic| topic.is_queue() || topic.parked_type().is_some() || *topic == Topic::dead();
        self.open_for_reading()?.streams.reader.partitions(own).await
    }

    async fn assigned(&self) -> Result<BTreeSet<TopicPartition>, ReadError> {
        self.open_for_reading()?.group.assigned().await
    }

    async fn reassigned(&self, from: &BTreeSet<TopicPartition>) {
        self.inner.group.reassigned(from).await;
    }

    /// Topics of parked jobs are made; the others have to be there.
    async fn ensure(&self, topic: &Topic, partitions: NonZeroU32) -> Result<(), AppendError> {
        let inner = self.open_for_appending()?;
        if inner.is_ensured(topic, partitions) {
            return Ok(());
        }
        let found = inner.streams.reader.partition_count(topic).await?;
        if found >= partitions.get() {
            return inner.note_ensured(topic, found).await;
        }
        if topic.parked_type().is_none() {
            return Err(super::meta::missing(topic).into());
        }
        let made = match found {
            0 => inner.admin.create(&inner.plan_of_parked(topic, partitions)).await,
            _ => inner.admin.widen(topic, partitions).await,
        };
        match made {
            // Somebody else was faster.
            Ok(()) | Err(Undone::Code(rdkafka::types::RDKafkaErrorCode::InvalidPartitions)) => {}
            Err(error) => {
                return Err(AppendError::Refused {
                    reason: format!(
                        "the topic {topic} could not be made ({error}): make it, or allow this user to"
                    ),
                });
            }
        }
        topics::shown(&inner.streams.reader, topic, partitions).await?;
        inner.note_ensured(topic, partitions.get()).await
    }

    async fn retention(&self, topic: &Topic) -> Result<Option<Duration>, ReadError> {
        let inner = self.open_for_reading()?;
        inner.admin.retention(topic).await.map_err(|error| match error {
            Undone::Code(code) => match trouble::refusal(code, topic.as_str()) {
                Some(reason) => ReadError::Refused { reason },
                None => ReadError::Unavailable { reason: code.to_string() },
            },
            Undone::Other(reason) => ReadError::Unavailable { reason },
        })
    }

    async fn commit(&self, of: &TopicPartition, progress: Progress) -> Result<(), AppendError> {
        let inner = self.open_for_appending()?;
        let partitions = inner.settled_partitions().await?;
        let Progress { floor, epoch, .. } = progress;
        let value = encode_progress(&progress, inner.config.record_bytes_max)
            .map_err(|error| AppendError::Refused { reason: error.to_string() })?;
        let home = settled::home(of, partitions);
        let record = Append {
            topic: home.topic.clone(),
            partition: home.partition,
            key: Some(settled::key(of, epoch)),
            value: Some(value),
            durability: Durability::Quorum,
        };
        if let Some(error) = inner.append(vec![record]).await.into_iter().find_map(Result::err) {
            return Err(match error {
                AppendError::Unknown { reason } => {
                    AppendError::Unknown { reason: format!("{home}, where progress stands: {reason}") }
                }
                other => other,
            });
        }
        inner.group.commit(of, floor);
        // What is settled is dropped for good: not on the word of somebody who has read an older epoch.
        if of.topic.parked_type().is_some()
            && floor.0 > 0
            && self.committed(of).await.is_ok_and(|newest| newest.epoch == epoch)
            && let Err(error) = inner.admin.drop_settled(of, floor).await
        {
            tracing::debug!(%of, %error, "settled records of parked jobs were not dropped");
        }
        Ok(())
    }

    async fn committed(&self, of: &TopicPartition) -> Result<Progress, ReadError> {
        let inner = self.open_for_reading()?;
        let partitions = inner.settled_partitions().await?;
        inner.follower.newest(of, settled::home(of, partitions)).await
    }
}

impl Drop for Inner {
    /// For a log that nobody closed: lets its threads and clients go, without waiting for answers.
    fn drop(&mut self) {
        self.group.close();
        self.streams.reader.close();
        self.follower.close();
        self.admin.close();
        self.producers.abandon();
    }
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaLog").field("brokers", &self.inner.config.brokers).finish_non_exhaustive()
    }
}
