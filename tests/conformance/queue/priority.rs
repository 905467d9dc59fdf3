//! Priorities inside a type.

use std::time::Duration;

use wasmill_job::{Job, JobId, Priority, Verdict};

use super::QueueUnderTest;
use super::world::{LEASE, World, ids, ids_of, retry};

/// Pushes two jobs of each priority, the ones that go last first; returns their ids in the order they should go.
async fn push_mixed<U: QueueUnderTest>(world: &mut World<U>) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for priority in [Priority::Low, Priority::Normal, Priority::Urgent, Priority::High] {
        jobs.extend(world.jobs("a", 2).into_iter().map(|job| Job { priority, ..job }));
    }
    world.push(jobs.clone()).await;
    jobs.sort_by_key(|job| std::cmp::Reverse(job.priority));
    ids(&jobs)
}

pub(crate) async fn goes_before_age<U: QueueUnderTest>(world: &mut World<U>) {
    let order = push_mixed(world).await;
    let first = world.take(3).await;
    assert_eq!(ids_of(&first), order[..3]);
    assert_eq!(first[0].job.priority, Priority::Urgent);
    let late = Job { priority: Priority::Urgent, ..world.job("a") };
    world.enqueue([late.clone()]).await;
    let rest = world.take(10).await;
    let expected: Vec<JobId> = [late.id].into_iter().chain(order[3..].iter().copied()).collect();
    assert_eq!(ids_of(&rest), expected);
}

pub(crate) async fn is_kept_over_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let order = push_mixed(world).await;
    world.restart().await;
    assert_eq!(ids_of(&world.take(10).await), order);
}

pub(crate) async fn is_kept_when_a_job_comes_back<U: QueueUnderTest>(world: &mut World<U>) {
    let order = push_mixed(world).await;
    let mut claims = world.take(6).await;
    // The last of the high ones is tried again later, and goes to the end of its list; a normal one is released, and
    // goes to the front of its list; the others are lost.
    world.settle(claims.remove(3), retry(Duration::from_secs(1))).await;
    world.settle(claims.remove(4), Verdict::Release).await;
    world.advance(LEASE).await;
    let again = ids_of(&world.take(10).await);
    let places: Vec<usize> =
        again.iter().map(|id| order.iter().position(|known| known == id).unwrap() / 2).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(again[2..4], [order[2], order[3]], "what was lost goes to the front of its priority");
    assert_eq!(again.len(), 8);
}
