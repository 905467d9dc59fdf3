//! Push: the offset protocol.

use bytes::Bytes;
use wasmill_job::{Job, Offset, Partition, Progress, TopicPartition};
use wasmill_queue::{Entry, Push, Pushed, Queue, QueueError, State};

use super::QueueUnderTest;
use super::world::{World, entry, ids, ids_of, lane, progress};

pub(crate) async fn makes_jobs_pending_in_order<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 700);
    assert_eq!(world.push(jobs[..500].to_vec()).await, []);
    assert_eq!(world.push(jobs[500..].to_vec()).await, []);
    assert_eq!(world.state(&jobs[0]).await, Some(State::Pending));
    let claims = world.take(1_000).await;
    assert_eq!(ids_of(&claims), ids(&jobs));
    assert_eq!(claims[350].job, jobs[350]);
    assert_eq!(
        world.settle_all(claims.into_iter().map(|claim| (claim, super::world::complete()))).await.len(),
        700
    );
}

pub(crate) async fn is_applied_only_at_the_wanted_offset<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.push(jobs).await;
    for (from, to) in [(0, 4), (3, 4), (0, 0), (2, 2)] {
        let pushed = world.try_push(&lane(), Offset(from), Offset(to)).await;
        assert_eq!(pushed, Pushed::Wants(Offset(4)), "at {from}");
    }
    let ahead = Push { lane: lane(), from: Offset(9), to: Offset(10), passed: None, entries: Vec::new() };
    assert_eq!(world.queue.push(ahead).await.unwrap(), Pushed::Wants(Offset(4)));
    assert_eq!(world.counts("a").await.pending, 4);
}

pub(crate) async fn of_a_zombie_changes_nothing<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    let zombie = world.handle();
    world.push(jobs.clone()).await;
    let entries = vec![entry(Offset(0), world.job("a"))];
    let push = Push { lane: lane(), from: Offset(0), to: Offset(1), passed: None, entries };
    assert_eq!(zombie.push(push).await.unwrap(), Pushed::Wants(Offset(2)));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn to_an_unknown_partition_is_refused<U: QueueUnderTest>(world: &mut World<U>) {
    let other = TopicPartition::new(lane().topic, Partition(9));
    for (from, to) in [(0, 0), (0, 1)] {
        let push = Push {
            lane: other.clone(),
            from: Offset(from),
            to: Offset(to),
            passed: None,
            entries: Vec::new(),
        };
        assert_eq!(world.queue.push(push).await.unwrap(), Pushed::Unknown);
    }
}

pub(crate) async fn tells_what_is_wanted_whatever_is_guessed<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.push(jobs).await;
    for guess in [0, 4, 9] {
        assert_eq!(world.queue.wanted(&lane(), Offset(guess)).await.unwrap(), Some(Offset(4)), "{guess}");
    }
    let other = TopicPartition::new(lane().topic, Partition(9));
    assert_eq!(world.queue.wanted(&other, Offset(0)).await.unwrap(), None);
    assert_eq!(world.counts("a").await.pending, 4);
}

pub(crate) async fn of_nothing_only_asks<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let empty = Push { lane: lane(), from: Offset(2), to: Offset(2), passed: None, entries: Vec::new() };
    assert_eq!(world.queue.push(empty).await.unwrap(), Pushed::whole());
    assert_eq!(world.counts("a").await.pending, 2);
}

pub(crate) async fn settles_offsets_without_entries<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    let records = [None, Some(job), None, None];
    world.push_records(&lane(), records.map(|job| move |offset| job.map(|job| entry(offset, job)))).await;
    assert_eq!(world.progress().await, progress(1, &[(2, 4)]));
    let gap = Push { lane: lane(), from: Offset(4), to: Offset(40), passed: None, entries: Vec::new() };
    world.queue.push(gap).await.unwrap();
    assert_eq!(world.progress().await, progress(1, &[(2, 40)]));
}

pub(crate) async fn that_contradicts_itself_is_refused_whole<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    let at = |offset: u64, job: &Job| entry(Offset(offset), job.clone());
    let bad: [(u64, u64, Vec<Entry>); 4] = [
        (0, 2, vec![at(1, &jobs[0]), at(0, &jobs[1])]),
        (0, 2, vec![at(1, &jobs[0]), at(1, &jobs[1])]),
        (0, 2, vec![at(0, &jobs[0]), at(2, &jobs[1])]),
        (0, 0, vec![at(0, &jobs[0])]),
    ];
    for (from, to, entries) in bad {
        let push = Push { lane: lane(), from: Offset(from), to: Offset(to), passed: None, entries };
        assert!(matches!(world.queue.push(push).await, Err(QueueError::Malformed { .. })));
    }
    assert_eq!(world.counts("a").await.pending, 0);
    assert_eq!(world.push(jobs).await, []);
}

pub(crate) async fn keeps_partitions_apart<U: QueueUnderTest>(world: &mut World<U>) {
    let other = TopicPartition::new(lane().topic, Partition(9));
    assert_eq!(world.queue.resume(&other, &Progress::default()).await.unwrap(), Offset(0));
    let (one, two) = (world.jobs("a", 3), world.jobs("a", 2));
    world.push(one).await;
    world.push_records(&other, two.into_iter().map(|job| move |offset| Some(entry(offset, job)))).await;
    assert_eq!(world.take(10).await.len(), 5);
    let at_two =
        Push { lane: other.clone(), from: Offset(2), to: Offset(2), passed: None, entries: Vec::new() };
    assert_eq!(world.queue.push(at_two).await.unwrap(), Pushed::whole());
    assert_eq!(world.queue.progress(&other).await.unwrap(), Progress::default());
}

pub(crate) async fn carries_payloads_of_all_sizes_untouched<U: QueueUnderTest>(world: &mut World<U>) {
    let sizes = [0, 1, 200, 8 << 10, 16 << 10, (16 << 10) + 1, 100_000, 1 << 20];
    let mut jobs = Vec::new();
    for size in sizes {
        let payload: Vec<u8> = (0..size).map(|at: usize| (at * 31 % 251) as u8).collect();
        jobs.push(Job { payload: Bytes::from(payload), ..world.job("a") });
    }
    world.push(jobs.clone()).await;
    world.restart().await;
    assert_eq!(world.complete_all().await, jobs);
}
