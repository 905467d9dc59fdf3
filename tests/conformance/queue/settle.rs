//! Settle: what each verdict does.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Attempt, LogLevel, LogLine, Usage, Verdict};
use wasmill_queue::{Answer, AttemptRecord, Claim, LastAttempt, Queue, Ran, Settlement, State};

use super::QueueUnderTest;
use super::world::{KEEP, LEASE, World, bury, complete, failure, ids_of, record, retry};

fn talkative() -> AttemptRecord {
    let line = LogLine { level: LogLevel::Warn, message: "careful".into(), at_ms: 4 };
    let usage =
        Usage { fuel: 1_000, wall_us: 250, memory_peak_bytes: 65_536, cpu_us: 240, ..Usage::default() };
    let ran = Some(Ran::Module("hello@1.0.0".parse().unwrap()));
    AttemptRecord { logs: vec![line], usage, ran, ..record() }
}

pub(crate) async fn completes_with_output_logs_and_usage<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    let verdict = Verdict::Complete { output: Bytes::from(vec![7; 300_000]) };
    let settlement = claim.settle(verdict, talkative());
    assert_eq!(world.queue.settle(vec![settlement].into()).await.unwrap(), [Answer::Settled]);
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.attempts, &view.job_type), (State::Completed, Attempt(1), &job.job_type));
    assert_eq!((view.accepted_at, view.ended_at, view.due_at), (job.accepted_at, Some(world.now()), None));
    let AttemptRecord { logs, usage, ran, .. } = talkative();
    let output = Some(Bytes::from(vec![7; 300_000]));
    let last = LastAttempt { attempt: None, ended_at: None, output, failure: None, logs, usage, ran };
    assert_eq!(view.last, Some(last));
    world.restart().await;
    assert_eq!(world.view(&job).await.unwrap().last, view.last);
}

pub(crate) async fn applies_once<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let settlements: std::sync::Arc<[_]> =
        vec![world.take(1).await.remove(0).settle(complete(), record())].into();
    assert_eq!(world.queue.settle(settlements.clone()).await.unwrap(), [Answer::Settled]);
    assert_eq!(world.queue.settle(settlements).await.unwrap(), [Answer::Lost]);
    assert_eq!(world.counts("a").await.completed, 1);
}

pub(crate) async fn retries_after_the_pause<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(retry(Duration::from_secs(5))).await;
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.due_at), (State::Scheduled, Some(world.now().plus(Duration::from_secs(5)))));
    world.advance(Duration::from_millis(4_999)).await;
    assert!(world.take(1).await.is_empty());
    world.advance(Duration::from_millis(1)).await;
    world.queue.sweep(10).await.unwrap();
    assert_eq!(world.state(&job).await, Some(State::Pending));
    let again = world.take(1).await;
    assert_eq!(again[0].attempt, Attempt(2));
    assert_eq!(world.counts("a").await.retried, 1);
}

pub(crate) async fn keeps_the_last_failure_while_it_is_tried_again<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    let settlement = claim.settle(retry(Duration::from_secs(5)), talkative());
    world.queue.settle(vec![settlement].into()).await.unwrap();
    let AttemptRecord { logs, usage, ran, .. } = talkative();
    let (attempt, ended_at, failure) = (Some(Attempt(1)), Some(world.now()), Some(failure()));
    let last = Some(LastAttempt { attempt, ended_at, output: None, failure, logs, usage, ran });
    assert_eq!(world.view(&job).await.unwrap().last, last);
    world.restart().await;
    let view = world.view(&job).await.unwrap();
    assert_eq!((view.state, view.attempts, &view.last), (State::Scheduled, Attempt(1), &last));
    world.advance(Duration::from_secs(5)).await;
    let claim = world.take(1).await.remove(0);
    assert_eq!((claim.attempt, world.view(&job).await.unwrap().last), (Attempt(2), last.clone()));
    world.settle(claim, Verdict::Release).await;
    assert_eq!(world.view(&job).await.unwrap().last, last, "a release keeps it");
}

pub(crate) async fn releases_to_the_front_without_counting<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 3);
    world.push(jobs.clone()).await;
    let claim = world.take(1).await.remove(0);
    world.settle(claim, Verdict::Release).await;
    assert_eq!(world.view(&jobs[0]).await.unwrap().attempts, Attempt(0));
    let again = world.take(2).await;
    assert_eq!(ids_of(&again), [jobs[0].id, jobs[1].id]);
    assert_eq!(again[0].attempt, Attempt(1));
    for claim in again {
        world.settle(claim, Verdict::Release).await;
    }
    world.restart().await;
    assert_eq!(world.take(1).await[0].attempt, Attempt(1), "also after a restart");
}

pub(crate) async fn answers_each_in_order<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 4);
    world.push(jobs.clone()).await;
    let claims = world.take(4).await;
    world
        .queue
        .cancel(wasmill_job::Cancel { id: jobs[1].id, job_type: jobs[1].job_type.clone(), at: world.now() })
        .await
        .unwrap();
    let verdicts = [complete(), complete(), bury(), retry(Duration::ZERO)];
    let answers = world.settle_all(claims.into_iter().zip(verdicts)).await;
    assert_eq!(answers, [Answer::Settled, Answer::Lost, Answer::Settled, Answer::Settled]);
    let mut states = Vec::new();
    for job in &jobs {
        states.push(world.state(job).await.unwrap());
    }
    assert_eq!(states[..3], [State::Completed, State::Cancelled, State::Dead]);
    assert_eq!(ids_of(&world.take(1).await), [jobs[3].id], "a pause of nothing is over at once");
}

pub(crate) async fn forgets_results_after_their_time<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(complete()).await;
    world.advance(KEEP - Duration::from_millis(1)).await;
    assert_eq!(world.state(&job).await, Some(State::Completed));
    world.advance(Duration::from_millis(1)).await;
    assert_eq!(world.state(&job).await, None);
    assert_eq!(world.queue.sweep(10).await.unwrap().forgotten, 1);
}

pub(crate) async fn retries_after_any_pause<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    world.run_one(retry(Duration::from_millis(u64::MAX))).await;
    assert_eq!(
        world.state(&job).await,
        Some(State::Scheduled),
        "a handler may ask for a pause that never ends"
    );
    world.advance(Duration::from_secs(1_000_000)).await;
    assert!(world.take(1).await.is_empty());
}

/// A claim's retry, after an attempt that a version ran.
fn failed_on(claim: Claim, version: &str) -> Settlement {
    let ran = Some(Ran::Module(version.parse().unwrap()));
    claim.settle(retry(Duration::from_secs(1)), AttemptRecord { ran, ..record() })
}

pub(crate) async fn a_retry_knows_the_version_it_started_on<U: QueueUnderTest>(world: &mut World<U>) {
    let jobs = world.jobs("a", 2);
    world.push(jobs).await;
    let mut claims = world.take(2).await;
    assert!(claims.iter().all(|claim| claim.started.is_none()), "a first attempt has no version yet");
    let other = claims.remove(1);
    let settlements = vec![failed_on(claims.remove(0), "welcome@1.4.2")];
    world.queue.settle(settlements.into()).await.unwrap();
    world.settle(other, complete()).await;
    world.restart().await;
    let started = |claims: &[Claim]| -> Vec<String> {
        claims
            .iter()
            .map(|claim| claim.started.as_ref().map(|tag| tag.to_string()).unwrap_or_default())
            .collect()
    };

    // It still knows it when the claim was given back, when its lease ran out, and in a repeated request.
    world.advance(Duration::from_secs(2)).await;
    let mut claims = world.take(1).await;
    assert_eq!(started(&claims), ["welcome@1.4.2"]);
    world.settle(claims.remove(0), Verdict::Release).await;
    let request = world.request(1, 1, &[("a", None)]);
    let claims = world.queue.take(request.clone()).await.unwrap();
    let again = world.queue.take(request).await.unwrap();
    assert_eq!(
        (started(&claims), started(&again)),
        (vec!["welcome@1.4.2".into()], vec!["welcome@1.4.2".into()])
    );
    drop((claims, again));
    world.advance(LEASE * 2).await;
    world.queue.sweep(10).await.unwrap();
    let mut claims = world.take(1).await;
    assert_eq!((started(&claims), claims[0].attempt.0), (vec!["welcome@1.4.2".into()], 3));

    // Another one ran it: that is the one it has started on now.
    let settlements = vec![failed_on(claims.remove(0), "welcome@1.5.0")];
    world.queue.settle(settlements.into()).await.unwrap();
    world.advance(Duration::from_secs(2)).await;
    let mut claims = world.take(1).await;
    assert_eq!(started(&claims), ["welcome@1.5.0"]);
    world.settle(claims.remove(0), complete()).await;
}
