//! Resume: where a partition goes on, after a wipe, after a rollback.

use wasmill_job::Offset;
use wasmill_queue::{Answer, Pushed, State};

use super::QueueUnderTest;
use super::world::{World, complete, ids, lane, progress};

pub(crate) async fn of_a_new_partition_begins_at_the_floor<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 9);
    world.push(jobs.clone()).await;
    world.wipe().await;
    assert_eq!(world.resume(&progress(6, &[])).await, Offset(6));
    world.push_from(&lane(), Offset(6), Offset(9)).await;
    assert_eq!(ids(&world.complete_all().await), ids(&jobs[6..]));
    assert_eq!(world.progress().await, progress(9, &[]));
}

pub(crate) async fn drops_pushes_that_were_settled_before<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 6);
    world.push(jobs.clone()).await;
    world.wipe().await;
    world.resume(&progress(1, &[(2, 4)])).await;
    world.restart().await;
    assert_eq!(world.resume(&progress(1, &[(2, 4)])).await, Offset(1), "it is remembered");
    let dropped = world.push_from(&lane(), Offset(1), Offset(6)).await;
    assert_eq!(dropped, [lane().at(Offset(2)), lane().at(Offset(3))]);
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[1], &jobs[4], &jobs[5]]));
    assert_eq!(world.progress().await, progress(6, &[]));
}

pub(crate) async fn keeps_the_wanted_offset_of_a_known_partition<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 5);
    world.push(jobs).await;
    assert_eq!(world.resume(&progress(0, &[])).await, Offset(5));
    world.restart().await;
    assert_eq!(world.resume(&progress(0, &[])).await, Offset(5));
    assert_eq!(world.counts("a").await.pending, 5);
}

pub(crate) async fn drops_jobs_that_the_log_knows_to_be_settled<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 6);
    world.push(jobs.clone()).await;
    let claim = world.take(1).await.remove(0);
    assert_eq!(world.resume(&progress(2, &[(4, 5)])).await, Offset(6));
    assert_eq!(world.settle(claim, complete()).await, Answer::Lost);
    assert_eq!(world.state(&jobs[0]).await, None);
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[2], &jobs[3], &jobs[5]]));
    assert_eq!(world.progress().await, progress(6, &[]));
}

pub(crate) async fn moves_up_to_the_floor<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs.clone()).await;
    assert_eq!(world.resume(&progress(8, &[(10, 11)])).await, Offset(8));
    assert_eq!(world.try_push(&lane(), Offset(3), Offset(3)).await, Pushed::Wants(Offset(8)));
    assert_eq!(world.state(&jobs[2]).await, None::<State>);
    assert_eq!(world.progress().await, progress(8, &[(10, 11)]));
}
