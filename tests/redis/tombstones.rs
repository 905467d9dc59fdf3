//! Very many jobs that were cancelled while they were pending: what they leave in the lists holds nobody up for long, and
//! goes.

use std::time::Duration;

use wasmill_job::{Cancel, Job, Offset, Progress, UnixMs, Verdict};
use wasmill_queue::{Entry, Push, Pushed, Queue, State};

use crate::cost::{calls, sums};
use crate::world::{LEASE, World, complete, enqueue, lane, retry, settle};

const CANCELLED: usize = 100_000;
/// Of one call, the commands inside its script.
const COMMANDS_MAX: u64 = 2_500;

/// Enqueues jobs and cancels them all, as a log's records do.
async fn cancelled(world: &mut World, job_type: &str) {
    world.queue.resume(&lane(0), &Progress::default()).await.unwrap();
    let mut at = 0;
    for _ in 0..CANCELLED / 500 {
        let jobs = world.jobs(job_type, 500);
        enqueue(&world.queue, jobs.clone()).await;
        let entry = |(job, offset): (Job, u64)| Entry::Cancel {
            offset: Offset(offset),
            cancel: Cancel { id: job.id, job_type: job.job_type, at: UnixMs(0) },
        };
        let entries = jobs.into_iter().zip(at..).map(entry).collect();
        let push = Push { lane: lane(0), from: Offset(at), to: Offset(at + 500), passed: None, entries };
        assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
        at += 500;
    }
}

async fn left(world: &World) -> (String, String) {
    let (records, list) = ("{wasmill:0}:j", "{wasmill:0}:p:0:1");
    (world.redis.must(&["HLEN", records]).await.text(), world.redis.must(&["LLEN", list]).await.text())
}

#[tokio::test]
async fn a_job_behind_very_many_that_were_cancelled_is_got_by_calls_that_are_bounded() {
    let mut world = World::fresh().await;
    cancelled(&mut world, "a").await;
    let job = world.job("a");
    enqueue(&world.queue, vec![job.clone()]).await;
    let (mut takes, mut most) = (0, 0);
    calls(&world).await;
    let claims = loop {
        let claims = world.take(10).await;
        takes += 1;
        most = most.max(sums(&calls(&world).await).1);
        if !claims.is_empty() {
            break claims;
        }
        // Whoever got nothing, because of what was before the job, is told to ask again at once.
        tokio::time::timeout(Duration::from_secs(1), world.queue.ready(crate::world::NEVER)).await.unwrap();
    };
    println!("{CANCELLED} tombstones: {takes} takes, at most {most} commands in one");
    assert!(takes > 1 && most <= COMMANDS_MAX, "{takes} takes, {most} commands in one");
    assert_eq!(claims[0].job.id, job.id);
    settle(&world.queue, claims, complete).await;
    assert_eq!(left(&world).await, ("0".into(), "0".into()));
    world.check().await;
}

#[tokio::test]
async fn what_a_type_without_live_jobs_has_left_is_swept_in_bounded_pieces() {
    let mut world = World::with(&[("appendonly", "no")], 1).await;
    world.advance(Duration::ZERO).await;
    let before = world.used().await;
    cancelled(&mut world, "a").await;
    let full = world.used().await;
    // How long it is shown that a job was cancelled.
    world.advance(Duration::from_secs(3_601)).await;
    let mut most = 0;
    calls(&world).await;
    while world.queue.sweep(1_000).await.unwrap().forgotten > 0 {
        most = most.max(sums(&calls(&world).await).1);
    }
    assert!(most <= 100, "{most} commands in one sweep");
    assert_eq!(left(&world).await, ("0".into(), "0".into()));
    let after = world.used().await;
    println!("memory: {before} bytes before, {full} with {CANCELLED} tombstones, {after} behind them");
    assert!(after < before + (full - before) / 10, "{before} bytes before, {full} with them, {after} behind");
    world.check().await;
}

#[tokio::test]
async fn a_job_that_a_sweep_brings_back_among_tombstones_is_not_swept_with_them() {
    for verdict in [None, Some(retry as fn() -> Verdict)] {
        let mut world = World::fresh().await;
        world.advance(Duration::ZERO).await;
        let jobs = world.jobs("a", 2);
        enqueue(&world.queue, jobs.clone()).await;
        let claims = world.take(1).await;
        let Job { id, job_type, .. } = jobs[1].clone();
        assert!(world.queue.cancel(Cancel { id, job_type, at: UnixMs(0) }).await.unwrap());
        match verdict {
            Some(verdict) => drop(settle(&world.queue, claims, verdict).await),
            None => drop(claims),
        }
        world.advance(LEASE).await;
        world.queue.sweep(10).await.unwrap();
        assert_eq!(world.state(&jobs[0]).await, Some(State::Pending));
        assert_eq!(world.drain().await, 1);
        world.check().await;
    }
}
