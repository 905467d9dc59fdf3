//! The books of a mill of several processes: closed once it has drained, with every repeat explained by a cause, and the queue's own
//! proof that each job is in one place.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use wasmill_tests::{DEADLINE, Watched, until_none_is_left};

use crate::books::{Verdict, check_with_losses};
use crate::load::{Load, Told};

pub(crate) const JOB_TYPE: &str = "fault.noop";
pub(crate) const CLIENTS: u64 = 4;
/// Crashes and lost leases use up attempts; nothing may die of them.
pub(crate) const PATIENT: &str = "retry = { attempts = 1000 }";
/// A world heals within leases and retries; a busy machine takes its time.
pub(crate) const DRAINED: Duration = Duration::from_secs(300);

/// Closes the books of a world that lost nothing it acknowledged.
pub(crate) async fn close(world: &impl Watched, told: &Told) -> Verdict {
    close_with_losses(world, told, |_| false).await
}

/// The same, where `others` ran beside the load, and have books of their own.
pub(crate) async fn close_beside(world: &impl Watched, told: &Told, others: &HashSet<String>) -> Verdict {
    close_counting(world, told, others, |_| false).await
}

/// The same, where a named cause may have lost some.
pub(crate) async fn close_with_losses(
    world: &impl Watched,
    told: &Told,
    excused: impl Fn(&str) -> bool,
) -> Verdict {
    close_counting(world, told, &HashSet::new(), excused).await
}

async fn close_counting(
    world: &impl Watched,
    told: &Told,
    others: &HashSet<String>,
    excused: impl Fn(&str) -> bool,
) -> Verdict {
    world.drained(DRAINED).await;
    let mut executions = world.executions();
    for process in &mut executions {
        process.started.retain(|id, _| !others.contains(id));
    }
    let mut verdict = check_with_losses(world, &executions, told, JOB_TYPE, excused).await;
    if let Err(wrong) = world.check_queue() {
        verdict.broken.push(format!("`wasmill queue check` found: {wrong}"));
    }
    verdict
}

/// Without another cause, a job runs again only because the lease of a claim on it ran out, and each of these is counted.
pub(crate) async fn repeats_are_lost_leases(world: &impl Watched, verdict: &mut Verdict) {
    let lost = world.counts(JOB_TYPE).await["lost"].as_u64().unwrap_or_default();
    if verdict.duplicated > lost {
        let sentence = format!("{} executions too many, and only {lost} lost leases", verdict.duplicated);
        verdict.broken.push(sentence);
    }
}

/// A fault that takes back what the queue knew explains repeats of jobs that were in flight then, or had ended in the time that it
/// may have taken back. Everything else that ran again is a broken promise.
pub(crate) fn repeats_are_near(
    world: &impl Watched,
    faults: &[RangeInclusive<SystemTime>],
    verdict: &mut Verdict,
) {
    let mut jobs = HashMap::<String, (u32, Option<SystemTime>)>::new();
    for process in world.executions() {
        for (id, count) in process.started {
            let ended = process.first_done.get(&id).copied();
            let job = jobs.entry(id).or_default();
            job.0 += count;
            job.1 = job.1.into_iter().chain(ended).min();
        }
    }
    let near = |ended: SystemTime| faults.iter().any(|fault| fault.contains(&ended));
    // One that never ended before it ran again was in flight, and is explained.
    let far =
        |(count, ended): (u32, Option<SystemTime>)| count > 1 && ended.is_some_and(|ended| !near(ended));
    let unexplained: Vec<_> = jobs.iter().filter(|(_, job)| far(**job)).collect();
    if let Some((id, _)) = unexplained.first() {
        let count = unexplained.len();
        verdict.broken.push(format!(
            "{count} jobs ran again that had ended long before or after a fault, such as {id}"
        ));
    }
}

/// What a fault that happened just now may have taken back: the seconds before it, and as many after it.
pub(crate) fn around_now(seconds: Duration) -> RangeInclusive<SystemTime> {
    now() - seconds..=now() + seconds
}

/// When a fault happens.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the times that the processes tell, by the same clock"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Waits until so many are acknowledged.
pub(crate) async fn acknowledged(load: &Load, jobs: usize) {
    until_none_is_left("enough jobs are acknowledged", DEADLINE, || {
        std::future::ready(Some(jobs.saturating_sub(load.acknowledged()) as u64))
    })
    .await;
}
