//! Progress that cannot be told to the log, or read from it: the lane concerned waits, and only that one.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmill_job::{Offset, Position, Progress, Topic, TopicPartition, UnixMs};
use wasmill_log::{Append, AppendError, Bounds, EmbeddedLog, Log, ReadError, Stored};
use wasmill_queue::Queue;
use wasmill_relay::Standing;

use crate::world::{World, complete, eventually, lane, pending};

/// A log with a fault: the progress of one lane can be out of reach, so that calls about it are not answered; one lane may be another
/// relay's, or take no record; and all lanes may have lost their beginning, or for a while seem to end there.
#[derive(Clone)]
pub(crate) struct CutOff {
    log: EmbeddedLog,
    lane: TopicPartition,
    is_cut: Arc<AtomicBool>,
    elsewhere: Option<TopicPartition>,
    begins_at: Offset,
    is_short: Arc<AtomicBool>,
    refuses: Option<TopicPartition>,
}

impl CutOff {
    /// The whole log but for one lane, which another relay has.
    pub(crate) fn without(log: EmbeddedLog, elsewhere: TopicPartition) -> Self {
        Self { elsewhere: Some(elsewhere), ..Self::of(log) }
    }

    /// The log as retention left it that was too short: no lane has anything before this offset.
    pub(crate) fn beginning_at(log: EmbeddedLog, begins_at: Offset) -> Self {
        Self { begins_at, ..Self::of(log) }
    }

    /// The log as a broker shows it that has fallen behind: while the answer is true, all lanes end where they begin.
    pub(crate) fn short(log: EmbeddedLog) -> (Self, Arc<AtomicBool>) {
        let is_short = Arc::new(AtomicBool::new(true));
        (Self { is_short: is_short.clone(), ..Self::of(log) }, is_short)
    }

    /// The log with a partition that has no leader: it takes no record.
    pub(crate) fn refusing(log: EmbeddedLog, refuses: TopicPartition) -> Self {
        Self { refuses: Some(refuses), ..Self::of(log) }
    }

    fn of(log: EmbeddedLog) -> Self {
        let (is_cut, is_short) = (Arc::default(), Arc::default());
        let begins_at = Offset(0);
        Self { log, lane: lane(0), is_cut, elsewhere: None, begins_at, is_short, refuses: None }
    }

    async fn reach(&self, of: &TopicPartition) {
        if *of == self.lane && self.is_cut.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

impl Log for CutOff {
    async fn append_each(&self, records: Vec<Append>) -> Vec<Result<Position, AppendError>> {
        let mut fates = Vec::new();
        for record in records {
            let place = TopicPartition::new(record.topic.clone(), record.partition);
            fates.extend(if self.refuses.as_ref() == Some(&place) {
                vec![Err(AppendError::Unknown { reason: format!("{place} has no leader") })]
            } else {
                self.log.append_each(vec![record]).await
            });
        }
        fates
    }

    async fn read(
        &self,
        from: &TopicPartition,
        offset: Offset,
        bytes: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        self.log.read(from, offset, bytes).await
    }

    async fn arrived(&self, at: &TopicPartition, offset: Offset) {
        self.log.arrived(at, offset).await;
    }

    async fn bounds(&self, of: &TopicPartition) -> Result<Bounds, ReadError> {
        let Bounds { first, next } = self.log.bounds(of).await?;
        let next = if self.is_short.load(Ordering::SeqCst) { first } else { next };
        Ok(Bounds { first: first.max(self.begins_at.min(next)), next })
    }

    async fn since(&self, of: &TopicPartition, at: UnixMs) -> Result<Offset, ReadError> {
        self.log.since(of, at).await
    }

    async fn partitions(&self) -> Result<Vec<TopicPartition>, ReadError> {
        self.log.partitions().await
    }

    async fn assigned(&self) -> Result<BTreeSet<TopicPartition>, ReadError> {
        let all = self.log.assigned().await?;
        Ok(all.into_iter().filter(|lane| Some(lane) != self.elsewhere.as_ref()).collect())
    }

    async fn reassigned(&self, from: &BTreeSet<TopicPartition>) {
        let all = from.iter().chain(&self.elsewhere).cloned().collect();
        self.log.reassigned(&all).await;
    }

    async fn ensure(&self, topic: &Topic, partitions: NonZeroU32) -> Result<(), AppendError> {
        self.log.ensure(topic, partitions).await
    }

    async fn retention(&self, topic: &Topic) -> Result<Option<Duration>, ReadError> {
        self.log.retention(topic).await
    }

    async fn commit(&self, of: &TopicPartition, progress: Progress) -> Result<(), AppendError> {
        self.reach(of).await;
        self.log.commit(of, progress).await
    }

    async fn committed(&self, of: &TopicPartition) -> Result<Progress, ReadError> {
        self.reach(of).await;
        self.log.committed(of).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_progress_is_out_of_reach_waits_alone() {
    let mut world = World::new().await;
    let is_cut = Arc::new(AtomicBool::new(true));
    let log = CutOff { is_cut: Arc::clone(&is_cut), ..CutOff::of(world.log.clone()) };
    world.enqueue("email.welcome", 20).await;
    let mut relay = world.relay_on(log.clone());
    pending(&world, 10).await;
    let done = world.work_off(10).await;
    assert_eq!((done[0].len(), done[1].len()), (0, 10));
    eventually("the other lane is settled", || async {
        world.log.committed(&lane(1)).await.unwrap().floor == Offset(10)
    })
    .await;

    is_cut.store(false, Ordering::SeqCst);
    // What hung hangs: the lane begins anew with another relay, and tells what it carries.
    relay.crash().await;
    relay = world.relay_on(log);
    relay.reaches(Standing::CaughtUp).await;
    pending(&world, 10).await;
    // And the end of a relay stores what can be stored, whatever cannot.
    is_cut.store(true, Ordering::SeqCst);
    world.enqueue("email.welcome", 20).await;
    eventually("the other lane has all of its jobs", || async {
        world.queue.queue().wanted(&lane(1), Offset(20)).await.unwrap() == Some(Offset(20))
    })
    .await;
    let claims = world.take(100).await;
    world.settle(claims, &complete()).await;
    relay.drain().await;
    assert_eq!(world.log.committed(&lane(1)).await.unwrap().floor, Offset(20));
}
