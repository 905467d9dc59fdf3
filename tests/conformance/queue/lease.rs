//! Leases and tokens: a stale claim cannot settle.

use std::time::Duration;

use wasmill_job::Attempt;
use wasmill_queue::{Answer, Claim, Queue, State};

use super::QueueUnderTest;
use super::world::{LEASE, World, complete, ids_of};

pub(crate) async fn runs_out_and_the_job_comes_back_first<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs.clone()).await;
    let _lost = world.take(1).await;
    world.advance(LEASE).await;
    let again = world.take(2).await;
    assert_eq!(ids_of(&again), [jobs[0].id, jobs[1].id]);
    assert_eq!((again[0].attempt, again[1].attempt), (Attempt(2), Attempt(1)));
    assert_eq!(world.counts("a").await.lost, 1);
}

pub(crate) async fn is_renewed<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let mut claims = world.take(2).await;
    let names: Vec<_> = claims.iter().map(Claim::reference).collect();
    for _ in 0..3 {
        world.advance(LEASE - Duration::from_secs(1)).await;
        assert_eq!(world.queue.renew(names.clone(), LEASE).await.unwrap(), []);
    }
    assert_eq!(world.queue.sweep(10).await.unwrap().expired, 0);
    assert_eq!(world.settle(claims.remove(0), complete()).await, Answer::Settled);
    assert_eq!(world.queue.renew(names.clone(), LEASE).await.unwrap(), [names[0]], "one is settled");
}

pub(crate) async fn that_is_lost_cannot_be_renewed<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job]).await;
    let stale = world.take(1).await.remove(0).reference();
    world.advance(LEASE).await;
    assert_eq!(world.queue.renew(vec![stale], LEASE).await.unwrap(), [stale], "before anybody noticed");
    let current = world.take_as(2, 1, &[("a", None)]).await.remove(0);
    assert_eq!(world.queue.renew(vec![stale, current.reference()], LEASE).await.unwrap(), [stale]);
    assert_eq!(world.settle(current, complete()).await, Answer::Settled);
}

pub(crate) async fn that_ran_out_cannot_be_settled<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    world.advance(LEASE).await;
    assert_eq!(world.settle(claim, complete()).await, Answer::Lost);
    assert_eq!(world.complete_all().await.len(), 1);
    assert_eq!(world.counts("a").await.completed, 1);
    assert_eq!(world.state(&job).await, Some(State::Completed));
}

pub(crate) async fn of_another_worker_fences_the_first<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let stale = world.take(1).await.remove(0);
    world.advance(LEASE).await;
    let current = world.take_as(2, 1, &[("a", None)]).await.remove(0);
    assert_eq!(world.settle(stale, super::world::bury()).await, Answer::Lost);
    assert_eq!(world.state(&job).await, Some(State::InFlight));
    assert_eq!(world.settle(current, complete()).await, Answer::Settled);
    assert_eq!(world.state(&job).await, Some(State::Completed));
}

pub(crate) async fn sweep_returns_at_most_what_was_asked_for<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 5);
    world.push(jobs).await;
    let _lost = world.take(5).await;
    world.advance(LEASE).await;
    // An implementation may be quicker by itself, so fewer is as good.
    for _ in 0..3 {
        assert!(world.queue.sweep(2).await.unwrap().expired <= 2);
    }
    assert_eq!(world.counts("a").await.pending, 5);
    assert_eq!(world.queue.sweep(10).await.unwrap().expired, 0);
}

pub(crate) async fn sweep_returns_no_more_of_several_partitions<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 5).await;
    }
    let _lost = world.take(10).await;
    world.advance(LEASE).await;
    for _ in 0..5 {
        assert!(world.queue.sweep(2).await.unwrap().expired <= 2);
    }
    assert_eq!(world.counts("a").await.pending, 10);
}
