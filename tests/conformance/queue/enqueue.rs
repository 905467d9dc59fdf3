//! Enqueue: jobs that stand in no log.

use std::time::Duration;

use wasmill_job::{Attempt, Cancel, Job, Offset};
use wasmill_queue::{Admission, DeadQuery, Queue, State};

use super::QueueUnderTest;
use super::world::{WINDOW, World, bury, complete, ids, progress, retry};

pub(crate) async fn answers_each_in_order<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    assert_eq!(world.enqueue([]).await, []);
    assert_eq!(world.enqueue([jobs[0].clone()]).await, [Admission::Accepted]);
    let again = [jobs[1].clone(), jobs[0].clone(), jobs[2].clone(), jobs[2].clone()];
    let expected = [Admission::Accepted, Admission::Duplicate, Admission::Accepted, Admission::Duplicate];
    assert_eq!(world.enqueue(again).await, expected);
    let counts = world.counts("a").await;
    assert_eq!((counts.pending, counts.accepted, counts.duplicates), (3, 3, 2));
    assert_eq!(ids(&world.complete_all().await), ids(&jobs));
}

pub(crate) async fn is_stored_and_runs_like_any_other<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.enqueue(jobs.clone()).await;
    world.restart().await;
    assert_eq!(world.state(&jobs[0]).await, Some(State::Pending));
    let claims = world.take(2).await;
    assert_eq!(claims[0].job, jobs[0]);
    world.settle_all(claims.into_iter().zip([complete(), retry(Duration::from_secs(5))])).await;
    assert_eq!(world.state(&jobs[0]).await, Some(State::Completed));
    world.restart().await;
    let view = world.view(&jobs[1]).await.unwrap();
    assert_eq!((view.state, view.attempts), (State::Scheduled, Attempt(1)));
    world.advance(Duration::from_secs(5)).await;
    assert_eq!(ids(&world.complete_all().await), ids([&jobs[2], &jobs[1]]));
}

pub(crate) async fn keeps_no_partition_waiting<U: QueueUnderTest>(world: &mut World<U>) {
    let (enqueued, pushed) = (world.jobs("a", 2), world.jobs("b", 3));
    world.enqueue(enqueued.clone()).await;
    world.push(pushed.clone()).await;
    assert_eq!(world.enqueue([pushed[0].clone()]).await, [Admission::Duplicate]);
    assert_eq!(world.push([enqueued[0].clone()]).await.len(), 1);
    let claims = world.take_as(1, 10, &[("b", None)]).await;
    world.settle_all(claims.into_iter().map(|claim| (claim, complete()))).await;
    let waits_for = if U::GIVES_PLACES { 3 } else { 4 };
    assert_eq!(world.progress().await, progress(waits_for, &[]), "only for what has got a place in it");
    assert_eq!(world.complete_all().await.len(), 2);
    assert_eq!(world.progress().await, progress(4, &[]));
}

pub(crate) async fn drops_a_keyed_job_that_is_done_within_its_window<U: QueueUnderTest>(
    world: &mut World<U>,
) {
    let job = world.keyed("a", "once");
    world.enqueue([job.clone()]).await;
    world.run_one(complete()).await;
    world.advance(WINDOW - Duration::from_millis(1)).await;
    assert_eq!(world.enqueue([job.clone()]).await, [Admission::Duplicate]);
    world.advance(Duration::from_millis(1)).await;
    assert_eq!(world.enqueue([job]).await, [Admission::Accepted]);
    assert_eq!(world.complete_all().await.len(), 1);
}

pub(crate) async fn owes_nobody_a_dead_letter<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.enqueue([job.clone()]).await;
    world.run_one(bury()).await;
    assert!(world.queue.owed(10).await.unwrap().is_empty());
    world.restart().await;
    assert!(world.queue.owed(10).await.unwrap().is_empty());
    assert_eq!(world.state(&job).await, Some(State::Dead));
    let query = DeadQuery { max: 10, ..DeadQuery::default() };
    let letters = world.queue.dead(query).await.unwrap().letters;
    assert_eq!((letters.len(), letters[0].job.as_ref(), letters[0].attempts), (1, Some(&job), Attempt(1)));
}

pub(crate) async fn brings_a_dead_job_back<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.enqueue([job.clone()]).await;
    world.run_one(bury()).await;
    assert_eq!(world.enqueue([job.clone()]).await, [Admission::Duplicate]);
    let again = Job { redrives: 1, ..job.clone() };
    assert_eq!(world.enqueue([again.clone()]).await, [Admission::Accepted]);
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.attempts), (State::Pending, Attempt(0)));
    assert_eq!(world.counts("a").await.dead, 0);
    assert_eq!(world.complete_all().await, std::slice::from_ref(&again));
    assert_eq!(world.enqueue([again]).await, [Admission::Duplicate]);
}

pub(crate) async fn does_not_bring_back_what_the_log_is_owed<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(bury()).await;
    let again = Job { redrives: 1, ..job.clone() };
    assert_eq!(
        world.enqueue([again.clone()]).await,
        [Admission::Duplicate],
        "the log does not have the letter"
    );
    assert_eq!(world.progress().await, progress(0, &[]));
    let debt = world.queue.owed(10).await.unwrap()[0].id;
    world.queue.paid(vec![debt]).await.unwrap();
    assert_eq!(world.enqueue([again]).await, [Admission::Accepted]);
    assert_eq!(world.progress().await.floor, Offset(1));
}

pub(crate) async fn can_be_cancelled<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "once");
    world.enqueue([job.clone()]).await;
    let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: world.now() };
    assert!(world.queue.cancel(cancel).await.unwrap());
    assert_eq!(world.state(&job).await, Some(State::Cancelled));
    assert_eq!(world.enqueue([job]).await, [Admission::Duplicate]);
    assert!(world.take(1).await.is_empty());
}
