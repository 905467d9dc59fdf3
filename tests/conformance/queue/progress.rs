//! Floor and settled ranges.

use wasmill_job::{Offset, Partition, Progress, TopicPartition};
use wasmill_queue::Queue;

use super::QueueUnderTest;
use super::world::{World, complete, lane, progress};

pub(crate) async fn has_a_floor_below_the_oldest_live_job<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 6);
    world.push(jobs).await;
    assert_eq!(world.progress().await, progress(0, &[]));
    let claims = world.take(4).await;
    world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    assert_eq!(world.progress().await, progress(4, &[]));
    world.complete_all().await;
    assert_eq!(world.progress().await, progress(6, &[]));
}

pub(crate) async fn has_ranges_above_the_floor<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 8);
    world.push(jobs).await;
    let mut claims: Vec<_> = world.take(8).await.into_iter().map(Some).collect();
    for index in [1, 2, 5] {
        world.settle(claims[index].take().unwrap(), complete()).await;
    }
    assert_eq!(world.progress().await, progress(0, &[(1, 3), (5, 6)]));
    world.restart().await;
    assert_eq!(world.progress().await, progress(0, &[(1, 3), (5, 6)]), "also after a restart");
    let held = claims[0].take().unwrap();
    let first = if U::CLAIMS_SURVIVE { held } else { world.take(1).await.remove(0) };
    world.settle(first, complete()).await;
    assert_eq!(world.progress().await, progress(3, &[(5, 6)]));
}

pub(crate) async fn of_an_unknown_partition_is_nothing<U: QueueUnderTest>(world: &mut World<U>) {
    let other = TopicPartition::new(lane().topic, Partition(77));
    assert_eq!(world.queue.progress(&other).await.unwrap(), Progress::default());
}

pub(crate) async fn never_passes_what_is_wanted<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 6);
    world.push(jobs).await;
    world.wipe().await;
    assert_eq!(world.resume(&progress(0, &[(2, 4)])).await, Offset(0));
    world.push_from(&lane(), Offset(0), Offset(2)).await;
    assert_eq!(world.complete_all().await.len(), 2);
    let told = world.progress().await;
    assert!(told.floor <= Offset(2), "the log must keep what is still to be pushed: {told:?}");
    assert!((0..4).all(|offset| told.is_settled(Offset(offset))));
    world.push_from(&lane(), Offset(2), Offset(6)).await;
    assert_eq!(world.complete_all().await.len(), 2);
    assert_eq!(world.progress().await, progress(6, &[]));
}
