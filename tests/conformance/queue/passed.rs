//! Passed: the last record that was pushed, by which a partition that was made anew is noticed.

use wasmill_job::{Offset, Passed, Progress, RecordHash};
use wasmill_queue::{Entry, Push, Pushed, Queue};

use super::QueueUnderTest;
use super::records::{job_at_most, over};
use super::world::{World, lane};

fn record(offset: u64) -> Passed {
    Passed { offset: Offset(offset), hash: RecordHash(u64::MAX - offset) }
}

async fn push<U: QueueUnderTest>(world: &World<U>, from: u64, to: u64, passed: Option<Passed>) -> Pushed {
    push_entries(world, from, to, passed, Vec::new()).await
}

async fn push_entries<U: QueueUnderTest>(
    world: &World<U>,
    from: u64,
    to: u64,
    passed: Option<Passed>,
    entries: Vec<Entry>,
) -> Pushed {
    let push = Push { lane: lane(), from: Offset(from), to: Offset(to), passed, entries };
    world.queue.push(push).await.unwrap()
}

async fn passed<U: QueueUnderTest>(world: &World<U>) -> Option<Passed> {
    world.queue.passed(&lane()).await.unwrap()
}

pub(crate) async fn is_what_the_last_push_said<U: QueueUnderTest>(world: &mut World<U>) {
    assert_eq!(passed(world).await, None);
    push(world, 0, 5, Some(record(4))).await;
    assert_eq!(passed(world).await, Some(record(4)));
    push(world, 5, 9, Some(record(7))).await;
    assert_eq!(passed(world).await, Some(record(7)));
    world.restart().await;
    assert_eq!(passed(world).await, Some(record(7)));
}

pub(crate) async fn is_kept_by_pushes_that_do_not_say<U: QueueUnderTest>(world: &mut World<U>) {
    push(world, 0, 5, Some(record(4))).await;
    push(world, 5, 6, None).await;
    assert_eq!(passed(world).await, Some(record(4)));
    assert_eq!(push(world, 6, 6, Some(record(5))).await, Pushed::whole());
    assert_eq!(passed(world).await, Some(record(4)), "an empty push changes nothing");
    world.resume(&Progress::default()).await;
    assert_eq!(passed(world).await, Some(record(4)));
}

pub(crate) async fn is_stored_only_with_the_wanted_offset<U: QueueUnderTest>(world: &mut World<U>) {
    push(world, 0, 5, Some(record(4))).await;
    assert_eq!(push(world, 4, 7, Some(record(6))).await, Pushed::Wants(Offset(5)));
    let job = world.job("a");
    let entries = vec![job_at_most(0, &job)(Offset(5)).unwrap()];
    assert_eq!(push_entries(world, 5, 6, Some(record(5)), entries).await, over(&[("a", 0)]));
    assert_eq!(passed(world).await, Some(record(4)));
}

pub(crate) async fn is_forgotten_with_the_queue<U: QueueUnderTest>(world: &mut World<U>) {
    push(world, 0, 5, Some(record(4))).await;
    world.wipe().await;
    assert_eq!(passed(world).await, None, "of a partition that is unknown");
    world.resume(&Progress::default()).await;
    assert_eq!(passed(world).await, None);
}
