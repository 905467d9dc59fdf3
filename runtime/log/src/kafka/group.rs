//! This process's membership in the relays' group. It only says which partitions are whose: what it fetches nothing of is
//! read by the streams.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::sync::watch;
use wasmill_job::{Offset, Partition, Topic, TopicPartition};

use super::context::Context;
use super::{KafkaConfig, telemetry, trouble};
use crate::ReadError;

/// The membership; joined when it is first asked what is assigned.
pub(super) struct Group {
    config: rdkafka::ClientConfig,
    share: Arc<watch::Sender<Share>>,
    member: Mutex<Option<Arc<BaseConsumer<Member>>>>,
    stop: Arc<AtomicBool>,
}

/// What this member was given.
#[derive(Clone, Debug, Default)]
struct Share {
    /// Whether the group has said anything yet, or the log is closed.
    has_answered: bool,
    partitions: BTreeSet<TopicPartition>,
    /// Why it is none of the group any more, for good.
    refused: Option<String>,
}

/// Hears of the group.
pub(super) struct Member {
    context: Context,
    share: Arc<watch::Sender<Share>>,
}

/// What relays carry.
const SUBSCRIPTION: [&str; 4] =
    ["^wasmill\\.q\\..*", "^wasmill\\.parked\\..*", "^wasmill\\.parked-[0-9]+\\..*", "wasmill.dead"];
/// How long a poll waits. Polling is what keeps the membership, so it never waits for anything else.
const POLL: Duration = Duration::from_millis(250);
/// How long the first question waits for the group: it gathers its members for three seconds, and gives up lost ones after ten.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

impl Group {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let mut member = config.consumer();
        member
            .set("session.timeout.ms", config.session_timeout.as_millis().to_string())
            .set("heartbeat.interval.ms", (config.session_timeout.as_millis() / 5).max(1).to_string())
            .set("partition.assignment.strategy", "cooperative-sticky")
            // New topics are found so fast.
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("metadata.max.age.ms", "15000")
            // It fetches nothing: its partitions are paused.
            .set("queued.min.messages", "1")
            .set("queued.max.messages.kbytes", "1")
            .set("auto.offset.reset", "latest");
        if let Some(instance) = &config.instance_id {
            member.set("group.instance.id", instance);
        }
        let share = Arc::new(watch::Sender::new(Share::default()));
        Self { config: member, share, member: Mutex::new(None), stop: Arc::default() }
    }

    /// Joins, if it has not, and says what is assigned now; the first time once the group has answered.
    pub(super) async fn assigned(&self) -> Result<BTreeSet<TopicPartition>, ReadError> {
        self.join()?;
        let mut share = self.share.subscribe();
        // Both ends mean the same: what is known by now counts. A group without any topic never answers.
        let _ = tokio::time::timeout(ANSWER_WITHIN, share.wait_for(|share| share.has_answered)).await;
        let share = share.borrow();
        match &share.refused {
            Some(reason) => Err(ReadError::Refused { reason: reason.clone() }),
            None => Ok(share.partitions.clone()),
        }
    }

    /// Resolves when the share is another than `from`, or the membership ends.
    pub(super) async fn reassigned(&self, from: &BTreeSet<TopicPartition>) {
        let is_other = |share: &Share| share.refused.is_some() || share.partitions != *from;
        // As above.
        let _ = self.share.subscribe().wait_for(is_other).await;
    }

    /// Tells the group how far a partition is settled, for the tools that show how far groups are. Not waited for.
    pub(super) fn commit(&self, of: &TopicPartition, floor: Offset) {
        if !self.share.borrow().partitions.contains(of) {
            return;
        }
        let member = self.member.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(member) = member else { return };
        let mut list = TopicPartitionList::new();
        let partition = i32::try_from(of.partition.0).unwrap_or(i32::MAX);
        let place = rdkafka::Offset::Offset(i64::try_from(floor.0).unwrap_or(i64::MAX));
        let committed = list
            .add_partition_offset(of.topic.as_str(), partition, place)
            .and_then(|()| member.commit(&list, CommitMode::Async));
        if let Err(error) = committed {
            tracing::debug!(%of, %error, "the group was not told of a floor");
        }
    }

    /// Leaves, so that others take over at once; a member with a name of its own keeps its share until its session is over.
    pub(super) fn close(&self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.member.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.share.send_modify(|share| {
            share.has_answered = true;
            share.partitions.clear();
        });
    }

    fn join(&self) -> Result<(), ReadError> {
        let mut member = self.member.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stop.load(Ordering::SeqCst) {
            return Err(ReadError::Closed);
        }
        if member.is_some() {
            return Ok(());
        }
        let refused = |error: KafkaError| ReadError::Refused { reason: error.to_string() };
        let context = Member { context: Context::new("group member"), share: Arc::clone(&self.share) };
        let joined = BaseConsumer::from_config_and_context(&self.config, context).map_err(refused)?;
        joined.subscribe(&SUBSCRIPTION).map_err(refused)?;
        let joined = Arc::new(joined);
        let (polled, stop) = (Arc::clone(&joined), Arc::clone(&self.stop));
        std::thread::Builder::new()
            .name("log-group".into())
            .spawn(move || serve(&polled, &stop))
            .map_err(|error| ReadError::Unavailable { reason: error.to_string() })?;
        *member = Some(joined);
        Ok(())
    }
}

/// Polls until the log is closed, or the group wants no more of this member.
fn serve(member: &BaseConsumer<Member>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        match member.poll(POLL) {
            // A record that came before its partition was paused.
            None | Some(Ok(_)) => {}
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                member.context().refuse(&error);
                return;
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "the membership in the group meets trouble");
                if let Some((code, _)) = member.client().fatal_error() {
                    member.context().refuse(&KafkaError::MessageConsumptionFatal(code));
                    return;
                }
            }
        }
    }
}

impl Member {
    fn refuse(&self, error: &KafkaError) {
        let sentence = error.rdkafka_error_code().and_then(|code| trouble::refusal(code, ""));
        let reason =
            sentence.unwrap_or_else(|| format!("the relays' group has put this process out: {error}"));
        tracing::error!("{reason}");
        self.share.send_modify(|share| {
            share.has_answered = true;
            share.partitions.clear();
            share.refused = Some(reason);
        });
    }

    fn note(&self, assignment: KafkaResult<TopicPartitionList>) {
        let list = match assignment {
            Ok(list) => list,
            Err(error) => return tracing::warn!(%error, "what the group assigned is not known"),
        };
        let partitions: BTreeSet<_> = list
            .elements()
            .iter()
            .filter_map(|element| {
                let number = u32::try_from(element.partition()).ok()?;
                Some(TopicPartition::new(Topic::from(element.topic()), Partition(number)))
            })
            .collect();
        telemetry::rebalanced(partitions.len());
        self.share.send_modify(|share| {
            share.has_answered = true;
            share.partitions = partitions;
        });
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.context.note_log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.note_error(&error, reason);
    }
}

impl ConsumerContext for Member {
    /// Notes what is assigned now, and keeps it from being fetched. Nothing else: the group waits meanwhile.
    fn post_rebalance(&self, member: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance
            && let Err(error) = member.pause(list)
        {
            tracing::debug!(%error, "assigned partitions were not paused");
        }
        self.note(member.assignment());
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "the group did not take a floor");
        }
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("share", &*self.share.borrow()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}
