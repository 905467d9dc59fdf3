//! Take: which jobs, and in which order.

use wasmill_job::Attempt;
use wasmill_queue::{Claim, Queue, State};

use super::QueueUnderTest;
use super::world::{LEASE, World, complete, ids, ids_of, of_type};

pub(crate) async fn gives_at_most_what_was_asked_for<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 5);
    world.push(jobs.clone()).await;
    assert!(world.take(0).await.is_empty());
    let first = world.take(3).await;
    assert_eq!(ids_of(&first), ids(&jobs[..3]));
    assert_eq!(first[0].lease_until, world.now().plus(LEASE));
    assert_eq!(world.state(&jobs[0]).await, Some(State::InFlight));
    assert_eq!(ids_of(&world.take(3).await), ids(&jobs[3..]));
    assert!(world.take(3).await.is_empty());
}

pub(crate) async fn gives_only_offered_types<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 2), world.jobs("b", 2));
    world.push(a).await;
    world.push(b.clone()).await;
    assert_eq!(ids_of(&world.take_as(1, 10, &[("b", None), ("never-seen", None)]).await), ids(&b));
    assert!(world.take_as(1, 10, &[]).await.is_empty());
    assert_eq!(world.counts("a").await.pending, 2);
}

pub(crate) async fn is_fair_between_types<U: QueueUnderTest>(world: &mut World<U>) {
    for (job_type, count) in [("a", 300), ("b", 30), ("c", 3)] {
        let jobs = world.jobs(job_type, count);
        world.push(jobs).await;
    }
    let first = world.take(30).await;
    assert_eq!((of_type(&first, "a"), of_type(&first, "b"), of_type(&first, "c")), (14, 13, 3));
    for _ in 0..8 {
        let pair = world.take(2).await;
        assert_eq!((of_type(&pair, "a"), of_type(&pair, "b")), (1, 1), "small takes are as fair");
    }
}

pub(crate) async fn lets_a_late_type_in_at_once<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 100);
    world.push(jobs).await;
    assert_eq!(world.take(50).await.len(), 50);
    let late = world.jobs("b", 40);
    world.push(late).await;
    let next = world.take(20).await;
    let of_b = of_type(&next, "b");
    assert!((9..=11).contains(&of_b), "neither starved nor ahead by what it missed: {of_b} of 20");
}

pub(crate) async fn repeated_gives_the_same_claims<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 10);
    world.push(jobs).await;
    let take = world.request(1, 4, &[("a", None)]);
    let first = world.queue.take(take.clone()).await.unwrap();
    let again = world.queue.take(take.clone()).await.unwrap();
    let tokens = |claims: &[Claim]| claims.iter().map(Claim::reference).collect::<Vec<_>>();
    assert_eq!(tokens(&first), tokens(&again));
    assert_eq!(again[2].job, first[2].job);
    assert_eq!(again[2].attempt, Attempt(1));
    assert_eq!(world.counts("a").await.in_flight, 4);
    let other =
        world.queue.take(wasmill_queue::Take { worker: wasmill_queue::WorkerId(2), ..take }).await.unwrap();
    assert!(
        ids_of(&other).iter().all(|id| !ids_of(&first).contains(id)),
        "another worker's request is another one"
    );
}

pub(crate) async fn repeated_gives_nothing_that_was_settled<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs.clone()).await;
    let take = world.request(1, 2, &[("a", None)]);
    let mut first = world.queue.take(take.clone()).await.unwrap();
    world.settle(first.remove(0), complete()).await;
    assert_eq!(ids_of(&world.queue.take(take).await.unwrap()), [jobs[1].id]);
}

pub(crate) async fn counts_attempts<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    for attempt in 1..=3 {
        let claims = world.take(1).await;
        assert_eq!(claims[0].attempt, Attempt(attempt));
        assert_eq!(world.view(&job).await.unwrap().attempts, Attempt(attempt));
        world.advance(LEASE).await;
    }
    world.complete_all().await;
    assert_eq!(world.counts("a").await.lost, 3);
}
