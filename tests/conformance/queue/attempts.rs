//! Attempts: what is kept of those of a job that failed, until it ends and afterwards.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Attempt, Cancel, Failure, FailureCode, Job, LogLevel, LogLine, Progress, UnixMs, Usage, Verdict,
};
use wasmill_queue::{Answer, AttemptRecord, EarlierAttempt, JobView, Queue, Ran, State};

use super::QueueUnderTest;
use super::world::{LEASE, World, complete, record};

const PAUSE: Duration = Duration::from_secs(1);
const KEPT: u32 = 8;

/// What the attempt with this number leaves.
fn left_by(attempt: u32) -> AttemptRecord {
    let line = LogLine { level: LogLevel::Warn, message: format!("tried {attempt}"), at_ms: 4 };
    let ran = Some(Ran::Module("hello@1.0.0".parse().unwrap()));
    AttemptRecord { logs: vec![line], usage: used_by(attempt), ran, ..record() }
}

fn used_by(attempt: u32) -> Usage {
    Usage { fuel: 1_000 + u64::from(attempt), ..Usage::default() }
}

fn failure(attempt: u32) -> Failure {
    Failure::new(FailureCode::Retry, format!("no {attempt}"))
}

/// Fails once more; when that was.
async fn fail<U: QueueUnderTest>(world: &mut World<U>) -> (Attempt, UnixMs) {
    let claim = world.take(1).await.remove(0);
    let attempt = claim.attempt;
    let verdict = Verdict::Retry { pause: PAUSE, failure: failure(attempt.0) };
    let settled = world.queue.settle(vec![claim.settle(verdict, left_by(attempt.0))].into()).await.unwrap();
    assert_eq!(settled, [Answer::Settled]);
    let ended_at = world.now();
    world.advance(PAUSE).await;
    (attempt, ended_at)
}

/// Ends it with this verdict.
async fn end<U: QueueUnderTest>(world: &mut World<U>, verdict: Verdict) {
    let claim = world.take(1).await.remove(0);
    let left = left_by(claim.attempt.0);
    assert_eq!(
        world.queue.settle(vec![claim.settle(verdict, left)].into()).await.unwrap(),
        [Answer::Settled]
    );
}

async fn view<U: QueueUnderTest>(world: &World<U>, job: &Job) -> JobView {
    world.view(job).await.unwrap()
}

fn earlier((attempt, ended_at): (Attempt, UnixMs)) -> EarlierAttempt {
    let AttemptRecord { logs, usage, ran, .. } = left_by(attempt.0);
    EarlierAttempt { attempt, ended_at, failure: failure(attempt.0), logs, usage, ran }
}

async fn failed_three_times<U: QueueUnderTest>(world: &mut World<U>) -> (Job, Vec<EarlierAttempt>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let mut failed = Vec::new();
    for _ in 0..3 {
        failed.push(earlier(fail(world).await));
    }
    (job, failed)
}

pub(crate) async fn of_a_live_job_are_kept_each<U: QueueUnderTest>(world: &mut World<U>) {
    let (job, failed) = failed_three_times(world).await;
    for _ in 0..2 {
        let view = view(world, &job).await;
        assert_eq!((view.attempts, &view.earlier), (Attempt(3), &failed[..2].to_vec()));
        let last = view.last.unwrap();
        let [.., third] = &failed[..] else { panic!("three") };
        assert_eq!((last.attempt, last.ended_at), (Some(third.attempt), Some(third.ended_at)));
        assert_eq!((last.failure.as_ref(), &last.logs), (Some(&third.failure), &third.logs));
        world.restart().await;
    }
}

pub(crate) async fn of_a_completed_job_are_kept<U: QueueUnderTest>(world: &mut World<U>) {
    let (job, failed) = failed_three_times(world).await;
    end(world, complete()).await;
    for _ in 0..2 {
        let view = view(world, &job).await;
        assert_eq!((view.state, view.attempts, &view.earlier), (State::Completed, Attempt(4), &failed));
        let last = view.last.unwrap();
        assert_eq!((last.failure, last.usage, last.output.is_some()), (None, used_by(4), true));
        world.restart().await;
    }
}

pub(crate) async fn of_a_dead_job_are_kept<U: QueueUnderTest>(world: &mut World<U>) {
    let (job, failed) = failed_three_times(world).await;
    end(world, Verdict::Bury { failure: failure(4) }).await;
    for _ in 0..2 {
        let view = view(world, &job).await;
        assert_eq!((view.state, view.attempts, &view.earlier), (State::Dead, Attempt(4), &failed));
        let last = view.last.unwrap();
        assert_eq!((last.failure, last.usage), (Some(failure(4)), used_by(4)));
        world.restart().await;
    }
}

pub(crate) async fn of_a_cancelled_job_are_kept<U: QueueUnderTest>(world: &mut World<U>) {
    let (job, failed) = failed_three_times(world).await;
    let cancel = Cancel { id: job.id, job_type: job.job_type.clone(), at: world.now() };
    assert!(world.queue.cancel(cancel).await.unwrap());
    let cancelled = view(world, &job).await;
    assert_eq!((cancelled.state, cancelled.earlier), (State::Cancelled, failed));
    let (other, failed) = failed_three_times(world).await;
    world.push_cancel(&other).await;
    let cancelled = view(world, &other).await;
    assert_eq!((cancelled.state, cancelled.earlier), (State::Cancelled, failed), "also through the log");
}

pub(crate) async fn only_the_newest_are_kept<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let mut failed = Vec::new();
    for _ in 0..KEPT + 4 {
        failed.push(earlier(fail(world).await));
    }
    let all = failed.len();
    let kept = KEPT as usize;
    assert_eq!(view(world, &job).await.earlier, failed[all - 1 - kept..all - 1]);
    end(world, complete()).await;
    assert_eq!(view(world, &job).await.earlier, failed[all - kept..]);
}

pub(crate) async fn are_cut_short_when_others_follow<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let claim = world.take(1).await.remove(0);
    let logs: Vec<_> = (0..1_000)
        .map(|number| LogLine { level: LogLevel::Info, message: format!("line {number:03}"), at_ms: number })
        .collect();
    let failure = Failure::new(FailureCode::Trap, "long ".repeat(1_000));
    let verdict = Verdict::Retry { pause: PAUSE, failure: failure.clone() };
    let settlement = claim.settle(verdict, AttemptRecord { logs: logs.clone(), ..record() });
    world.queue.settle(vec![settlement].into()).await.unwrap();
    let last = view(world, &job).await.last.unwrap();
    assert_eq!((last.failure.unwrap(), &last.logs), (failure.clone(), &logs), "the last one is whole");
    world.advance(PAUSE).await;
    fail(world).await;
    let [cut] = &view(world, &job).await.earlier[..] else { panic!("one is earlier") };
    let (message, kept) = (&cut.failure.message, &cut.logs);
    assert!(message.len() < 600 && failure.message.starts_with(message.trim_end_matches('…')), "{message}");
    assert!(!kept.is_empty() && kept.len() < 100 && logs.ends_with(kept), "{} lines", kept.len());
}

pub(crate) async fn that_came_to_no_end_are_missing<U: QueueUnderTest>(world: &mut World<U>) {
    let job = world.job("a");
    world.push([job.clone()]).await;
    let first = earlier(fail(world).await);
    let lost = world.take(1).await.remove(0);
    world.advance(LEASE + Duration::from_millis(1)).await;
    world.queue.sweep(10).await.unwrap();
    assert_eq!(world.settle(lost, complete()).await, Answer::Lost);
    let third = earlier(fail(world).await);
    end(world, complete()).await;
    assert_eq!(view(world, &job).await.earlier, [first, third]);
}

pub(crate) async fn of_a_wiped_queue_are_forgotten<U: QueueUnderTest>(world: &mut World<U>) {
    let (job, _) = failed_three_times(world).await;
    world.wipe().await;
    world.replay(&Progress::default()).await;
    let view = view(world, &job).await;
    assert_eq!((view.state, view.last, view.earlier), (State::Pending, None, vec![]));
    end(world, Verdict::Complete { output: Bytes::new() }).await;
}
