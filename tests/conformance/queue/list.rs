//! Lists: pages of jobs in one state.

use std::collections::BTreeSet;
use std::time::Duration;

use wasmill_job::{Cancel, Job, JobId};
use wasmill_queue::{JobView, ListQuery, Queue, QueueError, State};

use super::QueueUnderTest;
use super::world::{World, bury, complete, ids, name, retry};

/// All pages of a list, of `max` jobs each.
async fn list<U: QueueUnderTest>(
    world: &World<U>,
    state: State,
    job_type: Option<&str>,
    max: usize,
) -> Vec<JobView> {
    let mut query = ListQuery { state, job_type: job_type.map(name), after: None, max };
    let mut seen = Vec::new();
    loop {
        let page = world.queue.list(query.clone()).await.unwrap();
        assert!(page.jobs.len() <= max);
        assert!(page.jobs.iter().all(|job| job.state == state && job.last.is_none()));
        seen.extend(page.jobs);
        query.after = page.next;
        if query.after.is_none() {
            return seen;
        }
    }
}

/// Each once, in whatever order.
fn assert_are(seen: &[JobView], jobs: &[Job]) {
    let known: BTreeSet<JobId> = seen.iter().map(|job| job.id).collect();
    assert_eq!(known.len(), seen.len(), "none comes twice");
    assert_eq!(known, ids(jobs).into_iter().collect());
}

pub(crate) async fn pages_through_every_live_state<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 9);
    world.push(jobs.clone()).await;
    let more = world.push_to(1, "b", 4).await;
    let mut claims = world.take_as(1, 7, &[("a", None)]).await;
    assert_eq!(claims.len(), 7);
    let later = claims.split_off(4).into_iter().map(|claim| (claim, retry(Duration::from_secs(60))));
    world.settle_all(later.collect::<Vec<_>>()).await;
    for max in [1, 2, 3, 100] {
        let pending: Vec<Job> = jobs[7..].iter().chain(&more).cloned().collect();
        assert_are(&list(world, State::Pending, None, max).await, &pending);
        assert_are(&list(world, State::InFlight, None, max).await, &jobs[..4]);
        assert_are(&list(world, State::Scheduled, None, max).await, &jobs[4..7]);
    }
    let view = list(world, State::Scheduled, None, 1).await.remove(0);
    let expected = world.queue.job(view.id).await.unwrap().unwrap();
    assert_eq!(view, JobView { last: None, ..expected });
}

pub(crate) async fn pages_through_what_is_done<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 7);
    world.push(jobs[..5].to_vec()).await;
    world.complete_all().await;
    world.push(jobs[5..].to_vec()).await;
    for job in &jobs[5..] {
        let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: world.now() };
        assert!(world.queue.cancel(cancel).await.unwrap());
    }
    world.restart().await;
    for max in [1, 2, 100] {
        assert_are(&list(world, State::Completed, None, max).await, &jobs[..5]);
        assert_are(&list(world, State::Cancelled, None, max).await, &jobs[5..]);
    }
    let view = list(world, State::Completed, None, 1).await.remove(0);
    assert_eq!(view.ended_at, Some(world.now()));
    world.advance(super::world::KEEP).await;
    assert!(list(world, State::Completed, None, 100).await.is_empty(), "past their time");
}

pub(crate) async fn keeps_to_a_type<U: QueueUnderTest>(world: &mut World<U>) {
    let (a, b) = (world.jobs("a", 6), world.jobs("b", 6));
    world.push(a.iter().zip(&b).flat_map(|(a, b)| [a.clone(), b.clone()]).collect::<Vec<_>>()).await;
    // Fair: as many of each.
    let claims = world.take(8).await;
    let verdicts = [complete(), complete(), retry(Duration::from_secs(9)), retry(Duration::from_secs(9))];
    world.settle_all(claims.into_iter().zip(verdicts)).await;
    for (job_type, jobs) in [("a", &a), ("b", &b)] {
        assert_are(&list(world, State::Completed, Some(job_type), 1).await, &jobs[..1]);
        assert_are(&list(world, State::Scheduled, Some(job_type), 1).await, &jobs[1..2]);
        assert_are(&list(world, State::InFlight, Some(job_type), 1).await, &jobs[2..4]);
        assert_are(&list(world, State::Pending, Some(job_type), 1).await, &jobs[4..]);
    }
    for state in [State::Pending, State::Scheduled, State::InFlight, State::Completed, State::Cancelled] {
        assert!(list(world, state, Some("unheard-of"), 10).await.is_empty());
    }
}

pub(crate) async fn shows_jobs_that_stay_once_while_others_move<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 40);
    world.push(jobs.clone()).await;
    let mut query = ListQuery { state: State::Pending, job_type: Some(name("a")), after: None, max: 3 };
    let mut seen = Vec::new();
    loop {
        let page = world.queue.list(query.clone()).await.unwrap();
        seen.extend(page.jobs.iter().map(|job| job.id));
        let Some(next) = page.next else { break };
        query.after = Some(next);
        let gone = world.take(2).await;
        world.settle_all(gone.into_iter().map(|claim| (claim, complete()))).await;
        let new = world.job("a");
        world.push([new]).await;
    }
    let stayed = list(world, State::Pending, None, 100).await;
    for job in jobs.iter().filter(|job| stayed.iter().any(|view| view.id == job.id)) {
        assert_eq!(seen.iter().filter(|id| **id == job.id).count(), 1, "{}", job.id);
    }
}

pub(crate) async fn shows_a_job_in_its_newest_run_only<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.keyed("a", "again");
    world.push([job.clone()]).await;
    world.run_one(complete()).await;
    world.advance(super::world::WINDOW).await;
    world.push([job.clone()]).await;
    assert!(list(world, State::Completed, None, 10).await.is_empty());
    assert_are(&list(world, State::Pending, None, 10).await, std::slice::from_ref(&job));
    world.run_one(bury()).await;
    assert!(list(world, State::Completed, None, 10).await.is_empty());
}

pub(crate) async fn refuses_what_it_does_not_list<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs).await;
    let query = ListQuery { state: State::Pending, job_type: None, after: None, max: 10 };
    let dead = ListQuery { state: State::Dead, ..query.clone() };
    assert!(matches!(world.queue.list(dead).await, Err(QueueError::Malformed { .. })));
    let astray = ListQuery { after: Some("no cursor at all".into()), ..query };
    assert!(matches!(world.queue.list(astray).await, Err(QueueError::Malformed { .. })));
}
