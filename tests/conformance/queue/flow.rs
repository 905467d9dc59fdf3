//! Flow: weights, pauses, and which revision is in force.

use std::num::NonZeroU32;

use wasmill_queue::TypeOffer;

use super::QueueUnderTest;
use super::world::{World, of_type, offer, pausing};

fn plain() -> TypeOffer {
    TypeOffer::default()
}

fn weighing(weight: u32) -> TypeOffer {
    TypeOffer { weight: NonZeroU32::new(weight).unwrap(), ..plain() }
}

fn at_once(concurrency: u32) -> TypeOffer {
    TypeOffer { concurrency: Some(concurrency), ..plain() }
}

/// So many jobs of each type.
async fn fill<U: QueueUnderTest>(world: &mut World<U>, count: usize, types: &[&str]) {
    for job_type in types {
        let jobs = world.jobs(job_type, count);
        world.push(jobs).await;
    }
}

pub(crate) async fn is_fair_by_weights<U: QueueUnderTest>(world: &mut World<U>) {
    fill(world, 200, &["a", "b", "c"]).await;
    let weights = offer(1, &[("a", weighing(1)), ("b", weighing(2)), ("c", weighing(4))]);
    let first = world.take_offered(1, 70, &weights).await;
    for (job_type, share) in [("a", 10), ("b", 20), ("c", 40)] {
        let got = of_type(&first, job_type);
        assert!(got.abs_diff(share) <= 2, "{job_type} got {got} of 70, and its share is {share}");
    }
    let mut small = Vec::new();
    for _ in 0..35 {
        small.extend(world.take_offered(2, 2, &weights).await);
    }
    for (job_type, share) in [("a", 10), ("b", 20), ("c", 40)] {
        let got = of_type(&small, job_type);
        assert!(got.abs_diff(share) <= 2, "small takes: {job_type} got {got} of 70, its share is {share}");
    }
}

pub(crate) async fn gives_nothing_of_a_paused_type<U: QueueUnderTest>(world: &mut World<U>) {
    fill(world, 3, &["a", "b"]).await;
    let claims = world.take_offered(1, 10, &pausing(1, &["a"], &[("b", plain())])).await;
    assert_eq!((of_type(&claims, "a"), of_type(&claims, "b")), (0, 3));
    assert_eq!(world.counts("a").await.pending, 3);
}

pub(crate) async fn a_pause_holds_for_workers_of_older_revisions<U: QueueUnderTest>(world: &mut World<U>) {
    fill(world, 3, &["b"]).await;
    assert!(world.take_offered(1, 10, &pausing(5, &["a"], &[])).await.is_empty());
    // The queue has heard of the pause before it has seen a job of the type.
    fill(world, 3, &["a"]).await;
    let claims = world.take_offered(2, 10, &offer(4, &[("a", plain()), ("b", plain())])).await;
    assert_eq!((of_type(&claims, "a"), of_type(&claims, "b")), (0, 3));
    let same = world.take_offered(3, 10, &pausing(5, &["a"], &[("b", plain())])).await;
    assert!(same.is_empty());
}

pub(crate) async fn a_higher_revision_ends_a_pause<U: QueueUnderTest>(world: &mut World<U>) {
    fill(world, 3, &["a"]).await;
    assert!(world.take_offered(1, 10, &pausing(5, &["a"], &[])).await.is_empty());
    assert_eq!(world.take_offered(2, 1, &offer(6, &[("a", plain())])).await.len(), 1);
    assert_eq!(
        world.take_offered(1, 1, &offer(4, &[("a", plain())])).await.len(),
        1,
        "older ones get jobs again"
    );
    assert!(world.take_offered(1, 0, &pausing(5, &["a"], &[])).await.is_empty());
    assert_eq!(world.take_offered(2, 9, &offer(6, &[("a", plain())])).await.len(), 1, "an old pause is over");
}

pub(crate) async fn an_older_revision_changes_no_limits<U: QueueUnderTest>(world: &mut World<U>) {
    // Four at once can be halved, where there are two shards.
    for partition in [0, 1] {
        world.push_to(partition, "a", 10).await;
    }
    let mut taken = Vec::new();
    for (worker, revision, concurrency) in [(1, 5, 4), (2, 4, 8), (2, 4, 8), (1, 5, 4)] {
        taken.extend(world.take_all(worker, &offer(revision, &[("a", at_once(concurrency))])).await);
    }
    assert_eq!(taken.len(), 4);
    taken.extend(world.take_all(1, &offer(6, &[("a", at_once(8))])).await);
    assert_eq!(taken.len(), 8);
}

pub(crate) async fn a_revision_that_is_silent_about_a_type_changes_nothing<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    fill(world, 3, &["a", "b"]).await;
    assert!(world.take_offered(1, 10, &pausing(5, &["a"], &[])).await.is_empty());
    assert_eq!(world.take_offered(1, 1, &offer(7, &[("b", plain())])).await.len(), 1);
    let older = offer(4, &[("a", plain()), ("b", plain())]);
    assert_eq!(of_type(&world.take_offered(2, 10, &older).await, "a"), 0, "revision 5 spoke of it last");
    let newer = offer(6, &[("a", plain())]);
    assert_eq!(of_type(&world.take_offered(2, 10, &newer).await, "a"), 3);
}
