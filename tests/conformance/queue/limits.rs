//! Limits: how many of a type may wait, be in flight, and start in a time.
//!
//! Jobs of two partitions are in two shards, where there are two; each then has half of the limit.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::timeout;
use wasmill_job::{Job, Rate};
use wasmill_queue::{Admission, NewJob, Offer, Pushed, Queue, State, TypeOffer};

use super::QueueUnderTest;
use super::records::{applied, job_at_most, over};
use super::world::{LONG, World, bury, complete, ids_of, lane, new_job, of_type, offer, retry};

pub(crate) async fn respects_concurrency_over_all_workers<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 10).await;
        world.push_to(partition, "b", 10).await;
    }
    let four = TypeOffer { concurrency: Some(4), ..TypeOffer::default() };
    let both = offer(1, &[("a", four), ("b", TypeOffer::default())]);
    let mut first = world.take_offered(1, 7, &both).await;
    let second = world.take_all(2, &both).await;
    first.extend(second);
    assert_eq!((of_type(&first, "a"), of_type(&first, "b")), (4, 20));
    assert!(world.take_all(1, &both).await.is_empty());
    let of_a = first.iter().position(|claim| claim.job.job_type.as_str() == "a").unwrap();
    world.settle(first.swap_remove(of_a), complete()).await;
    assert_eq!(of_type(&world.take_all(2, &both).await, "a"), 1);
    let none = TypeOffer { concurrency: Some(0), ..TypeOffer::default() };
    let closed = offer(2, &[("a", none)]);
    let rest = first.into_iter().map(|claim| (claim, complete())).collect::<Vec<_>>();
    world.settle_all(rest).await;
    assert!(world.take_all(2, &closed).await.is_empty());
}

/// 40 in a second, which is a burst of 4 and one each 25 ms; on two shards two times 20, 2 and 50 ms.
fn forty() -> Offer {
    let jobs = NonZeroU32::new(40).unwrap();
    let rate = Some(Rate { jobs, per: Duration::from_secs(1) });
    offer(1, &[("a", TypeOffer { rate, ..TypeOffer::default() })])
}

pub(crate) async fn keeps_the_rate_over_all_workers<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 100).await;
    }
    assert_eq!(world.take_all(1, &forty()).await.len(), 4);
    assert!(world.take_all(2, &forty()).await.is_empty());
    world.advance(Duration::from_millis(49)).await;
    let early = world.take_all(1, &forty()).await.len();
    assert!(early <= 1, "{early} started in 49 ms");
    world.advance(Duration::from_millis(1)).await;
    assert_eq!(early + world.take_all(2, &forty()).await.len(), 2);
    for _ in 0..10 {
        world.advance(Duration::from_millis(100)).await;
        assert_eq!(world.take_all(1, &forty()).await.len(), 4);
    }
}

pub(crate) async fn saves_up_no_more_than_a_burst<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 10).await;
    }
    let first = world.take_all(1, &forty()).await;
    assert_eq!(first.len(), 4);
    world.settle_all(first.into_iter().map(|claim| (claim, complete()))).await;
    world.advance(Duration::from_secs(100)).await;
    assert_eq!(world.take_all(1, &forty()).await.len(), 4);
}

pub(crate) async fn a_type_held_back_by_its_rate_wakes_by_itself<U: QueueUnderTest>(world: &mut World<U>) {
    for partition in [0, 1] {
        world.push_to(partition, "a", 10).await;
    }
    let queue = world.handle();
    let take = world.request_of(1, 100, forty());
    assert!(!queue.take(take).await.unwrap().is_empty());
    while !queue.take(world.request_of(1, 100, forty())).await.unwrap().is_empty() {}
    let waiting = tokio::spawn(async move {
        queue.ready(LONG).await;
        queue
    });
    world.advance(Duration::from_millis(50)).await;
    // Whatever wakes a sleeper asks the clock, which was turned behind its back.
    world.queue.counts().await.unwrap();
    let queue = timeout(LONG / 2, waiting).await.unwrap().unwrap();
    assert!(!queue.take(world.request_of(1, 100, forty())).await.unwrap().is_empty());
}

/// So many in the job's shard, which has its share of the limit.
fn at_most<U: QueueUnderTest>(most: u64, job: &Job) -> NewJob {
    NewJob { max_pending: Some(most * u64::from(U::SHARDS)), ..new_job(job.clone()) }
}

async fn push_at_most<U: QueueUnderTest>(world: &mut World<U>, most: u64, jobs: &[Job]) -> Pushed {
    let records = jobs.iter().map(|job| job_at_most(most, job)).collect::<Vec<_>>();
    world.try_push_records(&lane(), records).await
}

pub(crate) async fn takes_in_no_more_than_max_pending<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 5), world.jobs("b", 1));
    assert_eq!(push_at_most(world, 3, &a).await, over(&[("a", 3)]));
    assert_eq!(push_at_most(world, 3, &b).await, Pushed::whole(), "its neighbours pass");
    assert_eq!(world.counts("a").await.accepted, 0, "none of it was applied");
    assert_eq!(push_at_most(world, 3, &a[..3]).await, Pushed::whole());
    assert_eq!(push_at_most(world, 3, &a[3..]).await, over(&[("a", 0)]));
    assert_eq!((world.counts("a").await.pending, world.counts("a").await.accepted), (3, 3));
    assert_eq!(world.state(&a[3]).await, None);
    world.complete_all().await;
    assert_eq!(push_at_most(world, 3, &a[3..]).await, Pushed::whole());
    let c = world.jobs("c", 1);
    assert_eq!(push_at_most(world, 0, &c).await, over(&[("c", 0)]));
}

pub(crate) async fn counts_only_what_waits_against_max_pending<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 6);
    assert_eq!(push_at_most(world, 2, &jobs[..2]).await, Pushed::whole());
    let mut claims = world.take(2).await;
    assert_eq!(push_at_most(world, 2, &jobs[2..3]).await, Pushed::whole(), "in flight does not count");
    world.settle(claims.remove(0), retry(Duration::from_secs(60))).await;
    assert_eq!(push_at_most(world, 2, &jobs[3..4]).await, over(&[("a", 0)]), "scheduled does");
    world.restart().await;
    world.advance(Duration::from_secs(59)).await;
    assert_eq!(push_at_most(world, 2, &jobs[3..5]).await, over(&[("a", 0)]));
}

pub(crate) async fn lets_redrives_in_although_a_type_is_full<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    assert_eq!(push_at_most(world, 1, &jobs[..1]).await, Pushed::whole());
    world.run_one(bury()).await;
    assert_eq!(push_at_most(world, 1, &jobs[1..2]).await, Pushed::whole());
    let again = [Job { redrives: 1, ..jobs[0].clone() }, Job { redrives: 2, ..jobs[2].clone() }];
    assert_eq!(push_at_most(world, 1, &again).await, Pushed::whole());
    assert_eq!(world.counts("a").await.pending, 3);
}

pub(crate) async fn judges_duplicates_before_max_pending<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    assert_eq!(push_at_most(world, 1, &jobs[..1]).await, Pushed::whole());
    let both = [jobs[0].clone(), jobs[1].clone()];
    assert_eq!(push_at_most(world, 1, &both).await, over(&[("a", 1)]), "the first is a duplicate");
    assert_eq!(push_at_most(world, 1, &both[..1]).await, applied(&[1]));
}

pub(crate) async fn enqueues_no_more_than_max_pending<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    let new = jobs.iter().chain(&jobs[..1]).map(|job| at_most::<U>(2, job)).collect::<Vec<_>>();
    let expected = [Admission::Accepted, Admission::Accepted, Admission::Over, Admission::Duplicate];
    assert_eq!(world.enqueue_new(new).await, expected);
    assert_eq!(world.state(&jobs[2]).await, None::<State>);
    let claims = world.take(5).await;
    assert_eq!(ids_of(&claims), [jobs[0].id, jobs[1].id]);
    assert_eq!(world.enqueue_new([at_most::<U>(2, &jobs[2])]).await, [Admission::Accepted]);
}
