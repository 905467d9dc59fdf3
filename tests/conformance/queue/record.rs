//! Records: jobs as they were accepted, with their payloads, while the queue keeps them.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Cancel, Job, Progress};
use wasmill_queue::Queue;

use super::QueueUnderTest;
use super::world::{World, bury, complete, retry};

async fn record<U: QueueUnderTest>(world: &World<U>, job: &Job) -> Option<Job> {
    world.queue.record(job.id).await.unwrap()
}

/// One job in each state that keeps it: pending, in flight, scheduled and dead.
async fn in_every_state<U: QueueUnderTest>(world: &mut World<U>) -> [Job; 4] {
    let jobs: [Job; 4] = std::array::from_fn(|_| world.job("a"));
    world.push(jobs.clone()).await;
    let claims = world.take(3).await;
    let [in_flight, scheduled, dead] = claims.try_into().unwrap_or_else(|_| panic!("not three claims"));
    world.settle_all([(scheduled, retry(Duration::from_secs(60))), (dead, bury())]).await;
    drop(in_flight);
    jobs
}

pub(crate) async fn is_the_job_as_it_was_accepted<U: QueueUnderTest>(world: &mut World<U>) {
    for job in in_every_state(world).await {
        assert_eq!(record(world, &job).await, Some(job));
    }
}

pub(crate) async fn has_payloads_of_all_sizes<U: QueueUnderTest>(world: &mut World<U>) {
    let sizes = [0, 1, 5_000, 300_000];
    let payload = |size: usize| Bytes::from_iter((0..size).map(|at| (at % 256) as u8));
    let jobs: Vec<Job> =
        sizes.into_iter().map(|size| Job { payload: payload(size), ..world.job("a") }).collect();
    world.push(jobs.clone()).await;
    for job in jobs {
        assert_eq!(record(world, &job).await, Some(job));
    }
}

pub(crate) async fn of_a_job_that_stands_in_no_log<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.enqueue([job.clone()]).await;
    assert_eq!(record(world, &job).await, Some(job.clone()));
    world.run_one(bury()).await;
    assert_eq!(record(world, &job).await, Some(job));
}

pub(crate) async fn is_gone_when_the_job_is_done<U: QueueUnderTest>(world: &mut World<U>) {
    let [done, cancelled] = [world.job("a"), world.job("a")];
    world.push([done.clone(), cancelled.clone()]).await;
    let claim = world.take(1).await.remove(0);
    assert_eq!(claim.job, done);
    world.settle(claim, complete()).await;
    let cancel = Cancel { id: cancelled.id, job_type: cancelled.job_type.clone(), at: world.now() };
    assert!(world.queue.cancel(cancel).await.unwrap());
    for job in [done, cancelled] {
        assert!(world.view(&job).await.is_some());
        assert_eq!(record(world, &job).await, None);
    }
    let never = world.job("a");
    assert_eq!(record(world, &never).await, None);
}

pub(crate) async fn of_neighbours_stays_when_they_are_done<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 200);
    world.push(jobs.clone()).await;
    let claims = world.take(199).await;
    assert_eq!(claims.len(), 199);
    world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    let mut left = 0;
    for job in &jobs {
        let found = record(world, job).await;
        left += usize::from(found.is_some());
        assert!(found.is_none_or(|found| found == *job));
    }
    assert_eq!(left, 1, "the one that was not taken");
}

pub(crate) async fn survives_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = in_every_state(world).await;
    world.restart().await;
    for job in jobs {
        assert_eq!(record(world, &job).await, Some(job));
    }
}

pub(crate) async fn comes_back_from_the_log_after_a_wipe<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = in_every_state(world).await;
    world.wipe().await;
    for job in &jobs {
        assert_eq!(record(world, job).await, None);
    }
    world.replay(&Progress::default()).await;
    for job in jobs {
        assert_eq!(record(world, &job).await, Some(job));
    }
}
