//! One job in the sandbox: a fresh instance, the call, the drop.

use std::time::{Duration, Instant};

use wasmill_job::{
    Attempt, End, Generation, IdSource, Job, Limits, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs,
};
use wasmill_sandbox::{Call, Handler, Interrupt, Permit, Sandbox};

/// How long jobs took.
pub(crate) struct Spread {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// The best of `rounds` of `jobs` each.
pub(crate) fn spread(
    sandbox: &Sandbox,
    handler: &Handler,
    payload: &str,
    jobs: usize,
    rounds: usize,
) -> Spread {
    let round = || {
        let mut took: Vec<_> = (0..jobs).map(|_| once(sandbox, handler, payload)).collect();
        took.sort_unstable();
        Spread { p50: took[jobs / 2], p99: took[jobs * 99 / 100] }
    };
    round();
    (0..rounds).map(|_| round()).min_by_key(|spread| spread.p50).unwrap()
}

/// Runs one job, and says how long that took.
pub(crate) fn once(sandbox: &Sandbox, handler: &Handler, payload: &str) -> Duration {
    let (job, permit) = (job(payload), Permit::none());
    let limits = Limits { memory_bytes: 256 << 20, ..Limits::default() };
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 10, permit: &permit };
    let started = Instant::now();
    let outcome = sandbox.run(handler, &call, &limits, &Interrupt::new());
    let took = started.elapsed();
    assert!(matches!(outcome.end, End::Done { .. }), "{:?}", outcome.end);
    took
}

fn job(payload: &str) -> Job {
    Job {
        id: IdSource::default().next(UnixMs(1), 42, Generation(1), Partition(3)),
        job_type: "bench".parse().unwrap(),
        payload: payload.to_owned().into(),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}
