//! Records become jobs, dead letters and progress, whatever happens between.

use std::collections::BTreeSet;

use crate::world::{World, bury, complete, eventually, lane, pending};
use bytes::Bytes;
use wasmill_job::wire::decode_dead;
use wasmill_job::{Durability, FailureCode, Generation, Partition, Topic};
use wasmill_log::{Append, Log};
use wasmill_queue::{DeadQuery, Queue};
use wasmill_relay::Standing;

#[tokio::test(flavor = "multi_thread")]
async fn every_job_arrives_once_and_progress_returns() {
    let mut world = World::new().await;
    let before: BTreeSet<_> = world.enqueue("email.welcome", 2_500).await.into_iter().collect();
    let mut relay = world.relay();
    relay.reaches(Standing::CaughtUp).await;
    let later = world.enqueue("email.welcome", 10).await;
    pending(&world, 2_510).await;

    let claims = world.take(3_000).await;
    let taken: BTreeSet<_> = claims.iter().map(|claim| claim.job.id).collect();
    assert_eq!(claims.len(), 2_510);
    assert_eq!(taken, before.into_iter().chain(later).collect());
    world.settle(claims, &complete()).await;
    eventually("the log knows that all is settled", || world.all_is_settled()).await;
    relay.drain().await;
    assert_eq!(world.counts("email.welcome").await.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_commits_the_last_progress_and_pays_the_last_debt() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 4).await;
    let relay = world.relay();
    pending(&world, 4).await;
    let mut claims = world.take(4).await;
    let buried = claims.split_off(3);
    world.settle(claims, &complete()).await;
    world.settle(buried, &bury()).await;
    relay.drain().await;
    assert!(world.all_is_settled().await, "no pulse had to come for that");
    assert_eq!(world.dead_records().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_queue_gets_back_what_is_not_settled_and_nothing_else() {
    let mut world = World::new().await;
    let all = world.enqueue("email.welcome", 100).await;
    let relay = world.relay();
    pending(&world, 100).await;
    let claims = world.take(40).await;
    let done: BTreeSet<_> = claims.iter().map(|claim| claim.job.id).collect();
    world.settle(claims, &complete()).await;
    let in_flight = world.take(20).await;
    assert_eq!(in_flight.len(), 20);
    eventually("the log knows what is settled", || world.is_settled(40)).await;

    // Nobody enqueues anything: the empty pushes notice it.
    world.wipe_queue().await;
    pending(&world, 60).await;
    let again: BTreeSet<_> = world.take(100).await.iter().map(|claim| claim.job.id).collect();
    assert_eq!(again, all.into_iter().filter(|id| !done.contains(id)).collect());
    drop(in_flight);
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_survive_a_wiped_queue() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 3).await;
    let relay = world.relay();
    pending(&world, 3).await;
    world.settle(world.take(3).await, &bury()).await;
    eventually("all debts are paid and committed", || world.all_is_settled()).await;
    world.wipe_queue().await;
    eventually("the dead letters are back", || async { world.counts("email.welcome").await.dead == 3 }).await;
    assert_eq!(world.counts("email.welcome").await.pending, 0, "and only as dead letters");
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_at_once_make_no_duplicates() {
    let mut world = World::new().await;
    let relays = [world.relay(), world.relay()];
    for _ in 0..20 {
        world.enqueue("email.welcome", 100).await;
    }
    pending(&world, 2_000).await;
    for relay in relays {
        relay.drain().await;
    }
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.accepted, counts.duplicates), (2_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_wakes_up_behind_and_goes_on_where_the_queue_is() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 10).await;
    // The zombie hangs in a push that never arrives.
    world.queue.hold("push");
    let pushes = world.queue.calls("push");
    let zombie = world.relay();
    world.queue.called("push", pushes).await;
    world.queue.let_go("push");
    let relay = world.relay();
    pending(&world, 10).await;
    zombie.crash().await;
    // And one whose push arrived although the answer did not: it pushes the same again.
    world.queue.lose_answers("push", 1);
    world.enqueue("email.welcome", 10).await;
    pending(&world, 20).await;
    relay.drain().await;
    assert_eq!(world.counts("email.welcome").await.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decoded_becomes_a_dead_letter_once_and_stops_nothing() {
    let mut world = World::new().await;
    let origin = world.append_garbage(b"not a record").await;
    world.enqueue("email.welcome", 2).await;
    // A crash after the letter was stored and before the push: the record is read, and its letter stored, again.
    world.queue.hold("push");
    let pushes = world.queue.calls("push");
    let first = world.relay();
    world.queue.called("push", pushes).await;
    eventually("the letter is stored", || async { !world.dead_records().await.is_empty() }).await;
    first.crash().await;
    world.queue.let_go("push");

    let relay = world.relay();
    pending(&world, 2).await;
    let shown = || async {
        let letters =
            world.queue.queue().dead(DeadQuery { max: 10, ..DeadQuery::default() }).await.unwrap().letters;
        letters.iter().map(|letter| letter.key()).collect::<Vec<_>>() == [origin.to_string()]
    };
    eventually("the letter is shown, once", shown).await;
    let records = world.dead_records().await;
    let letter = decode_dead(records[0].value.as_ref().unwrap()).unwrap();
    assert_eq!(letter.failure.code, FailureCode::Undecodable);
    assert_eq!(letter.raw, Some(Bytes::from_static(b"not a record")));
    assert!(records.iter().all(|record| record.key == records[0].key), "it overwrites itself");
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_no_catalog_knows_becomes_a_dead_letter_with_its_job() {
    let mut world = World::new().await;
    let ids = world.enqueue("no.such.type", 1).await;
    let relay = world.relay();
    eventually("it is dead", || async { world.counts("no.such.type").await.dead == 1 }).await;
    let letter = decode_dead(world.dead_records().await[0].value.as_ref().unwrap()).unwrap();
    assert_eq!(letter.failure.code, FailureCode::UnknownType);
    assert_eq!(letter.job.unwrap().id, ids[0]);
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_from_a_newer_catalog_waits_for_it() {
    let mut world = World::new().await;
    world.enqueue_stamped("email.bye", 2, 2).await;
    let mut relay = world.relay();
    relay.reaches(Standing::Resumed).await;
    // The dead-letter lane has nothing to wait for, so the standing shows that the others do.
    let pushes = world.queue.calls("push");
    world.queue.called("push", pushes + 3).await;
    assert!(world.dead_records().await.is_empty());
    assert_eq!(*relay.standing.borrow(), Standing::Resumed);

    world.apply(&["email.welcome", "email.bye"]);
    eventually("they are pending", || async { world.counts("email.bye").await.pending == 2 }).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_stored_and_not_paid_is_stored_over_itself() {
    let mut world = World::new().await;
    let ids = world.enqueue("email.welcome", 1).await;
    world.queue.hold("paid");
    let first = world.relay();
    pending(&world, 1).await;
    world.settle(world.take(1).await, &bury()).await;
    world.queue.called("paid", 0).await;
    assert_eq!(world.dead_records().await.len(), 1, "the letter is in the log before it is paid");
    assert!(!world.all_is_settled().await);
    first.crash().await;
    world.queue.let_go("paid");

    let relay = world.relay();
    eventually("it is paid and settled", || world.all_is_settled()).await;
    let records = world.dead_records().await;
    assert!(records.iter().all(|record| record.key == Some(Bytes::from(ids[0].to_string()))));
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.dead, counts.pending), (1, 0));
    assert!(world.queue.queue().owed(10).await.unwrap().is_empty());
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_hides_its_dead_letter() {
    let mut world = World::new().await;
    let ids = world.enqueue("email.welcome", 1).await;
    let relay = world.relay();
    pending(&world, 1).await;
    world.settle(world.take(1).await, &bury()).await;
    // A tombstone hides no letter that is still owed.
    eventually("the letter is in the log and paid", || world.all_is_settled()).await;
    let key = Some(Bytes::from(ids[0].to_string()));
    let durability = Durability::Quorum;
    let tombstone = Append { topic: Topic::dead(), partition: Partition(0), key, value: None, durability };
    world.log.append(vec![tombstone]).await.unwrap();
    eventually("it is hidden", || async { world.counts("email.welcome").await.dead == 0 }).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_of_an_earlier_death_leaves_the_letter_of_a_later_one() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 1).await;
    let relay = world.relay();
    pending(&world, 1).await;
    world.settle(world.take(1).await, &bury()).await;
    eventually("the letter is in the log", || async { !world.dead_records().await.is_empty() }).await;
    eventually("all is settled", || world.all_is_settled()).await;
    let first = decode_dead(world.dead_records().await[0].value.as_ref().unwrap()).unwrap();

    // A redrive: the record first, and then the tombstone; the job dies in between.
    world.redrive(&first).await;
    pending(&world, 1).await;
    world.settle(world.take(1).await, &bury()).await;
    eventually("the second letter is in the log", || async { world.dead_records().await.len() == 2 }).await;
    let durability = Durability::Quorum;
    let key = Some(Bytes::from(first.record_key()));
    let tombstone = Append { topic: Topic::dead(), partition: Partition(0), key, value: None, durability };
    world.log.append(vec![tombstone]).await.unwrap();
    eventually("all is settled again", || world.all_is_settled()).await;
    // What compaction would leave is what a queue that is lost is shown: the newest record of each key.
    world.wipe_queue().await;
    eventually("the letter is back", || async { world.counts("email.welcome").await.dead == 1 }).await;
    let keys: Vec<_> = world.dead_records().await.into_iter().map(|record| record.key).collect();
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[1], "no tombstone has the key of the second letter");
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_broken_one_are_waited_for() {
    let mut world = World::new().await;
    world.queue.set_full(true);
    world.enqueue("email.welcome", 10).await;
    let relay = world.relay();
    world.queue.called("push", 5).await;
    assert_eq!(world.counts("email.welcome").await.pending, 0);
    world.queue.set_full(false);
    pending(&world, 10).await;

    for call in ["push", "resume", "progress", "owed"] {
        world.queue.fail(call, 3);
    }
    world.enqueue("email.welcome", 10).await;
    pending(&world, 20).await;
    relay.drain().await;
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.accepted, counts.duplicates), (20, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_that_only_the_log_knows_are_drained() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 4).await;
    let old = Topic::from("wasmill.q.old.7");
    let copied = world.log.read(&lane(0), wasmill_job::Offset(0), usize::MAX).await.unwrap();
    let records = copied.into_iter().map(|stored| Append {
        topic: old.clone(),
        partition: Partition(5),
        key: None,
        value: Some(changed(&stored.value.unwrap())),
        durability: Durability::Quorum,
    });
    world.log.append(records.collect()).await.unwrap();
    let relay = world.relay();
    pending(&world, 6).await;
    relay.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_records_stops_its_lanes_until_the_queue_is_rebuilt() {
    let mut world = World::new().await;
    world.enqueue("email.welcome", 20).await;
    let relay = world.relay();
    pending(&world, 20).await;
    relay.drain().await;

    world.lose_log();
    world.enqueue("email.welcome", 4).await;
    let relay = world.relay();
    world.queue.called("resume", world.queue.calls("resume") + 6).await;
    // The log grows past what the queue has taken, but its offsets mean other jobs.
    world.enqueue("email.welcome", 40).await;
    world.queue.called("resume", world.queue.calls("resume") + 6).await;
    assert_eq!(*relay.standing.borrow(), Standing::Starting);
    assert_eq!(world.counts("email.welcome").await.accepted, 20, "nothing of it was skipped or pushed");

    world.wipe_queue().await;
    pending(&world, 44).await;
    relay.drain().await;
}

/// The same record with another id: its first digit differs.
fn changed(record: &Bytes) -> Bytes {
    let text = String::from_utf8(record.to_vec()).unwrap();
    let at = text.find("\"id\":\"").unwrap() + 6;
    let digit = if &text[at..=at] == "f" { "e" } else { "f" };
    format!("{}{digit}{}", &text[..at], &text[at + 1..]).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hangs_is_drained_in_bounded_time() {
    let world = World::new().await;
    let mut relay = world.relay();
    relay.reaches(Standing::Resumed).await;
    for call in ["push", "progress", "owed", "resume"] {
        world.queue.hold(call);
    }
    world.queue.called("push", world.queue.calls("push")).await;
    // It gives up calls that hang.
    relay.drain().await;
}

/// A change of a queue's layout: the old generation drains beside the new one, and comes back after a loss of the queue.
#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_drains_is_carried_beside_the_current_one() {
    let mut world = World::new().await;
    let old: BTreeSet<_> = world.enqueue("email.welcome", 20).await.into_iter().collect();
    let relay = world.relay();
    pending(&world, 20).await;
    let new: BTreeSet<_> = world.enqueue_in(Generation(1), "email.welcome", 10).await.into_iter().collect();
    pending(&world, 30).await;
    world.settle(world.take(15).await, &complete()).await;
    eventually("the log knows what is settled", || async { world.unsettled().await == 15 }).await;
    world.wipe_queue().await;
    pending(&world, 15).await;
    let claims = world.take(30).await;
    assert!(claims.iter().all(|claim| old.contains(&claim.job.id) || new.contains(&claim.job.id)));
    assert_eq!(claims.len(), 15);
    world.settle(claims, &complete()).await;
    eventually("all is settled, in both", || world.all_is_settled()).await;
    relay.drain().await;
}

/// Jobs of two generations are parked in one topic, and all come back, each to its own.
#[tokio::test(flavor = "multi_thread")]
async fn parked_jobs_of_all_generations_come_back() {
    let mut world = World::new().await;
    world.limit("email.welcome", Some(4));
    let mut all: BTreeSet<_> = world.enqueue("email.welcome", 20).await.into_iter().collect();
    all.extend(world.enqueue_in(Generation(1), "email.welcome", 20).await);
    let relay = world.relay();
    let mut done = BTreeSet::new();
    while done.len() < all.len() {
        let claims = eventually_some(&world).await;
        done.extend(claims.iter().map(|claim| claim.job.id));
        world.settle(claims, &complete()).await;
    }
    assert_eq!(done, all);
    eventually("all is settled", || world.all_is_settled()).await;
    let counts = world.counts("email.welcome").await;
    assert_eq!((counts.completed, counts.dead), (40, 0));
    relay.drain().await;
}

/// Waits until there is something to take, and takes it.
async fn eventually_some(world: &World) -> Vec<wasmill_queue::Claim> {
    eventually("something is pending", || async { world.counts("email.welcome").await.pending > 0 }).await;
    world.take(10).await
}
