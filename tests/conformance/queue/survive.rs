//! The end of a process, and the loss of everything.

use std::collections::BTreeSet;
use std::time::Duration;

use wasmill_job::{Attempt, Offset};
use wasmill_queue::{Answer, Pushed, Queue, State};

use super::QueueUnderTest;
use super::world::{LEASE, World, bury, complete, ids, lane, progress, retry};

pub(crate) async fn a_restart_keeps_everything_but_claims<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 200);
    world.push(jobs.clone()).await;
    let claims = world.take(4).await;
    world.settle_all(claims.into_iter().zip([complete(), retry(Duration::from_secs(9)), bury()])).await;
    world.restart().await;
    world.check().await;
    assert_eq!(world.state(&jobs[0]).await, Some(State::Completed));
    assert_eq!(world.state(&jobs[1]).await, Some(State::Scheduled));
    assert_eq!(world.state(&jobs[2]).await, Some(State::Dead));
    assert_eq!(world.resume(&progress(0, &[])).await, Offset(200));
    world.advance(LEASE).await;
    let done: BTreeSet<_> = ids(&world.complete_all().await).into_iter().collect();
    assert_eq!(done, ids(jobs.iter().skip(3).chain([&jobs[1]])).into_iter().collect());
}

pub(crate) async fn a_claim_outlives_the_process_or_is_void<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    world.restart().await;
    let name = claim.reference();
    let lost = world.queue.renew(vec![name], LEASE).await.unwrap();
    if U::CLAIMS_SURVIVE {
        assert_eq!(lost, []);
        assert!(world.take(1).await.is_empty());
        assert_eq!(world.settle(claim, complete()).await, Answer::Settled);
    } else {
        assert_eq!(lost, [name]);
        assert_eq!(world.settle(claim, complete()).await, Answer::Lost);
        assert_eq!(world.state(&job).await, Some(State::Pending));
        assert_eq!(world.complete_all().await.len(), 1);
    }
    assert_eq!(world.state(&job).await, Some(State::Completed));
}

pub(crate) async fn a_restart_counts_the_attempt<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    for attempt in 1..4 {
        assert_eq!(
            world.take(1).await[0].attempt,
            Attempt(attempt),
            "a job that kills its process must not loop"
        );
        world.restart().await;
        world.advance(LEASE).await;
    }
    assert_eq!(world.view(&job).await.unwrap().attempts, Attempt(3));
}

pub(crate) async fn a_crash_loses_whole_operations<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3_000);
    for piece in jobs.chunks(300) {
        world.push(piece.to_vec()).await;
        let claims = world.take(200).await;
        world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    }
    let done: BTreeSet<_> = (0..2_000).map(|index: usize| jobs[index].id).collect();
    world.crash().await;
    world.check().await;
    world.replay(&progress(0, &[])).await;
    world.advance(LEASE).await;
    let again: BTreeSet<_> = ids(&world.complete_all().await).into_iter().collect();
    let all: BTreeSet<_> = ids(&jobs).into_iter().collect();
    assert_eq!(&again | &done, all, "whatever was lost is replayed, or was done before");
    assert_eq!(world.progress().await, progress(3_000, &[]));
}

pub(crate) async fn a_wipe_replays_only_what_was_not_settled<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 10);
    world.push(jobs.clone()).await;
    let claims = world.take(6).await;
    world.settle_all(claims.into_iter().zip([complete(), complete(), bury(), complete(), complete()])).await;
    let before = world.progress().await;
    world.wipe().await;
    assert_eq!(world.try_push(&lane(), Offset(10), Offset(10)).await, Pushed::Unknown, "a wipe is noticed");
    world.replay(&before).await;
    let again = ids(&world.complete_all().await);
    assert_eq!(
        again,
        ids([&jobs[2]].into_iter().chain(&jobs[5..])),
        "the owed one too: the log does not have its letter"
    );
}

pub(crate) async fn a_claim_of_an_earlier_life_is_void<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let stale = world.take(1).await.remove(0);
    world.wipe().await;
    world.replay(&progress(0, &[])).await;
    let current = world.take(1).await.remove(0);
    assert_eq!(world.settle(stale, complete()).await, Answer::Lost, "the same job, taken by the same worker");
    assert_eq!(world.settle(current, complete()).await, Answer::Settled);
    assert_eq!(world.state(&job).await, Some(State::Completed));
}
