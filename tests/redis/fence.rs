//! Fencing by the server's own clock.

use std::time::Duration;

use wasmill_queue::{Answer, Queue, State, Take};
use wasmill_tests::{DEADLINE, until};

use crate::world::{LEASE, World, bury, complete, settle};

/// Waits until the server's clock is past this moment.
async fn past(world: &World, moment: wasmill_job::UnixMs) {
    until("the clock moves on", DEADLINE, || async {
        let wasmill_tests::Answer::Array(time) = world.redis.must(&["TIME"]).await else { panic!() };
        (time[0].integer() * 1_000 + time[1].integer() / 1_000 > moment.0 as i64).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ran_out_is_over_although_nobody_swept() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 3);
    world.push(jobs.clone()).await;
    let take = Take { lease: Duration::from_millis(1), ..world.request(3) };
    let mut claims = world.queue.take(take).await.unwrap();
    past(&world, claims[0].lease_until).await;
    // Like a worker that was stopped for longer than its lease: it knows nothing, and asks.
    let named: Vec<_> = claims.iter().map(|claim| claim.reference()).collect();
    assert_eq!(world.queue.renew(named.clone(), LEASE).await.unwrap(), named);
    let first = claims.drain(..1).collect();
    assert_eq!(settle(&world.queue, first, complete).await, [Answer::Lost]);
    assert_eq!(world.state(&jobs[0]).await, Some(State::InFlight), "nothing was changed");
    // Another worker settles it meanwhile.
    let other = world.request_of(2, 3, &["a"]);
    let current = world.queue.take(other).await.unwrap();
    assert!(current.len() == 3 && current.iter().all(|claim| claim.suspect && claim.attempt.0 == 2));
    assert_eq!(world.queue.renew(named.clone(), LEASE).await.unwrap(), named);
    assert_eq!(settle(&world.queue, current, complete).await, [Answer::Settled; 3]);
    assert_eq!(settle(&world.queue, claims, bury).await, [Answer::Lost; 2]);
    assert_eq!(world.counts("a").await.completed, 3);
    world.check().await;
}

#[tokio::test]
async fn many_suspects_are_taken_at_once() {
    let mut world = World::fresh().await;
    const JOBS: usize = 6_000;
    for _ in 0..JOBS / 500 {
        let jobs = world.jobs("a", 500);
        world.push(jobs).await;
    }
    world.advance(LEASE).await;
    drop(world.take(JOBS).await);
    world.advance(LEASE * 2).await;
    let mut expired = 0;
    while expired < JOBS {
        expired += world.queue.sweep(JOBS).await.unwrap().expired;
    }
    let take = world.request(JOBS);
    let claims = world.queue.take(take.clone()).await.unwrap();
    assert_eq!(claims.len(), JOBS);
    let again = world.queue.take(take).await.unwrap();
    assert!(again.len() == JOBS && again.iter().all(|claim| claim.suspect), "also to a repeated request");
    let answers = settle(&world.queue, claims, complete).await;
    assert!(answers.iter().all(|answer| *answer == Answer::Settled));
    drop(again);
    world.check().await;
}
