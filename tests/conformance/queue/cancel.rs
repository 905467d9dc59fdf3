//! Cancel, in each state.

use std::time::Duration;

use wasmill_job::{Cancel, Job, Offset};
use wasmill_queue::{Answer, Queue, State};

use super::QueueUnderTest;
use super::world::{LEASE, World, bury, complete, retry};

async fn cancel<U: QueueUnderTest>(world: &World<U>, job: &Job) -> bool {
    let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: world.now() };
    world.queue.cancel(cancel).await.unwrap()
}

async fn assert_cancelled<U: QueueUnderTest>(world: &mut World<U>, job: &Job) {
    let view = world.view(job).await.unwrap();
    assert_eq!((view.state, view.ended_at), (State::Cancelled, Some(world.now())));
    assert_eq!(world.progress().await.floor, Offset(1));
    assert!(!cancel(world, job).await, "it is done");
    assert!(world.take(1).await.is_empty());
    assert_eq!(world.counts("a").await.cancelled, 1);
}

pub(crate) async fn a_pending_job<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    assert!(cancel(world, &job).await);
    assert_cancelled(world, &job).await;
}

pub(crate) async fn a_scheduled_job<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(retry(Duration::from_secs(5))).await;
    world.advance(Duration::from_secs(4)).await;
    assert!(cancel(world, &job).await);
    assert_cancelled(world, &job).await;
    world.advance(Duration::from_secs(5)).await;
    assert!(world.take(1).await.is_empty());
}

pub(crate) async fn a_job_in_flight_by_revoking_its_claim<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    assert!(cancel(world, &job).await);
    let name = claim.reference();
    assert_eq!(world.queue.renew(vec![name], LEASE).await.unwrap(), [name]);
    assert_eq!(world.settle(claim, complete()).await, Answer::Lost);
    assert_cancelled(world, &job).await;
}

pub(crate) async fn an_unknown_or_done_job_says_no<U: QueueUnderTest>(world: &mut World<U>) {
    let (unknown, done, dead) = (world.job("a"), world.job("a"), world.job("a"));
    assert!(!cancel(world, &unknown).await);
    world.push([done.clone()]).await;
    world.run_one(complete()).await;
    assert!(!cancel(world, &done).await);
    world.push([dead.clone()]).await;
    world.run_one(bury()).await;
    assert!(!cancel(world, &dead).await);
    assert_eq!(world.state(&done).await, Some(State::Completed));
    assert_eq!(world.state(&dead).await, Some(State::Dead));
}

pub(crate) async fn comes_through_the_log_too<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs.clone()).await;
    world.push_cancel(&jobs[0]).await;
    assert_eq!(world.state(&jobs[0]).await, Some(State::Cancelled));
    assert_eq!(world.progress().await, super::world::progress(1, &[(2, 3)]));
    let unknown = world.job("a");
    world.push_cancel(&unknown).await;
    world.complete_all().await;
    assert_eq!(world.progress().await.floor, Offset(4));
    assert_eq!(world.counts("a").await.completed, 1);
}

pub(crate) async fn leaves_a_mark_for_keyed_jobs<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "once");
    world.push([job.clone()]).await;
    assert!(cancel(world, &job).await);
    assert_eq!(world.push([job.clone()]).await.len(), 1);
    world.advance(super::world::WINDOW).await;
    assert_eq!(world.push([job]).await, []);
    assert_eq!(world.complete_all().await.len(), 1);
}
