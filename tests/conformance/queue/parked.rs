//! Parked jobs: those of a type that has enough are left out, their copies come back in order.

use std::time::Duration;

use wasmill_job::{Attempt, Job, Offset, Progress, TopicPartition};
use wasmill_queue::{Push, Pushed, Queue, State};

use super::QueueUnderTest;
use super::records::{
    Record, applied, applied_to, cancelled, copy, copy_at_most, copy_from, copy_with, ended, job,
    job_at_most, over, parked, parked_lane,
};
use super::world::{World, bury, ids, lane, progress};

impl<U: QueueUnderTest> World<U> {
    /// Pushes records to the lane.
    async fn put(&mut self, records: impl IntoIterator<Item = Record>) -> Pushed {
        self.try_push_records(&lane(), records).await
    }

    /// Pushes records to the lane of the type's parked jobs, which is begun when it is not known.
    async fn put_parked(&mut self, job_type: &str, records: impl IntoIterator<Item = Record>) -> Pushed {
        let lane = parked_lane(job_type);
        self.queue.resume(&lane, &Progress::default()).await.unwrap();
        self.try_push_records(&lane, records).await
    }
}

/// Applied to the lane of parked jobs, with duplicates at these offsets.
fn came(duplicates: &[u64]) -> Pushed {
    applied_to(&parked_lane("a"), duplicates)
}

pub(crate) async fn a_push_that_is_over_changes_nothing<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 3), world.jobs("b", 2));
    let records = [&a[0], &b[0], &a[1], &b[1], &a[2]].map(|job| job_at_most(1, job));
    assert_eq!(world.put(records).await, over(&[("a", 1), ("b", 1)]));
    assert_eq!(world.try_push(&lane(), Offset(0), Offset(0)).await, Pushed::whole(), "it wants what it did");
    assert_eq!(world.progress().await, Progress::default());
    for job in a.iter().chain(&b) {
        assert_eq!(world.state(job).await, None);
    }
    let records = [job_at_most(1, &a[0]), job_at_most(1, &b[0]), parked("a"), parked("b"), parked("a")];
    assert_eq!(world.put(records).await, applied(&[]));
    assert_eq!(world.progress().await, progress(0, &[(2, 5)]));
    assert_eq!((world.counts("a").await.accepted, world.counts("b").await.accepted), (1, 1));
}

pub(crate) async fn room_is_counted_from_the_first_job<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    assert_eq!(world.put([job(&jobs[0])]).await, Pushed::whole());
    // Twice the first, which is alive, and the second twice: only the last is too many.
    let again = [0, 0, 1, 1, 2].map(|of: usize| job_at_most(2, &jobs[of]));
    assert_eq!(world.put(again).await, over(&[("a", 4)]));
    let again = [0, 0, 1, 1].map(|of: usize| job_at_most(2, &jobs[of]));
    assert_eq!(world.put(again).await, applied(&[1, 2, 4]));
    assert_eq!(world.counts("a").await.pending, 2);
}

pub(crate) async fn redrives_take_no_room<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    let redriven = Job { redrives: 1, ..jobs[0].clone() };
    let records = [&redriven, &jobs[1], &jobs[2]].map(|job| job_at_most(2, job));
    assert_eq!(
        world.put(records).await,
        over(&[("a", 1)]),
        "a redrive is not among the jobs that are counted"
    );
    assert_eq!(world.put([job_at_most(0, &redriven)]).await, Pushed::whole());
}

pub(crate) async fn a_parked_job_is_settled_and_its_type_waits<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    assert_eq!(world.put([parked("a")]).await, applied(&[]));
    assert_eq!(world.progress().await, progress(1, &[]));
    assert_eq!(world.put([job(&jobs[1])]).await, over(&[("a", 0)]), "also without a limit");
    assert_eq!(world.put([parked("a")]).await, applied(&[]));
    assert_eq!(world.progress().await, progress(2, &[]));
    assert_eq!(world.counts("a").await.accepted, 0);
}

pub(crate) async fn redrives_and_neighbours_pass<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 2), world.jobs("b", 1));
    world.put([job(&a[0])]).await;
    world.run_one(bury()).await;
    assert_eq!(world.put([parked("a")]).await, applied(&[]));
    assert_eq!(world.put([job(&b[0])]).await, Pushed::whole());
    let redriven = Job { redrives: 1, ..a[0].clone() };
    assert_eq!(world.put([job(&redriven)]).await, applied(&[]));
    assert_eq!(world.state(&a[0]).await, Some(State::Pending));
    let other = TopicPartition::new(lane().topic, wasmill_job::Partition(lane().partition.0 + 2));
    world.queue.resume(&other, &Progress::default()).await.unwrap();
    assert_eq!(world.try_push_records(&other, [job(&a[1])]).await, Pushed::whole(), "other partitions too");
}

pub(crate) async fn copies_come_before_later_jobs<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 4), world.jobs("b", 1));
    let records = [job(&a[0]), parked("a"), job(&b[0]), parked("a")];
    assert_eq!(world.put(records).await, applied(&[]));
    assert_eq!(world.put_parked("a", [copy(&a[1], 1)]).await, came(&[]));
    assert_eq!(world.put([job(&a[3])]).await, over(&[("a", 0)]), "one is still out");
    assert_eq!(world.put_parked("a", [copy(&a[2], 3)]).await, came(&[]));
    assert_eq!(world.put([job(&a[3])]).await, Pushed::whole());
    let done = world.complete_all().await;
    let of_a: Vec<Job> = done.iter().filter(|job| job.job_type.as_str() == "a").cloned().collect();
    assert_eq!(ids(&of_a), ids(&a));
    assert_eq!(world.progress().await, progress(5, &[]));
    assert_eq!(world.queue.progress(&parked_lane("a")).await.unwrap(), progress(2, &[]));
}

pub(crate) async fn parked_jobs_survive_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.put([parked("a"), parked("a"), parked("a")]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]));
    world.restart().await;
    assert_eq!(world.put([job(&jobs[3])]).await, over(&[("a", 0)]));
    let records = [copy(&jobs[0], 0), copy(&jobs[1], 1), copy(&jobs[2], 2)];
    assert_eq!(world.put_parked("a", records).await, came(&[1]));
    world.restart().await;
    assert_eq!(world.put([job(&jobs[3])]).await, Pushed::whole());
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn copies_are_early_before_their_origin_was_passed<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.put([parked("a")]).await;
    let early = world.put_parked("a", [copy(&jobs[0], 0), copy(&jobs[1], 1), copy(&jobs[1], 1)]).await;
    assert_eq!(early, Pushed::Early(Offset(1)));
    assert_eq!(world.state(&jobs[0]).await, None, "nothing of it is applied");
    let unknown = TopicPartition::new("wasmill.q.other.1".into(), lane().partition);
    let early = world.put_parked("a", [copy_from(&jobs[1], unknown.at(Offset(0)))]).await;
    assert_eq!(early, Pushed::Early(Offset(0)));
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]));
    world.put([parked("a")]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[1], 1)]).await, came(&[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn copies_obey_max_pending<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.put([job(&jobs[0]), parked("a"), parked("a"), parked("a")]).await;
    let copies = || (1..4).map(|at: usize| copy_at_most(2, &jobs[at], at as u64)).collect::<Vec<_>>();
    assert_eq!(world.put_parked("a", copies()).await, over(&[("a", 1)]));
    assert_eq!(world.put_parked("a", copies().into_iter().take(1)).await, came(&[]));
    assert_eq!(world.put_parked("a", copies().into_iter().skip(1)).await, over(&[("a", 0)]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[..2]));
    assert_eq!(world.put_parked("a", copies().into_iter().skip(1)).await, came(&[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[2..]));
}

/// The copy was appended, the push was lost, and when it was decided anew there was room.
pub(crate) async fn a_stale_copy_is_dropped<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 1);
    world.put([job(&jobs[0])]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[0]), "while it lives");
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[1]), "when it is done");
    assert_eq!(world.counts("a").await.duplicates, 2);
    world.restart().await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[2]));
}

/// As before, and the jobs behind it were parked again.
pub(crate) async fn a_copy_of_what_was_not_parked_is_dropped<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.put([job(&jobs[0])]).await;
    world.complete_all().await;
    world.put([parked("a"), parked("a")]).await;
    let copies = [0, 1, 1, 2].map(|at: usize| copy(&jobs[at], at as u64));
    assert_eq!(world.put_parked("a", copies).await, came(&[0, 2]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[1..]));
    assert_eq!(world.put_parked("a", [copy(&jobs[2], 2)]).await, came(&[4]), "none is out any more");
}

pub(crate) async fn the_first_of_two_copies_counts<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.put([parked("a"), parked("a")]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]));
    world.complete_all().await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[1]));
    assert_eq!(world.put([parked("a")]).await, applied(&[]), "the other one is still out");
    assert_eq!(world.put_parked("a", [copy(&jobs[1], 1)]).await, came(&[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[1..]));
}

pub(crate) async fn a_copy_that_is_a_duplicate_counts_as_returned<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.put([parked("a")]).await;
    world.enqueue(jobs[..1].to_vec()).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[0]));
    assert_eq!(world.put([job(&jobs[1])]).await, Pushed::whole());
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn a_copy_of_another_type_is_dropped<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.job("a"), world.job("b"));
    world.put([parked("a")]).await;
    let dropped = applied_to(&parked_lane("b"), &[0]);
    assert_eq!(world.put_parked("b", [copy(&b, 0)]).await, dropped);
    assert_eq!(world.put_parked("a", [copy(&a, 0)]).await, came(&[]));
}

pub(crate) async fn a_copy_keeps_attempts_and_due_time<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.put([parked("a"), parked("a")]).await;
    let (past, soon) = (world.now(), world.now().plus(Duration::from_secs(5)));
    let records = [copy_with(&jobs[0], 0, 3, Some(past)), copy_with(&jobs[1], 1, 7, Some(soon))];
    assert_eq!(world.put_parked("a", records).await, came(&[]));
    world.restart().await;
    assert_eq!(world.state(&jobs[1]).await, Some(State::Scheduled));
    assert_eq!(world.view(&jobs[1]).await.unwrap().due_at, Some(soon));
    assert_eq!(world.take(5).await[0].attempt, Attempt(4));
    world.advance(Duration::from_secs(5)).await;
    let claims = world.take(5).await;
    assert_eq!((claims.len(), claims[0].job.id, claims[0].attempt), (1, jobs[1].id, Attempt(8)));
}

pub(crate) async fn a_wiped_queue_takes_copies_of_what_was_settled<U: QueueUnderTest>(world: &mut World<U>) {
    let (jobs, neighbour) = (world.jobs("a", 2), world.job("b"));
    world.put([parked("a"), job(&neighbour), parked("a")]).await;
    let known = world.progress().await;
    assert_eq!(known, progress(1, &[(2, 3)]));
    world.wipe().await;
    world.resume(&known).await;
    world.restart().await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]), "below the floor");
    assert_eq!(
        world.put_parked("a", [copy_with(&jobs[1], 2, 1, None)]).await,
        Pushed::Early(Offset(1)),
        "a settled range that is still to be passed"
    );
    let entries = [job(&neighbour)(Offset(1)), job(&jobs[1])(Offset(2))].into_iter().flatten().collect();
    let push = Push { lane: lane(), from: Offset(1), to: Offset(3), passed: None, entries };
    assert_eq!(world.queue.push(push).await.unwrap(), applied(&[2]));
    assert_eq!(world.put_parked("a", [copy_with(&jobs[1], 2, 1, None)]).await, came(&[]));
    assert_eq!(world.complete_all().await.len(), 3);
    assert_eq!(world.state(&jobs[1]).await, Some(State::Completed));
}

pub(crate) async fn a_wiped_queue_takes_no_copies_of_what_it_settles_itself<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 2);
    world.put([job(&jobs[0]), job(&jobs[1])]).await;
    world.wipe().await;
    world.replay(&progress(1, &[])).await;
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[1..]));
    assert_eq!(world.put_parked("a", [copy(&jobs[1], 1)]).await, came(&[0]));
}

pub(crate) async fn the_first_of_two_copies_counts_in_a_wiped_queue<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 1);
    world.put([parked("a")]).await;
    let known = world.progress().await;
    world.wipe().await;
    world.resume(&known).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]));
    assert_eq!(world.complete_all().await, jobs);
    // The relay had died between storing the copy and pushing it, and stored it once more. The job comes once, so no done-mark
    // tells it from the first.
    world.restart().await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[1]));
    assert_eq!(world.complete_all().await, []);
}

pub(crate) async fn a_resume_in_between_lets_no_copies_in<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.put([job(&jobs[0]), job(&jobs[1])]).await;
    world.complete_all().await;
    let known = world.progress().await;
    world.resume(&known).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0), copy(&jobs[1], 1)]).await, came(&[0, 1]));
}

/// What came after its last write is lost: there the job was parked.
pub(crate) async fn a_rolled_back_queue_takes_copies_of_what_was_settled<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 3);
    world.put(jobs.iter().map(job).collect::<Vec<_>>()).await;
    world.resume(&progress(0, &[(1, 2)])).await;
    assert_eq!(world.state(&jobs[1]).await, None);
    world.restart().await;
    assert_eq!(world.put_parked("a", [copy(&jobs[1], 1)]).await, came(&[]));
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[0], &jobs[2], &jobs[1]]));
}

/// The log answered the first batch of copies in part, and the relay repeated all of it.
pub(crate) async fn copies_may_come_in_any_order<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.put([parked("a"), parked("a"), parked("a")]).await;
    let copies = [0, 2, 0, 1, 2].map(|at: usize| copy(&jobs[at], at as u64));
    assert_eq!(world.put_parked("a", copies).await, came(&[2, 4]));
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[0], &jobs[2], &jobs[1]]));
    assert_eq!(world.put_parked("a", [copy(&jobs[1], 1)]).await, came(&[5]));
    let later = world.job("a");
    assert_eq!(world.put([job(&later)]).await, Pushed::whole(), "none is out any more");
}

pub(crate) async fn a_copy_that_died_on_its_way_is_out_no_more<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.put([parked("a"), parked("a")]).await;
    assert_eq!(world.put_parked("a", [ended("a", 0)]).await, came(&[]));
    assert_eq!(world.put([job(&jobs[2])]).await, over(&[("a", 0)]), "the other one is still out");
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[1]), "it is dead");
    assert_eq!(world.put_parked("a", [ended("a", 0), ended("a", 1), ended("a", 1)]).await, came(&[]));
    assert_eq!(world.put([job(&jobs[2])]).await, Pushed::whole());
    assert_eq!(world.queue.progress(&parked_lane("a")).await.unwrap(), progress(5, &[]));
}

pub(crate) async fn an_adopted_partition_of_copies_lets_its_type_go_on<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 3);
    world.put([parked("a"), parked("a")]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0)]).await, came(&[]));
    world.queue.adopt(&parked_lane("a"), Offset(0), 0).await.unwrap();
    assert_eq!(world.put([job(&jobs[2])]).await, Pushed::whole(), "nobody returns the other one");
    world.restart().await;
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[0], &jobs[2]]));
}

pub(crate) async fn a_parked_job_that_is_cancelled_is_not_run_when_it_comes<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 4);
    world.put([parked("a"), parked("a"), parked("a")]).await;
    assert_eq!(world.put([cancelled(&jobs[1])]).await, applied(&[]));
    world.restart().await;
    let copies = [copy(&jobs[0], 0), copy(&jobs[1], 1), copy(&jobs[2], 2)];
    assert_eq!(world.put_parked("a", copies).await, came(&[]));
    assert_eq!(world.state(&jobs[1]).await, Some(State::Cancelled));
    assert_eq!(world.counts("a").await.cancelled, 1);
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[0], &jobs[2]]));
    assert_eq!(world.queue.progress(&parked_lane("a")).await.unwrap(), progress(3, &[]), "it is settled");
    // Nothing of it is left: no job of the type is out.
    world.put([job(&jobs[3])]).await;
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[3]]));
}

pub(crate) async fn a_job_that_is_parked_after_its_id_was_cancelled_runs<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let jobs = world.jobs("a", 2);
    // While another one is out, somebody cancels an id; later a job comes under it, and is parked.
    world.put([parked("a"), cancelled(&jobs[1]), parked("a")]).await;
    assert_eq!(world.put_parked("a", [copy(&jobs[0], 0), copy(&jobs[1], 2)]).await, came(&[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    assert_eq!(world.counts("a").await.cancelled, 0);
}
