//! Records that come twice.

use std::time::Duration;

use super::QueueUnderTest;
use super::world::{WINDOW, World, complete, ids, lane};

pub(crate) async fn drops_a_job_that_is_alive<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    assert_eq!(world.push([job.clone()]).await, []);
    assert_eq!(world.push([job.clone()]).await, [lane().at(wasmill_job::Offset(1))]);
    let claims = world.take(1).await;
    assert_eq!(world.push([job.clone()]).await.len(), 1, "in flight");
    assert_eq!(world.counts("a").await.duplicates, 2);
    drop(world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await);
    assert_eq!(world.progress().await.floor, wasmill_job::Offset(3));
}

pub(crate) async fn drops_a_keyed_job_that_is_done_within_its_window<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let job = world.keyed("a", "once");
    world.push([job.clone()]).await;
    world.run_one(complete()).await;
    world.advance(WINDOW - Duration::from_millis(1)).await;
    assert_eq!(world.push([job]).await.len(), 1);
    assert!(world.take(1).await.is_empty());
}

pub(crate) async fn drops_a_repeat_within_one_push<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "once");
    assert_eq!(world.push([job.clone(), job.clone(), job.clone()]).await.len(), 2);
    assert_eq!(ids(&world.complete_all().await), [job.id]);
}

pub(crate) async fn takes_a_keyed_job_again_after_its_window<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "once");
    world.push([job.clone()]).await;
    world.run_one(complete()).await;
    world.advance(WINDOW).await;
    assert_eq!(world.push([job.clone()]).await, []);
    assert_eq!(ids(&world.complete_all().await), [job.id]);
}

pub(crate) async fn keeps_marks_over_a_restart<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = [world.keyed("a", "one"), world.keyed("a", "two")];
    world.push(jobs.clone()).await;
    world.complete_all().await;
    world.restart().await;
    assert_eq!(world.push(jobs).await.len(), 2);
}
