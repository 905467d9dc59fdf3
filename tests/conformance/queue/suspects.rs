//! Suspects: jobs that perhaps killed whoever held them.

use std::time::Duration;

use wasmill_job::Verdict;
use wasmill_queue::{Claim, Queue};

use super::QueueUnderTest;
use super::world::{LEASE, World, ids_of, retry};

fn suspects(claims: &[Claim]) -> Vec<bool> {
    claims.iter().map(|claim| claim.suspect).collect()
}

/// The only job is taken and lost; then taken again.
async fn suspect<U: QueueUnderTest>(world: &mut World<U>) -> Claim {
    let job = world.job("a");
    world.push([job]).await;
    let first = world.take(1).await;
    assert_eq!(suspects(&first), [false]);
    world.advance(LEASE).await;
    let mut again = world.take(1).await;
    assert_eq!(suspects(&again), [true]);
    again.remove(0)
}

pub(crate) async fn are_jobs_whose_lease_ran_out<U: QueueUnderTest>(world: &mut World<U>) {
    let _lost = suspect(world).await;
    let other = world.job("a");
    world.push([other.clone()]).await;
    world.advance(LEASE).await;
    let again = world.take(2).await;
    assert_eq!(again.iter().filter(|claim| claim.suspect).count(), 1, "as often as it is lost");
    assert!(again.iter().all(|claim| claim.suspect != (claim.job.id == other.id)));
}

pub(crate) async fn are_cleared_by_a_retry<U: QueueUnderTest>(world: &mut World<U>) {
    let claim = suspect(world).await;
    world.settle(claim, retry(Duration::from_secs(1))).await;
    world.advance(Duration::from_secs(1)).await;
    assert_eq!(suspects(&world.take(1).await), [false]);
}

pub(crate) async fn stay_what_they_are_by_a_release<U: QueueUnderTest>(world: &mut World<U>) {
    let claim = suspect(world).await;
    let attempt = claim.attempt;
    world.settle(claim, Verdict::Release).await;
    let mut again = world.take(1).await;
    assert_eq!(suspects(&again), [true]);
    assert_eq!(again[0].attempt, attempt, "the attempt did not count");
    world.settle(again.remove(0), retry(Duration::ZERO)).await;
    assert_eq!(suspects(&world.take(1).await), [false], "an attempt of it has ended");
}

pub(crate) async fn that_were_released_stay_so_over_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let claim = suspect(world).await;
    world.settle(claim, Verdict::Release).await;
    world.restart().await;
    assert_eq!(suspects(&world.take(1).await), [true]);
}

pub(crate) async fn are_told_again_in_a_repeated_take<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs.clone()).await;
    let _lost = world.take(1).await;
    world.advance(LEASE).await;
    let take = world.request(1, 2, &[("a", None)]);
    let first = world.queue.take(take.clone()).await.unwrap();
    let again = world.queue.take(take).await.unwrap();
    assert_eq!((ids_of(&again), suspects(&again)), (ids_of(&first), suspects(&first)));
    assert_eq!(suspects(&again), [true, false]);
}

pub(crate) async fn are_jobs_in_flight_when_their_process_ended<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.push(jobs.clone()).await;
    let mut claims = world.take(3).await;
    world.settle(claims.remove(0), Verdict::Release).await;
    world.settle(claims.remove(0), retry(Duration::ZERO)).await;
    world.restart().await;
    world.advance(LEASE).await;
    let again = world.take(4).await;
    assert_eq!(again.len(), 4);
    for claim in &again {
        assert_eq!(claim.suspect, claim.job.id == jobs[2].id, "{}", claim.job.id);
    }
}
