//! Copies of records that were appended again to their own partition, because they grew old there.

use std::time::Duration;

use wasmill_job::{Attempt, Cancel, Offset, Partition, TopicPartition};
use wasmill_queue::{Answer, Push, Pushed, Queue, QueueError, State};

use super::QueueUnderTest;
use super::records::{Record, applied, copy, copy_at_most, copy_from, copy_with, job, over, parked};
use super::world::{World, bury, complete, ids, lane, progress, retry};

async fn put<U: QueueUnderTest>(world: &mut World<U>, records: impl IntoIterator<Item = Record>) -> Pushed {
    world.try_push_records(&lane(), records).await
}

pub(crate) async fn move_a_pending_job_in_its_place<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    put(world, [job(&jobs[0]), job(&jobs[1]), copy(&jobs[0], 0)]).await;
    assert_eq!(world.progress().await, progress(1, &[]), "its first offset is settled, its second is not");
    assert_eq!(world.counts("a").await.accepted, 2);
    let claims = world.take(1).await;
    assert_eq!(claims[0].job.id, jobs[0].id, "it is still the first");
    world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    assert_eq!(world.progress().await, progress(1, &[(2, 3)]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[1..]));
    assert_eq!(world.progress().await, progress(3, &[]));
}

pub(crate) async fn move_a_scheduled_job_with_its_attempts<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one)]).await;
    world.run_one(retry(Duration::from_secs(9))).await;
    let due = world.view(&one).await.unwrap().due_at;
    // What the copy says of attempts and time is older than what the queue knows.
    assert_eq!(put(world, [copy_with(&one, 0, 0, None)]).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(1, &[]));
    let view = world.view(&one).await.unwrap();
    assert_eq!((view.state, view.due_at, view.attempts), (State::Scheduled, due, Attempt(1)));
    world.advance(Duration::from_secs(9)).await;
    let claim = world.take(1).await.remove(0);
    assert_eq!(claim.attempt, Attempt(2));
    world.settle(claim, complete()).await;
    assert_eq!(world.progress().await, progress(2, &[]));
}

pub(crate) async fn move_a_job_in_flight_with_its_claim<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one)]).await;
    let claim = world.take(1).await.remove(0);
    assert_eq!(put(world, [copy(&one, 0)]).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(1, &[]));
    assert!(world.take(1).await.is_empty(), "it is not there twice");
    assert_eq!(world.queue.renew(vec![claim.reference()], super::world::LEASE).await.unwrap(), []);
    assert_eq!(world.settle(claim, complete()).await, Answer::Settled);
    assert_eq!(world.progress().await, progress(2, &[]));
}

pub(crate) async fn survive_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    put(world, [job(&jobs[0]), job(&jobs[1]), copy(&jobs[0], 0)]).await;
    world.restart().await;
    assert_eq!(world.progress().await, progress(1, &[]));
    assert_eq!(put(world, [copy(&jobs[1], 1)]).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(2, &[]));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
    assert_eq!(world.progress().await, progress(4, &[]));
}

pub(crate) async fn move_a_job_again_and_again<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one)]).await;
    for at in 0..4 {
        assert_eq!(put(world, [copy(&one, at)]).await, Pushed::whole());
        assert_eq!(world.progress().await, progress(at + 1, &[]));
    }
    world.restart().await;
    assert_eq!(world.progress().await, progress(4, &[]));
    assert_eq!(world.complete_all().await.len(), 1);
    assert_eq!(world.progress().await, progress(5, &[]));
}

pub(crate) async fn of_a_job_moved_elsewhere_are_dropped<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one), copy(&one, 0)]).await;
    assert_eq!(put(world, [copy(&one, 0)]).await, applied(&[2]), "it was appended twice");
    assert_eq!(world.progress().await, progress(1, &[(2, 3)]));
    assert_eq!(world.complete_all().await.len(), 1);
    assert_eq!(put(world, [copy(&one, 0), copy(&one, 2)]).await, applied(&[3, 4]));
    assert!(world.complete_all().await.is_empty());
}

pub(crate) async fn of_a_job_that_is_done_are_dropped<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one)]).await;
    world.run_one(complete()).await;
    let known = world.progress().await;
    world.resume(&known).await;
    assert_eq!(put(world, [copy(&one, 0)]).await, applied(&[1]));
    assert_eq!(world.state(&one).await, Some(State::Completed));
    assert_eq!(world.progress().await, progress(2, &[]));
}

pub(crate) async fn of_a_job_whose_letter_is_owed_settle_nothing<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one)]).await;
    world.run_one(bury()).await;
    assert_eq!(put(world, [copy(&one, 0)]).await, applied(&[1]));
    assert_eq!(world.progress().await, progress(0, &[(1, 2)]));
    let debt = world.queue.owed(1).await.unwrap().remove(0);
    world.queue.paid(vec![debt.id]).await.unwrap();
    assert_eq!(world.progress().await, progress(2, &[]));
}

pub(crate) async fn of_a_moved_job_that_died_are_owed_for<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one), copy(&one, 0)]).await;
    world.run_one(bury()).await;
    world.restart().await;
    let debt = world.queue.owed(1).await.unwrap().remove(0);
    assert_eq!(debt.letter().unwrap().origin, lane().at(Offset(1)));
    assert_eq!(world.progress().await, progress(1, &[]));
    world.queue.paid(vec![debt.id]).await.unwrap();
    assert_eq!(world.progress().await, progress(2, &[]));
}

pub(crate) async fn can_be_cancelled<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    put(world, [job(&one), copy(&one, 0)]).await;
    let cancel = Cancel { id: one.id, job_type: one.job_type.clone(), at: world.now() };
    assert!(world.queue.cancel(cancel).await.unwrap());
    assert_eq!(world.progress().await, progress(2, &[]));
    assert_eq!(put(world, [copy(&one, 1)]).await, applied(&[2]));
}

pub(crate) async fn within_one_push_move_what_it_brings<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    assert_eq!(put(world, [job(&one), copy(&one, 0), copy(&one, 1)]).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(2, &[]));
    world.push_cancel(&one).await;
    assert_eq!(world.progress().await, progress(4, &[]));
}

pub(crate) async fn need_no_room<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    put(world, [job(&jobs[0]), parked("a")]).await;
    assert_eq!(put(world, [job(&jobs[1])]).await, over(&[("a", 0)]));
    assert_eq!(put(world, [copy_at_most(0, &jobs[0], 0)]).await, applied(&[]));
    assert_eq!(world.progress().await, progress(2, &[]));
    let known = world.progress().await;
    world.wipe().await;
    world.resume(&known).await;
    world.push_from(&lane(), Offset(2), Offset(3)).await;
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[..1]), "also where it begins anew");
}

pub(crate) async fn begin_in_a_wiped_queue_where_they_were_moved_to<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    let soon = world.now().plus(Duration::from_secs(5));
    let records = [job(&jobs[0]), job(&jobs[1]), job(&jobs[2])];
    put(world, records.into_iter().chain([copy_with(&jobs[0], 0, 2, None)])).await;
    put(world, [copy_with(&jobs[2], 2, 4, Some(soon))]).await;
    let known = world.progress().await;
    assert_eq!(known, progress(1, &[(2, 3)]));
    world.wipe().await;
    world.resume(&known).await;
    world.restart().await;
    let replayed = world.replay_lane(&lane(), &known).await;
    assert_eq!(replayed, [lane().at(Offset(2))]);
    assert_eq!(world.state(&jobs[2]).await, Some(State::Scheduled));
    assert_eq!(world.progress().await, progress(1, &[(2, 3)]));
    let claims = world.take(5).await;
    let taken: Vec<_> = claims.iter().map(|claim| (claim.job.id, claim.attempt.0)).collect();
    assert_eq!(taken, [(jobs[1].id, 1), (jobs[0].id, 3)]);
    world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    world.advance(Duration::from_secs(5)).await;
    assert_eq!(world.take(5).await[0].attempt, Attempt(5));
}

pub(crate) async fn that_were_settled_do_not_run_again<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    put(world, [job(&jobs[0]), job(&jobs[1]), copy(&jobs[1], 1)]).await;
    let claims = world.take(2).await;
    for claim in claims.into_iter().filter(|claim| claim.job.id == jobs[1].id) {
        world.settle(claim, complete()).await;
    }
    let known = world.progress().await;
    assert_eq!(known, progress(0, &[(1, 3)]));
    world.wipe().await;
    let replayed = world.replay_lane(&lane(), &known).await;
    assert_eq!(replayed, [lane().at(Offset(1)), lane().at(Offset(2))]);
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[..1]));
    assert_eq!(world.progress().await, progress(3, &[]));
}

/// It had moved the job, and lost that.
pub(crate) async fn begin_in_a_wiped_queue_once<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 1);
    put(world, [job(&jobs[0])]).await;
    put(world, [copy_with(&jobs[0], 0, 0, None)]).await;
    let known = world.progress().await;
    assert_eq!(known, progress(1, &[]));
    world.wipe().await;
    world.replay_lane(&lane(), &known).await;
    assert_eq!(world.complete_all().await, jobs);
    // It had been appended again twice.
    world.restart().await;
    put(world, [copy_with(&jobs[0], 0, 0, None)]).await;
    assert_eq!(world.complete_all().await, []);
}

pub(crate) async fn begin_in_a_queue_that_was_rolled_back<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    put(world, [job(&jobs[0]), job(&jobs[1])]).await;
    world.resume(&progress(1, &[])).await;
    assert_eq!(world.state(&jobs[0]).await, None);
    world.restart().await;
    assert_eq!(put(world, [copy_with(&jobs[0], 0, 1, None)]).await, Pushed::whole());
    assert_eq!(world.progress().await, progress(1, &[]));
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[1], &jobs[0]]));
    assert_eq!(world.progress().await, progress(3, &[]));
}

pub(crate) async fn of_another_partition_are_refused<U: QueueUnderTest>(world: &mut World<U>) {
    let one = world.job("a");
    let other = TopicPartition::new(lane().topic, Partition(lane().partition.0 + 1));
    let entries = vec![copy_from(&one, other.at(Offset(0)))(Offset(0)).unwrap()];
    let push = Push { lane: lane(), from: Offset(0), to: Offset(1), passed: None, entries };
    assert!(matches!(world.queue.push(push).await, Err(QueueError::Malformed { .. })));
}
