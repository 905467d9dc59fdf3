//! Jobs for which their type has no room go back into the log, and come from there when it has.

use std::collections::BTreeSet;

use wasmill_job::{JobId, Offset, Partition, Topic, TopicPartition};
use wasmill_relay::Standing;

use crate::world::{World, complete, eventually, pending};

/// Jobs of a full type and of its neighbour, in the same partitions.
async fn crowd(world: &mut World) -> Vec<JobId> {
    world.apply(&["email.welcome", "email.bye"]);
    world.limit("email.welcome", Some(10));
    let mut crowd = Vec::new();
    for _ in 0..10 {
        crowd.extend(world.enqueue("email.welcome", 20).await);
        world.enqueue("email.bye", 2).await;
    }
    crowd
}

fn of_partition(ids: &[JobId], partition: u32) -> Vec<JobId> {
    ids.iter().copied().filter(|id| id.partition().0 == partition).collect()
}

/// A relay dies when copies are in the log, and the queue has not been told of them.
async fn die_between_parking_and_push(world: &World) {
    world.queue.hold_parked(true);
    let relay = world.relay();
    eventually("copies are in the log", || async { world.parked("email.welcome").await > 0 }).await;
    relay.crash().await;
    world.queue.hold_parked(false);
}

/// All of the crowd and its neighbours are done, each once.
async fn all_run_once(world: &World, crowd: &[JobId]) {
    let done: BTreeSet<JobId> = world.work_off(220).await.concat().into_iter().collect();
    assert_eq!(done.len(), 220, "each once");
    assert!(crowd.iter().all(|id| done.contains(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_among_jobs_without_room_is_stored_once() {
    let mut world = World::new().await;
    crowd(&mut world).await;
    world.append_garbage(b"not a record").await;
    let relay = world.relay();
    eventually("the rest is parked", || async { world.parked("email.welcome").await >= 190 }).await;
    world.work_off(220).await;
    eventually("all is settled", || world.all_is_settled()).await;
    assert_eq!(world.dead_records().await.len(), 1);
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_type_is_parked_its_neighbours_pass_and_all_come_once_in_order() {
    let mut world = World::new().await;
    let crowd = crowd(&mut world).await;
    let relay = world.relay();
    eventually("the neighbours passed", || async { world.counts("email.bye").await.pending == 20 }).await;
    pending(&world, 10).await;
    eventually("the rest is parked", || async { world.parked("email.welcome").await >= 190 }).await;
    // Later ones stay behind those that are parked.
    let later = world.enqueue("email.welcome", 4).await;

    let done = world.work_off(224).await;
    let all: Vec<JobId> = crowd.into_iter().chain(later).collect();
    for partition in 0..2 {
        let mut of_type = done[partition as usize].clone();
        of_type.retain(|id| all.contains(id));
        assert!(of_type == of_partition(&all, partition), "in order: {of_type:?}");
    }
    eventually("all is settled", || world.all_is_settled()).await;
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.accepted, counts.duplicates), (204, 0));
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_push_that_never_came_are_dropped() {
    let mut world = World::new().await;
    let crowd = crowd(&mut world).await;
    die_between_parking_and_push(&world).await;

    // By now there is room: the next relay parks nothing.
    world.limit("email.welcome", None);
    let relay = world.relay();
    all_run_once(&world, &crowd).await;
    // The log may have stored some after the relay was gone.
    eventually("the copies are dropped", || async {
        world.counts("email.welcome").await.duplicates == world.parked("email.welcome").await
    })
    .await;
    assert!(world.take(10).await.is_empty());
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_were_stored_twice_run_once() {
    let mut world = World::new().await;
    let crowd = crowd(&mut world).await;
    die_between_parking_and_push(&world).await;

    // Still full: the next relay parks them again.
    let relay = world.relay();
    all_run_once(&world, &crowd).await;
    eventually("all is settled", || world.all_is_settled()).await;
    assert!(world.take(10).await.is_empty());
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_queue_gets_its_parked_jobs_back_once() {
    let mut world = World::new().await;
    let crowd = crowd(&mut world).await;
    let relay = world.relay();
    eventually("the rest is parked", || async { world.parked("email.welcome").await >= 190 }).await;
    let claims = world.take(30).await;
    let before: BTreeSet<JobId> = claims.iter().map(|claim| claim.job.id).collect();
    world.settle(claims, &complete()).await;
    eventually("the log knows that they are settled", || world.is_settled(before.len() as u64 + 190)).await;

    world.wipe_queue().await;
    let done: BTreeSet<JobId> = world.work_off(220 - before.len()).await.concat().into_iter().collect();
    assert_eq!(done.len(), 220 - before.len());
    assert!(done.is_disjoint(&before), "what was done is not done again");
    assert!(crowd.iter().all(|id| done.contains(id) || before.contains(id)));
    eventually("all is settled", || world.all_is_settled()).await;
    assert!(world.take(10).await.is_empty());
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_what_the_log_does_not_have_stop_their_lane_and_say_so() {
    let mut world = World::new().await;
    let mut relay = world.relay();
    relay.reaches(Standing::CaughtUp).await;
    // Of a generation whose topic was deleted, and of which the queue knows nothing: it was lost as well.
    let gone = TopicPartition::new(Topic::from("wasmill.q.mail.7"), Partition(0));
    world.append_copy("email.welcome", gone.at(Offset(5))).await;
    let resumes = world.queue.calls("resume");
    // Being early is nothing to speak of, and asks for nothing. Trouble that lasts does: the lane asks what is wanted.
    eventually("it is known to be trouble", || async { world.queue.calls("resume") > resumes + 2 }).await;
    // Other lanes go on.
    world.enqueue("email.welcome", 2).await;
    pending(&world, 2).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_early_for_a_while_come_when_their_origin_was_passed() {
    let mut world = World::new().await;
    world.limit("email.welcome", Some(0));
    world.enqueue("email.welcome", 2).await;
    let relay = world.relay();
    eventually("they are parked", || async { world.parked("email.welcome").await == 2 }).await;
    eventually("that is known", || world.is_settled(2)).await;
    relay.crash().await;
    world.wipe_queue().await;
    world.limit("email.welcome", None);
    let relay = world.relay();
    world.work_off(2).await;
    eventually("all is settled", || world.all_is_settled()).await;
    relay.drain().await;
}
