//! The bare sandbox in a loop on all cores: what a worker could reach if nothing but the sandbox cost anything.

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_job::{
    Attempt, End, Generation, IdSource, Job, Limits, Mode, Partition, Path, Revision, Stamp, UnixMs,
};
use wasmill_sandbox::{Call, CheckLimits, Handler, Interrupt, Permit, Sandbox, SandboxConfig, check};
use wasmill_tests::guest;

use crate::figures::JOB_TYPE;

const SPAN: Duration = Duration::from_secs(5);

/// Jobs per second of the no-op handler, a fresh instance each, one thread per core.
pub(crate) fn jobs_per_second() -> f64 {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let config = SandboxConfig { instances: u32::try_from(threads).unwrap(), ..SandboxConfig::default() };
    let sandbox = Sandbox::new(config).unwrap();
    let component = check(&guest("noop"), &CheckLimits::default()).unwrap();
    let handler = sandbox.load(&sandbox.compile(&component).unwrap()).unwrap();
    let began = Instant::now();
    let jobs: u32 = thread::scope(|scope| {
        let loops: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| run_for_a_while(&sandbox, &handler))).collect();
        loops.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    f64::from(jobs) / began.elapsed().as_secs_f64()
}

fn run_for_a_while(sandbox: &Sandbox, handler: &Handler) -> u32 {
    let (job, limits, interrupt) = (job(), Limits::default(), Interrupt::new());
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 10, permit: &Permit::none() };
    let (began, mut jobs) = (Instant::now(), 0);
    while began.elapsed() < SPAN {
        let outcome = sandbox.run(handler, &call, &limits, &interrupt);
        assert!(matches!(outcome.end, End::Done { .. }), "{:?}", outcome.end);
        jobs += 1;
    }
    jobs
}

fn job() -> Job {
    Job {
        id: IdSource::default().next(UnixMs(1), 0, Generation(1), Partition(0)),
        job_type: JOB_TYPE.parse().unwrap(),
        payload: Bytes::from(vec![b'x'; 200]),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}
