//! A log that is another one than the queue has read: lanes stop, until somebody accepts it.

use std::sync::atomic::Ordering;

use wasmill_job::{Offset, Progress};
use wasmill_log::Log;
use wasmill_queue::Queue;
use wasmill_relay::Standing;

use crate::progress::CutOff;
use crate::world::{World, complete, eventually, lane, pending};

#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_anew_and_grown_past_what_was_read_is_noticed_by_its_records() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 20).await;
    let relay = world.relay();
    pending(&world, 20).await;
    relay.drain().await;

    world.lose_log();
    let new = world.enqueue("email.welcome", 60).await;
    let relay = world.relay();
    world.queue.called("passed", world.queue.calls("passed") + 4).await;
    assert_eq!(*relay.standing.borrow(), Standing::Starting);
    assert_eq!(world.counts("email.welcome").await.accepted, 20, "nothing of it was skipped or pushed");

    // Somebody accepts it: both partitions begin anew, and what is in the queue stays.
    for partition in 0..2 {
        world.queue.queue().adopt(&lane(partition), Offset(0), 0).await.unwrap();
    }
    pending(&world, 80).await;
    let done = world.work_off(80).await.concat();
    assert!(new.iter().all(|id| done.contains(id)));
    eventually("the new log is settled", || world.all_is_settled()).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_beginning_is_gone_before_it_was_read_is_not_read_from_its_new_one() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 20).await;
    let relay = world.relay_on(CutOff::beginning_at(world.log.clone(), Offset(4)));
    world.queue.called("resume", world.queue.calls("resume") + 4).await;
    assert_eq!(*relay.standing.borrow(), Standing::Starting);
    assert_eq!(world.counts("email.welcome").await.accepted, 0, "nothing of it was skipped or pushed");
    relay.drain().await;

    // The right log is back.
    let relay = world.relay();
    pending(&world, 20).await;
    world.work_off(20).await;
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_goes_on_when_the_log_shows_all_of_itself_again() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 20).await;
    let relay = world.relay();
    pending(&world, 20).await;
    relay.drain().await;

    // A broker that does not know yet that it leads no more says where its own copy ends.
    let (log, is_short) = CutOff::short(world.log.clone());
    let mut relay = world.relay_on(log);
    world.queue.called("resume", world.queue.calls("resume") + 6).await;
    assert_eq!(*relay.standing.borrow(), Standing::Starting);
    is_short.store(false, Ordering::SeqCst);
    relay.reaches(Standing::Resumed).await;
    world.enqueue("email.welcome", 2).await;
    pending(&world, 22).await;
    relay.drain().await;
}

/// What the log was told last of a lane.
async fn told(world: &World, number: u32) -> Progress {
    world.log.committed(&lane(number)).await.unwrap()
}

/// The topic of progress outlives a topic of jobs that is deleted and made again.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_anew_is_noticed_also_when_the_queue_was_lost_with_it() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 20).await;
    let relay = world.relay();
    pending(&world, 20).await;
    world.work_off(20).await;
    eventually("all is settled", || world.all_is_settled()).await;
    // A look tells the log which record was passed.
    eventually("the log knows what was passed", || async {
        told(&world, 0).await.passed.is_some() && told(&world, 1).await.passed.is_some()
    })
    .await;
    let before = [told(&world, 0).await, told(&world, 1).await];
    relay.drain().await;

    world.lose_log();
    world.wipe_queue().await;
    let new = world.enqueue("email.welcome", 60).await;
    for (number, progress) in (0..).zip(before) {
        assert!(progress.floor > Offset(0), "the new log has grown past it");
        world.log.commit(&lane(number), progress).await.unwrap();
    }
    let relay = world.relay();
    world.queue.called("passed", world.queue.calls("passed") + 4).await;
    assert_eq!(*relay.standing.borrow(), Standing::Starting);
    assert_eq!(world.counts("email.welcome").await.accepted, 0, "nothing of it was skipped or pushed");

    // As `wasmill relay accept` does it.
    for number in 0..2 {
        world.log.begin_anew(&lane(number), Offset(0)).await.unwrap();
        let epoch = told(&world, number).await.epoch + 1;
        world.queue.queue().adopt(&lane(number), Offset(0), epoch).await.unwrap();
        world.log.begin_anew(&lane(number), Offset(0)).await.unwrap();
    }
    pending(&world, 60).await;
    let done = world.work_off(60).await.concat();
    assert!(new.iter().all(|id| done.contains(id)));
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_progress_of_before_does_not_undo_what_was_accepted() {
    let mut world = World::new().await;
    let jobs = world.enqueue("email.welcome", 60).await;
    let relay = world.relay();
    pending(&world, 60).await;
    relay.drain().await;

    // Somebody accepts both partitions as they are; a relay that was frozen since before wakes, and tells what it knew.
    for partition in 0..2 {
        let lane = lane(partition);
        let before = world.log.committed(&lane).await.unwrap();
        world.log.begin_anew(&lane, Offset(0)).await.unwrap();
        let late = Progress { floor: Offset(25), ..before };
        world.log.commit(&lane, late).await.unwrap();
    }
    world.wipe_queue().await;
    let relay = world.relay();
    pending(&world, 60).await;
    let done = world.work_off(60).await.concat();
    assert!(jobs.iter().all(|id| done.contains(id)), "nothing was skipped");
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_log_before_settle_nothing_of_the_new_one() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 4).await;
    let relay = world.relay();
    pending(&world, 4).await;
    relay.drain().await;
    let of_old = world.take(4).await;

    world.lose_log();
    let new = world.enqueue("email.welcome", 8).await;
    for partition in 0..2 {
        world.queue.queue().adopt(&lane(partition), Offset(0), 0).await.unwrap();
    }
    let relay = world.relay();
    pending(&world, 8).await;
    world.settle(of_old, &complete()).await;
    world.wipe_queue().await;
    pending(&world, 8).await;
    let done = world.work_off(8).await.concat();
    assert!(new.iter().all(|id| done.contains(id)), "none of them was taken for settled");
    relay.drain().await;
}
