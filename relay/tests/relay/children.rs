//! Jobs that a job emits: published when it has completed, once, whatever dies in between.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{ChildKey, Generation, Job, JobId, Partition, Path, Stamp, Topic, TopicPartition};
use wasmill_log::Log;
use wasmill_queue::{Answer, AttemptRecord, Child, Claim, Queue, State};

use crate::progress::CutOff;
use crate::world::{Running, World, complete, eventually, lane, pending};

const WINDOW: Duration = Duration::from_secs(600);

/// The children of a job, in turn on both partitions.
fn children(parent: &Job, count: u32, path: Path) -> Vec<Child> {
    let child = |number: u32| {
        let (job_type, partition) = (parent.job_type.clone(), Partition(number % 2));
        let id = JobId::child_of(parent.id, &job_type, &ChildKey::Number(number), Generation(0), partition);
        let stamp = Stamp { path, ..parent.stamp };
        let payload = Bytes::from(format!("child {number}"));
        let job = Job { id, stamp, payload, ..parent.clone() };
        Child { job, queue: "mail".parse().unwrap(), dedup_window: WINDOW, delay: Duration::ZERO }
    };
    (0..count).map(child).collect()
}

/// Completes a claim's job, which emits these.
async fn emit(world: &World, claim: Claim, children: Vec<Child>) {
    let record = AttemptRecord { keep_result: WINDOW, dedup_window: WINDOW, ..AttemptRecord::default() };
    let settlement = claim.settle(complete(), record).with_children(children);
    let answers = world.queue.queue().settle(vec![settlement].into()).await.unwrap();
    assert_eq!(answers, [Answer::Settled]);
}

/// A relay and a job that was taken.
async fn begun(world: &mut World) -> (Running, Claim) {
    world.enqueue("email.welcome", 1).await;
    let relay = world.relay();
    pending(world, 1).await;
    (relay, world.take(1).await.pop().unwrap())
}

/// How many records the log has of the queue.
async fn records(world: &World) -> u64 {
    let mut records = 0;
    for partition in 0..2 {
        records += world.log.bounds(&lane(partition)).await.unwrap().next.0;
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn children_come_through_the_log_and_settle_their_parent() {
    let mut world = World::new().await;
    let (relay, claim) = begun(&mut world).await;
    let parent = claim.job.clone();
    let emitted = children(&parent, 5, Path::Log);
    emit(&world, claim, emitted.clone()).await;
    pending(&world, 5).await;
    assert_eq!(records(&world).await, 6);
    let mut taken: Vec<Job> = world.take(10).await.into_iter().map(|claim| claim.job).collect();
    taken.sort_by_key(|job| job.payload.clone());
    assert_eq!(taken, emitted.into_iter().map(|child| child.job).collect::<Vec<_>>());
    eventually("the parent is settled, and its children are not", || world.is_settled(1)).await;
    assert!(!world.all_is_settled().await);
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_between_append_and_paid_makes_no_second_child_and_loses_none() {
    let mut world = World::new().await;
    world.queue.hold("paid");
    let (first, claim) = begun(&mut world).await;
    let parent = claim.job.clone();
    emit(&world, claim, children(&parent, 4, Path::Log)).await;
    world.queue.called("paid", 0).await;
    // The children were carried to the queue already, and some of them are done.
    pending(&world, 4).await;
    assert!(!world.is_settled(1).await, "their parent is not settled before they are paid");
    world.settle(world.take(2).await, &complete()).await;
    first.crash().await;
    world.queue.let_go("paid");

    let relay = world.relay();
    eventually("they were stored again", || async { records(&world).await == 9 }).await;
    eventually("the second ones are dropped", || async {
        world.counts("email.welcome").await.duplicates == 4
    })
    .await;
    world.work_off(2).await;
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.accepted, counts.completed, counts.pending), (5, 5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_whose_queue_was_lost_before_it_paid_emits_the_same_children_again() {
    let mut world = World::new().await;
    world.queue.hold("paid");
    let (first, claim) = begun(&mut world).await;
    let parent = claim.job.clone();
    emit(&world, claim, children(&parent, 3, Path::Log)).await;
    world.queue.called("paid", 0).await;
    first.crash().await;
    world.queue.let_go("paid");
    world.wipe_queue().await;

    let relay = world.relay();
    // The children that were stored, and their parent, which nobody knows to be done.
    pending(&world, 4).await;
    let claims = world.take(4).await;
    let (again, others): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claim| claim.job.id == parent.id);
    emit(&world, again.into_iter().next().unwrap(), children(&parent, 3, Path::Log)).await;
    world.settle(others, &complete()).await;
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.completed, counts.duplicates, counts.pending), (4, 3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn children_whose_stamp_says_so_go_straight_into_the_queue() {
    let mut world = World::new().await;
    let (relay, claim) = begun(&mut world).await;
    let parent = claim.job.clone();
    let straight = children(&parent, 2, Path::Queue);
    let both = children(&straight[0].job, 1, Path::Both);
    emit(&world, claim, straight.into_iter().chain(both).collect()).await;
    pending(&world, 3).await;
    eventually("the parent is settled", || world.is_settled(1)).await;
    assert_eq!(records(&world).await, 2, "of the one that goes into both, the record is counted only");
    world.work_off(3).await;
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
    assert_eq!(world.counts("email.welcome").await.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_is_not_to_run_yet_is_scheduled() {
    let mut world = World::new().await;
    let (relay, claim) = begun(&mut world).await;
    let mut emitted = children(&claim.job, 1, Path::Log);
    emitted[0].delay = Duration::from_secs(3_600);
    let id = emitted[0].job.id;
    emit(&world, claim, emitted).await;
    let scheduled = || async { world.counts("email.welcome").await.scheduled == 1 };
    eventually("it is scheduled", scheduled).await;
    let view = world.queue.queue().job(id).await.unwrap().unwrap();
    assert_eq!(view.state, State::Scheduled);
    eventually("the parent is settled", || world.is_settled(1)).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_paid_does_not_hold_up_the_rest() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 2).await;
    let relay = world.relay();
    pending(&world, 2).await;
    let mut claims = world.take(2).await;
    // The log refuses one of three for ever. Whoever emits has limits below that; a topic that is missing, or may not be written to,
    // looks the same.
    let mut too_large = children(&claims[0].job, 3, Path::Log);
    too_large[1].job.payload = vec![b'x'; 17 << 20].into();
    emit(&world, claims.remove(0), too_large).await;
    let good = children(&claims[0].job, 1, Path::Log);
    emit(&world, claims.remove(0), good).await;
    pending(&world, 3).await;
    let is_paid = || async { world.queue.queue().owed(10).await.unwrap().len() == 1 };
    eventually("nothing is owed but what is too large", is_paid).await;
    // Its brothers are stored once, however often it is tried.
    for _ in 0..3 {
        world.queue.called("owed", world.queue.calls("owed") + 1).await;
    }
    assert_eq!(records(&world).await, 5, "two jobs, and three children");
    relay.crash().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_takes_nothing_holds_up_only_debts_for_it() {
    let mut world = World::new().await;
    // More of them than are paid at once.
    let refused = 70;
    world.enqueue("email.welcome", refused + 1).await;
    let relay = world.relay_on(CutOff::refusing(world.log.clone(), lane(0)));
    pending(&world, refused as u64 + 1).await;
    let mut claims = world.take(refused + 1).await;
    let last = claims.pop().unwrap();
    for claim in claims {
        let emitted = children(&claim.job, 1, Path::Log);
        emit(&world, claim, emitted).await;
    }
    let emitted = children(&last.job, 2, Path::Log).split_off(1);
    emit(&world, last, emitted).await;
    pending(&world, 1).await;
    let is_paid = || async { world.queue.queue().owed(2 * refused).await.unwrap().len() == refused };
    eventually("nothing is owed but what is for that partition", is_paid).await;
    relay.crash().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_relays_the_one_with_the_lane_of_dead_letters_pays() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 1).await;
    let letters = TopicPartition::new(Topic::dead(), Partition(0));
    let other = world.relay_on(CutOff::without(world.log.clone(), letters));
    pending(&world, 1).await;
    let claim = world.take(1).await.pop().unwrap();
    let emitted = children(&claim.job, 3, Path::Log);
    emit(&world, claim, emitted).await;
    other.drain().await;
    assert_eq!((world.queue.calls("owed"), records(&world).await), (0, 1), "it is not its business");

    let relay = world.relay();
    pending(&world, 3).await;
    assert_eq!(records(&world).await, 4);
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_takes_no_children_holds_up_only_debts_of_such() {
    let mut world = World::new().await;
    // More of them than are paid at once.
    let straight = 70;
    world.enqueue("email.welcome", straight + 1).await;
    world.queue.fail("enqueue_owed", usize::MAX);
    let relay = world.relay();
    pending(&world, straight as u64 + 1).await;
    let mut claims = world.take(straight + 1).await;
    let last = claims.pop().unwrap();
    for claim in claims {
        let emitted = children(&claim.job, 1, Path::Queue);
        emit(&world, claim, emitted).await;
    }
    let emitted = children(&last.job, 1, Path::Log);
    emit(&world, last, emitted).await;
    pending(&world, 1).await;
    let owed = || async { world.queue.queue().owed(2 * straight).await.unwrap().len() };
    eventually("what went through the log is paid", || async { owed().await == straight }).await;
    world.queue.called("enqueue_owed", world.queue.calls("enqueue_owed") + 1).await;
    assert_eq!(records(&world).await, straight as u64 + 2, "and stored once");
    world.queue.fail("enqueue_owed", 0);
    pending(&world, straight as u64 + 1).await;
    eventually("nothing is owed", || async { owed().await == 0 }).await;
    relay.drain().await;
}
