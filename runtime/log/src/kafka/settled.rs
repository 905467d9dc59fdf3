//! The topic of progress: which of its partitions a lane's progress stands in, and what stands there last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use wasmill_job::wire::decode_progress;
use wasmill_job::{Partition, Progress, Topic, TopicPartition};

use super::KafkaConfig;
use super::context::Listening;
use super::trouble;
use crate::ReadError;

/// Follows the topic, when it is asked. Its partitions do not wait for one another: one without a leader holds up only those
/// who ask for what stands in it.
#[derive(Clone)]
pub(super) struct Follower {
    config: rdkafka::ClientConfig,
    state: Arc<Mutex<Option<Arc<Following>>>>,
}

/// One client for all partitions. Whoever polls it serves its events; records come through the partitions' own queues.
struct Following {
    consumer: Arc<BaseConsumer<Listening>>,
    parts: Mutex<HashMap<Partition, Arc<Mutex<Option<Part>>>>>,
}

/// What has come of one partition.
struct Part {
    of: TopicPartition,
    consumer: Arc<BaseConsumer<Listening>>,
    queue: PartitionQueue<Listening>,
    /// Of each lane, by its name: the newest epoch, and the newest progress in it.
    newest: HashMap<Bytes, (u64, Option<Bytes>)>,
    /// The offset after the last record that came.
    next: u64,
}

/// How long a broker may take to say where a partition ends.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long catching up may take.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// Between a lane's name and the epoch in a key. No topic's name has it.
const EPOCH: char = '#';

/// The key of a lane's progress in an epoch: each epoch has its own, so that compaction never takes the newest epoch's away
/// for a record that came later and is of an older one. Of the first it is the lane's name alone.
pub(super) fn key(of: &TopicPartition, epoch: u64) -> Bytes {
    match epoch {
        0 => of.to_string().into(),
        epoch => format!("{of}{EPOCH}{epoch}").into(),
    }
}

/// The lane's name in a key, and the epoch.
fn split(key: &Bytes) -> (Bytes, u64) {
    let text = std::str::from_utf8(key).ok().and_then(|text| text.rsplit_once(EPOCH));
    match text.and_then(|(lane, epoch)| Some((lane.len(), epoch.parse().ok()?))) {
        Some((end, epoch)) => (key.slice(..end), epoch),
        None => (key.clone(), 0),
    }
}

/// In which of the topic's `partitions` a lane's progress stands, in all its epochs: FNV-1a over the bytes of its name, 64 bits, modulo their number. Every version and
/// every client has to find it, so it is said here and not left to a library.
pub(super) fn home(of: &TopicPartition, partitions: u32) -> TopicPartition {
    let hash = of.to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let partition = Partition(u32::try_from(hash % u64::from(partitions.max(1))).unwrap_or_default());
    TopicPartition::new(Topic::settled(), partition)
}

impl Follower {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut consumer = config.consumer();
        consumer
            .set("enable.partition.eof", "true")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("fetch.wait.max.ms", "500")
            .set("auto.offset.reset", "earliest");
        Self { config: consumer, state: Arc::default() }
    }

    /// The newest progress of `of`, which stands in `home`. Everything is seen that was acknowledged when this was called.
    pub(super) async fn newest(
        &self,
        of: &TopicPartition,
        home: TopicPartition,
    ) -> Result<Progress, ReadError> {
        let (follower, of) = (self.clone(), of.clone());
        let newest = tokio::task::spawn_blocking(move || follower.newest_now(&of, &home));
        newest.await.unwrap_or_else(|error| Err(ReadError::Unavailable { reason: error.to_string() }))
    }

    pub(super) fn close(&self) {
        let following = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Going away takes the client a moment.
        std::thread::spawn(move || drop(following));
    }

    fn newest_now(&self, of: &TopicPartition, home: &TopicPartition) -> Result<Progress, ReadError> {
        let following = self.following()?;
        // Before the lock: without a leader this takes its time.
        let end = following.end(home)?;
        match following.newest(home, end, &key(of, 0))? {
            None => Ok(Progress::default()),
            Some(bytes) => decode_progress(&bytes).map_err(|error| ReadError::Refused {
                reason: format!("the progress of {of} in {} cannot be read: {error}", Topic::settled()),
            }),
        }
    }

    fn following(&self) -> Result<Arc<Following>, ReadError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(following) = &*state {
            return Ok(Arc::clone(following));
        }
        let made =
            BaseConsumer::from_config_and_context(&self.config, Listening::new("follower of progress"));
        let consumer = Arc::new(made.map_err(|error| ReadError::Refused { reason: error.to_string() })?);
        Ok(Arc::clone(state.insert(Arc::new(Following { consumer, parts: Mutex::default() }))))
    }
}

impl Following {
    /// The end that the partition has now; `None` when nothing stands in it.
    fn end(&self, home: &TopicPartition) -> Result<Option<u64>, ReadError> {
        let asked = self.consumer.fetch_watermarks(home.topic.as_str(), number(home), ANSWER_WITHIN);
        let (low, high) = asked.map_err(|error| match trouble::of_read(&error, home) {
            // The client calls a partition unknown, too, that has no leader.
            ReadError::Refused { reason } if !self.is_there(home) => ReadError::Refused { reason },
            _ => {
                let reason = format!("{home}, where progress stands, has no leader that answers ({error})");
                ReadError::Unavailable { reason }
            }
        })?;
        Ok(Some(unsigned(high)).filter(|_| low < high))
    }

    /// Whether the brokers know the partition, with a leader or without one, and let this user read it.
    fn is_there(&self, home: &TopicPartition) -> bool {
        let Ok(metadata) = self.consumer.fetch_metadata(Some(home.topic.as_str()), ANSWER_WITHIN) else {
            return false;
        };
        let found = metadata.topics().iter().find(|found| found.name() == home.topic.as_str());
        found.is_some_and(|found| {
            let mut partitions = found.partitions().iter();
            found.error().is_none() && partitions.any(|partition| partition.id() == number(home))
        })
    }

    /// What stands last before `end` of the lane with this name, in its newest epoch.
    fn newest(
        &self,
        home: &TopicPartition,
        end: Option<u64>,
        lane: &Bytes,
    ) -> Result<Option<Bytes>, ReadError> {
        let Some(end) = end else { return Ok(None) };
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = Arc::clone(parts.entry(home.partition).or_default());
        drop(parts);
        let mut slot = part.lock().unwrap_or_else(PoisonError::into_inner);
        let part = match &mut *slot {
            Some(part) => part,
            empty => empty.insert(Part::start(home.clone(), Arc::clone(&self.consumer))?),
        };
        let newest =
            part.catch_up(end).map(|()| part.newest.get(lane).and_then(|(_, newest)| newest.clone()));
        if newest.is_err() {
            // Whatever was wrong with it, the next call begins from the beginning.
            *slot = None;
        }
        newest
    }
}

impl Part {
    fn start(of: TopicPartition, consumer: Arc<BaseConsumer<Listening>>) -> Result<Self, ReadError> {
        // Its own queue first, and then the records: none goes astray.
        let queue = consumer.split_partition_queue(of.topic.as_str(), number(&of));
        let queue = queue.ok_or_else(|| super::meta::missing(&of.topic))?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(of.topic.as_str(), number(&of), rdkafka::Offset::Beginning)
            .and_then(|()| consumer.incremental_assign(&list))
            .map_err(|error| trouble::of_read(&error, &of))?;
        Ok(Self { of, consumer, queue, newest: HashMap::new(), next: 0 })
    }

    /// Takes in what is there, until `end`.
    fn catch_up(&mut self, end: u64) -> Result<(), ReadError> {
        let until = Instant::now() + CATCH_UP_WITHIN;
        while self.next < end {
            match self.queue.poll(POLL) {
                None => {}
                Some(Ok(message)) => {
                    self.next = unsigned(message.offset()).saturating_add(1);
                    let Some(key) = message.key() else { continue };
                    let (lane, epoch) = split(&Bytes::copy_from_slice(key));
                    let newest = self.newest.entry(lane).or_default();
                    // Of an older epoch: somebody was asleep while the lane was begun anew.
                    if epoch >= newest.0 {
                        *newest = (epoch, message.payload().map(Bytes::copy_from_slice));
                    }
                }
                Some(Err(error)) => self.judge(&error)?,
            }
            if let Some(Err(error)) = self.consumer.poll(Duration::ZERO) {
                self.judge(&error)?;
            }
            if Instant::now() > until {
                let reason = format!(
                    "the progress in {} did not come within {} s",
                    self.of,
                    CATCH_UP_WITHIN.as_secs()
                );
                return Err(ReadError::Unavailable { reason });
            }
        }
        Ok(())
    }

    /// What is lasting ends the wait.
    fn judge(&self, error: &KafkaError) -> Result<(), ReadError> {
        // Compaction keeps the last record, so the end is reached by it.
        if matches!(error, KafkaError::PartitionEOF(_)) {
            return Ok(());
        }
        match trouble::of_read(error, &self.of) {
            refused @ ReadError::Refused { .. } => Err(refused),
            _ => {
                tracing::debug!(%error, "the follower of progress meets trouble");
                Ok(())
            }
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut list = TopicPartitionList::new();
        list.add_partition(self.of.topic.as_str(), number(&self.of));
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::debug!(of = %self.of, %error, "a partition of progress was not given back");
        }
    }
}

/// A partition's number, as the client wants it.
fn number(of: &TopicPartition) -> i32 {
    i32::try_from(of.partition.0).unwrap_or(i32::MAX)
}

fn unsigned(raw: i64) -> u64 {
    u64::try_from(raw).unwrap_or_default()
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}
