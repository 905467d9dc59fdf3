//! The steps of whoever pays what the queue owes: letters and children into the log, or children into the queue.

use std::time::Duration;

use wasmill_job::{ChildKey, Generation, Job, JobId, Offset, Partition, Path, Stamp, UnixMs};
use wasmill_queue::{Child, Debt, Entry, NewJob, Owes, Queue, hand_over};

use super::QueueUnderTest;
use super::driver::{Driver, lane_name, lanes, type_name};
use super::simple::WINDOW;
use crate::queue::world::made;

/// So many children of a job: in turn through the log and straight into the queue, and the last with a delay.
pub(super) fn children_of(parent: &Job, count: u32) -> Vec<Child> {
    let child = |number: u32| {
        let (job_type, partition) = (type_name(0), Partition(number % 2));
        let id = JobId::child_of(parent.id, &job_type, &ChildKey::Number(number), Generation(1), partition);
        let job = made(id, job_type.as_str());
        let path = if number.is_multiple_of(2) { Path::Log } else { Path::Queue };
        let job = Job { stamp: Stamp { path, ..job.stamp }, idempotency_key: None, ..job };
        let delay = Duration::from_millis(if number == 2 { 1_500 } else { 0 });
        Child { job, queue: "model".parse().unwrap(), dedup_window: WINDOW, delay }
    };
    (0..count).map(child).collect()
}

/// A child as it is owed once its parent has completed.
pub(super) fn due(child: Child, completed_at: UnixMs) -> Child {
    let mut child = child;
    if child.delay > Duration::ZERO {
        child.job.run_at = Some(completed_at.plus(std::mem::take(&mut child.delay)));
    }
    child
}

impl<U: QueueUnderTest> Driver<U> {
    pub(super) async fn pay(&mut self, max: usize, is_lost: bool) {
        let owed = self.queue.owed(max).await.unwrap();
        assert_eq!(owed.len(), self.owed().min(max));
        for debt in &owed {
            match &debt.owes {
                Owes::Letter(letter) => {
                    let log = self.log.get_mut(&lanes().last().unwrap()).unwrap();
                    let offset = Offset(log.len() as u64);
                    log.push(Some(Entry::Dead { offset, letter: letter.clone() }));
                }
                Owes::Children(children) => self.publish(children),
            }
        }
        let debts: Vec<&Debt> = owed.iter().collect();
        let ids: Vec<_> = owed.iter().map(|debt| debt.id).collect();
        assert_eq!(hand_over(&self.queue, &debts).await, (ids.clone(), None));
        self.note();
        if is_lost {
            return;
        }
        for debt in &owed {
            match &debt.owes {
                Owes::Letter(letter) => {
                    let id = letter.job.as_ref().unwrap().id;
                    self.shard_of(id).pay(id);
                }
                Owes::Children(children) => {
                    let is_owed = self.shards.iter_mut().any(|shard| shard.pay_children(children));
                    assert!(is_owed, "nobody emitted {children:?}");
                }
            }
        }
        self.queue.paid(ids).await.unwrap();
        self.note();
    }

    /// How many debts there are.
    fn owed(&self) -> usize {
        let letters = self.shards.iter().flat_map(|shard| shard.dead.values());
        let emitted = self.shards.iter().map(|shard| shard.emitted.len()).sum::<usize>();
        letters.filter(|dead| dead.owed.is_some()).count() + emitted
    }

    /// Children come to the log, or to the queue, whether they were there before or not.
    fn publish(&mut self, children: &[Child]) {
        let now = self.now();
        for child in children {
            let new = NewJob::new(child.job.clone(), WINDOW);
            if self.jobs.iter().all(|known| known.id != new.job.id) {
                self.jobs.push(new.job.clone());
            }
            if child.goes_into_queue() {
                self.unlogged.insert(new.job.id);
                self.shard_of(new.job.id).admit(&new, None, now);
            } else {
                let log = self.log.get_mut(&lane_name(new.job.id.partition().0 as usize)).unwrap();
                let offset = Offset(log.len() as u64);
                log.push(Some(Entry::Job { offset, new }));
            }
        }
    }
}
