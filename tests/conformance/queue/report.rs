//! What workers tell of themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use wasmill_job::{Attempt, Revision, UnixMs};
use wasmill_queue::{Ended, Histogram, Latencies, Queue, Running, WorkerId, WorkerReport};

use super::QueueUnderTest;
use super::world::World;

const KEEP: Duration = Duration::from_secs(10);

fn report<U: QueueUnderTest>(world: &mut World<U>, worker: u64, held: u32) -> WorkerReport {
    let job = world.jobs("a", 1).remove(0);
    let mut times = Histogram::default();
    [3, 900, 70_000].into_iter().for_each(|time| times.record(time));
    let latencies = Latencies { wait_us: times.clone(), run_us: times };
    WorkerReport {
        worker: WorkerId(worker),
        host: "mill-7".into(),
        pid: 4_711,
        version: "1.2.3".into(),
        started_at: UnixMs(1_000),
        told_at: world.now(),
        revision: Revision(9),
        slots: 8,
        held,
        is_draining: false,
        running: vec![Running {
            id: job.id,
            job_type: job.job_type.clone(),
            module: "hello@1.0.0".parse().unwrap(),
            attempt: Attempt(2),
            since: UnixMs(2_000),
        }],
        running_more: 3,
        latencies: BTreeMap::from([(job.job_type.clone(), latencies)]),
        ended: vec![Ended {
            number: 17,
            at: UnixMs(3_000),
            id: job.id,
            job_type: job.job_type,
            attempt: Attempt(1),
            module: None,
            result: "lost".into(),
            run_us: 12,
        }],
    }
}

async fn told<U: QueueUnderTest>(world: &World<U>) -> Vec<WorkerReport> {
    let mut reports = world.queue.reports().await.unwrap();
    reports.sort_by_key(|report| report.worker);
    reports
}

pub(crate) async fn is_shown_until_its_time_is_over<U: QueueUnderTest>(world: &mut World<U>) {
    assert_eq!(told(world).await, []);
    let (one, other) = (report(world, 1, 5), report(world, u64::MAX, 0));
    world.queue.report(one.clone(), KEEP).await.unwrap();
    world.queue.report(other.clone(), KEEP * 2).await.unwrap();
    assert_eq!(told(world).await, [one, other.clone()]);
    world.advance(KEEP).await;
    assert_eq!(told(world).await, [other]);
    world.advance(KEEP).await;
    assert_eq!(told(world).await, []);
}

pub(crate) async fn replaces_what_the_same_worker_told<U: QueueUnderTest>(world: &mut World<U>) {
    let (before, after) = (report(world, 1, 5), report(world, 1, 6));
    world.queue.report(before, KEEP).await.unwrap();
    world.advance(KEEP / 2).await;
    world.queue.report(after.clone(), KEEP).await.unwrap();
    world.advance(KEEP / 2).await;
    assert_eq!(told(world).await, [after]);
}

pub(crate) async fn is_no_job_and_outlives_none<U: QueueUnderTest>(world: &mut World<U>) {
    let one = report(world, 1, 5);
    world.queue.report(one, KEEP).await.unwrap();
    assert!(world.queue.counts().await.unwrap().is_empty());
    world.check().await;
    world.wipe().await;
    assert_eq!(told(world).await, []);
}
