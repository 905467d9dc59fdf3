//! Children: jobs that a job emits are owed from the step on that completes it, and only then.

use std::time::Duration;

use wasmill_job::{
    Cancel, ChildKey, Generation, Job, JobId, Offset, Partition, Path, Progress, Stamp, TopicPartition,
};
use wasmill_queue::{
    Admission, Answer, AttemptRecord, Child, Debt, Entry, NewJob, Payment, Queue, Settlement, State,
    hand_over, pay_without_log,
};

use super::QueueUnderTest;
use super::world::{
    LEASE, WINDOW, World, bury, complete, lane, made, name, new_job, progress, record, retry,
};

/// A child of `parent` with this number.
pub(crate) fn child(parent: &Job, number: u32, path: Path) -> Child {
    let (job_type, key) = (name("b"), ChildKey::Number(number));
    // Over several shards.
    let id = JobId::child_of(parent.id, &job_type, &key, Generation(1), Partition(number % 2));
    let job = made(id, "b");
    let job = Job { stamp: Stamp { path, ..job.stamp }, idempotency_key: None, ..job };
    Child { job, queue: "conformance".parse().unwrap(), dedup_window: WINDOW, delay: Duration::ZERO }
}

fn children(parent: &Job, count: u32, path: Path) -> Vec<Child> {
    (0..count).map(|number| child(parent, number, path)).collect()
}

impl<U: QueueUnderTest> World<U> {
    /// Takes the only job there is, completes it, and emits so many children.
    async fn emit(&mut self, count: u32, path: Path) -> Vec<Child> {
        let claim = self.take(2).await.pop().unwrap();
        let emitted = children(&claim.job, count, path);
        let settlement = claim.settle(complete(), record()).with_children(emitted.clone());
        assert_eq!(self.settle_one(settlement).await, Answer::Settled);
        emitted
    }

    async fn settle_one(&self, settlement: Settlement) -> Answer {
        self.queue.settle(vec![settlement].into()).await.unwrap()[0]
    }

    async fn owed(&self) -> Vec<Debt> {
        self.queue.owed(100).await.unwrap()
    }
}

pub(crate) async fn are_owed_when_their_parent_completes<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    assert!(world.owed().await.is_empty());
    let emitted = world.emit(3, Path::Log).await;
    assert_eq!(world.state(&parent).await, Some(State::Completed));
    let owed = world.owed().await;
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].children(), emitted);
    assert_eq!(owed[0].letter(), None);
    assert_eq!(world.queue.owed(10).await.unwrap().len(), 1, "they stay owed until they are paid");
    assert_eq!(world.state(&emitted[0].job).await, None, "they are not in the queue by that");
}

pub(crate) async fn settle_their_parents_offset_when_paid<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let mut claims = world.take(2).await;
    let emitted = children(&claims[1].job, 2, Path::Log);
    let second = claims.remove(1).settle(complete(), record()).with_children(emitted);
    assert_eq!(world.settle_one(second).await, Answer::Settled);
    assert_eq!(world.settle(claims.remove(0), complete()).await, Answer::Settled);
    assert_eq!(world.progress().await, progress(1, &[]));
    let debt = world.owed().await[0].id;
    world.queue.paid(vec![debt, debt]).await.unwrap();
    assert_eq!(world.progress().await, progress(2, &[]));
    world.queue.paid(vec![debt]).await.unwrap();
    assert!(world.owed().await.is_empty());
}

pub(crate) async fn are_published_by_no_other_verdict<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs).await;
    let claims = world.take(3).await;
    let verdicts = [retry(Duration::from_secs(5)), bury(), wasmill_job::Verdict::Release];
    for (claim, verdict) in claims.into_iter().zip(verdicts) {
        let emitted = children(&claim.job, 1, Path::Log);
        let settlement = claim.settle(verdict, record()).with_children(emitted);
        assert_eq!(world.settle_one(settlement).await, Answer::Settled);
    }
    let owed = world.owed().await;
    assert!(owed.iter().all(|debt| debt.letter().is_some()) && owed.len() == 1, "{owed:?}");
}

pub(crate) async fn of_a_lost_claim_are_not_published<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let claim = world.take(1).await.pop().unwrap();
    world.advance(LEASE).await;
    world.queue.sweep(10).await.unwrap();
    let settlement = claim.settle(complete(), record()).with_children(children(&parent, 1, Path::Log));
    assert_eq!(world.settle_one(settlement).await, Answer::Lost);
    assert!(world.owed().await.is_empty());
}

pub(crate) async fn of_a_repeated_settle_are_owed_once<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let claim = world.take(1).await.pop().unwrap();
    let emitted = children(&parent, 2, Path::Log);
    let settlements: std::sync::Arc<[_]> =
        vec![claim.settle(complete(), record()).with_children(emitted)].into();
    assert_eq!(world.queue.settle(settlements.clone()).await.unwrap(), [Answer::Settled]);
    assert_eq!(world.queue.settle(settlements).await.unwrap(), [Answer::Lost]);
    assert_eq!(world.owed().await.len(), 1);
}

pub(crate) async fn survive_a_restart_unpaid<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let claims = world.take(2).await;
    let parents: Vec<Job> = claims.iter().map(|claim| claim.job.clone()).collect();
    let settlements: Vec<_> = claims
        .into_iter()
        .map(|claim| {
            let emitted = children(&claim.job, 2, Path::Log);
            claim.settle(complete(), record()).with_children(emitted)
        })
        .collect();
    world.queue.settle(settlements.into()).await.unwrap();
    let before = world.owed().await;
    world.restart().await;
    let after = world.owed().await;
    assert_eq!(after.len(), 2);
    for ((debt, earlier), parent) in after.iter().zip(&before).zip(&parents) {
        assert_eq!((debt.id, &debt.owes), (earlier.id, &earlier.owes));
        assert_eq!(debt.children(), children(parent, 2, Path::Log));
    }
    world.queue.paid(vec![after[1].id]).await.unwrap();
    assert_eq!(world.progress().await, progress(0, &[(1, 2)]));
}

pub(crate) async fn are_owed_in_order_with_letters<U: QueueUnderTest>(world: &mut World<U>) {
    for round in 0..2 {
        let job = world.job("a");
        world.push([job]).await;
        if round == 0 {
            world.run_one(bury()).await;
        } else {
            world.emit(1, Path::Log).await;
        }
    }
    let owed = world.owed().await;
    assert!(owed[0].letter().is_some() && owed[1].children().len() == 1, "{owed:?}");
    assert_eq!(world.queue.owed(1).await.unwrap()[0].id, owed[0].id);
}

pub(crate) async fn know_when_they_may_run<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let claim = world.take(1).await.pop().unwrap();
    let later = Child { delay: Duration::from_secs(7), ..child(&parent, 0, Path::Log) };
    let completed_at = world.now();
    let settlement = claim.settle(complete(), record()).with_children(vec![later]);
    assert_eq!(world.settle_one(settlement).await, Answer::Settled);
    world.advance(Duration::from_secs(1)).await;
    let owed = world.owed().await;
    let job = &owed[0].children()[0].job;
    assert_eq!(job.run_at, Some(completed_at.plus(Duration::from_secs(7))));

    // Through the log, and without it: a job that is not to run yet is scheduled.
    let direct = Job { run_at: job.run_at, ..world.job("a") };
    let logged = Job { run_at: job.run_at, ..world.job("b") };
    world.push([logged]).await;
    assert_eq!(world.enqueue([direct.clone()]).await, [Admission::Accepted]);
    assert_eq!(world.counts("b").await.scheduled, 1);
    let view = world.view(&direct).await.unwrap();
    assert_eq!((view.state, view.due_at, view.attempts.0), (State::Scheduled, direct.run_at, 0));
    assert!(world.take(10).await.is_empty());
    world.advance(Duration::from_secs(6)).await;
    let claims = world.take(10).await;
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|claim| claim.attempt.0 == 1 && !claim.suspect));
    let taken = claims.iter().find(|claim| claim.job.id == direct.id).unwrap();
    assert_eq!(taken.job, direct, "it keeps the moment");
    // One whose moment has passed is pending at once.
    let past = Job { run_at: Some(world.now()), ..world.job("a") };
    world.push([past.clone()]).await;
    assert_eq!(world.state(&past).await, Some(State::Pending));
}

pub(crate) async fn go_straight_into_the_queue<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    assert_eq!(world.enqueue([parent.clone()]).await, [Admission::Accepted]);
    let emitted = world.emit(3, Path::Queue).await;
    assert_eq!(pay_without_log(&world.queue, 10).await.unwrap(), Payment { paid: 1, left: 0 });
    assert!(world.owed().await.is_empty());
    assert_eq!(pay_without_log(&world.queue, 10).await.unwrap(), Payment::default());
    for child in &emitted {
        assert_eq!(world.state(&child.job).await, Some(State::Pending));
    }
    assert_eq!(world.complete_all().await.len(), 3);
}

pub(crate) async fn that_are_paid_twice_run_once<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let emitted = world.emit(2, Path::Queue).await;
    let debt = world.owed().await.remove(0);
    // Whoever pays dies before he says so, and another one begins anew: while the children live, and after they are done.
    assert_eq!(hand_over(&world.queue, &[&debt]).await, (vec![debt.id], None));
    assert_eq!(hand_over(&world.queue, &[&debt]).await, (vec![debt.id], None));
    assert_eq!(world.complete_all().await.len(), 2);
    assert_eq!(pay_without_log(&world.queue, 10).await.unwrap(), Payment { paid: 1, left: 0 });
    // And as records of a log, which a relay appended twice.
    for child in &emitted {
        let place = TopicPartition::new(lane().topic, child.job.id.partition());
        world.queue.resume(&place, &Progress::default()).await.unwrap();
        let new = new_job(child.job.clone());
        world.push_records(&place, [move |offset| Some(Entry::Job { offset, new })]).await;
    }
    assert_eq!(world.complete_all().await, []);
    assert_eq!(world.counts("b").await.completed, 2);
    assert_eq!(world.counts("b").await.duplicates, 6);
}

pub(crate) async fn that_are_paid_twice_run_once_whatever_the_window<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let claim = world.take(1).await.pop().unwrap();
    let emitted: Vec<Child> = children(&parent, 2, Path::Queue)
        .into_iter()
        .map(|child| Child { dedup_window: Duration::ZERO, ..child })
        .collect();
    let settlement = claim.settle(complete(), record()).with_children(emitted.clone());
    assert_eq!(world.settle_one(settlement).await, Answer::Settled);
    let debt = world.owed().await.remove(0);
    assert_eq!(hand_over(&world.queue, &[&debt]).await, (vec![debt.id], None));
    // One runs, the other is cancelled.
    let Job { id, job_type, .. } = emitted[1].job.clone();
    assert!(world.queue.cancel(Cancel { id, job_type, at: world.now() }).await.unwrap());
    let claim = world.take(2).await.pop().unwrap();
    assert_eq!(claim.job.id, emitted[0].job.id);
    let no_window = AttemptRecord { dedup_window: Duration::ZERO, ..record() };
    assert_eq!(world.settle_one(claim.settle(complete(), no_window)).await, Answer::Settled);

    world.advance(Duration::from_secs(60)).await;
    world.queue.sweep(100).await.unwrap();
    assert_eq!(hand_over(&world.queue, &[&debt]).await, (vec![debt.id], None));
    assert_eq!(world.take(2).await.len(), 0);
    assert_eq!(world.counts("b").await.duplicates, 2);
    // A caller's key is the caller's affair.
    let keyed = world.keyed("b", "again");
    let new = || NewJob { dedup_window: Duration::ZERO, ..new_job(keyed.clone()) };
    assert_eq!(world.enqueue_new([new()]).await, [Admission::Accepted]);
    let claim = world.take(2).await.pop().unwrap();
    let no_window = AttemptRecord { dedup_window: Duration::ZERO, ..record() };
    assert_eq!(world.settle_one(claim.settle(complete(), no_window)).await, Answer::Settled);
    assert_eq!(world.enqueue_new([new()]).await, [Admission::Accepted]);
}

pub(crate) async fn that_need_a_log_are_left_to_it<U: QueueUnderTest>(world: &mut World<U>) {
    for path in [Path::Log, Path::Both, Path::Queue] {
        let job = world.job("a");
        world.push([job]).await;
        world.emit(1, path).await;
    }
    assert_eq!(pay_without_log(&world.queue, 10).await.unwrap(), Payment { paid: 1, left: 2 });
    assert_eq!(world.owed().await.len(), 2);
}

pub(crate) async fn of_jobs_that_the_log_knows_to_be_settled_are_dropped<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    world.emit(1, Path::Log).await;
    // The queue was rolled back behind the payment: the log knows better.
    world.resume(&progress(1, &[])).await;
    assert!(world.owed().await.is_empty());
    assert_eq!(world.progress().await, progress(1, &[]));
}

pub(crate) async fn of_a_moved_job_settle_where_it_stands_now<U: QueueUnderTest>(world: &mut World<U>) {
    let parent = world.job("a");
    world.push([parent.clone()]).await;
    let claim = world.take(1).await.pop().unwrap();
    let of =
        wasmill_job::CopyOf { origin: lane().at(Offset(0)), attempts: wasmill_job::Attempt(0), due_at: None };
    let new = new_job(parent.clone());
    let copy = move |offset| Some(Entry::Copy { offset, new, of });
    world.push_records(&lane(), [copy]).await;
    let settlement = claim.settle(complete(), record()).with_children(children(&parent, 1, Path::Log));
    assert_eq!(world.settle_one(settlement).await, Answer::Settled);
    assert_eq!(world.progress().await, progress(1, &[]));
    let debt = world.owed().await[0].id;
    world.queue.paid(vec![debt]).await.unwrap();
    assert_eq!(world.progress().await, progress(2, &[]));
}
