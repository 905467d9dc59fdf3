//! What the worker costs beyond the sandbox: empty jobs run by the bare sandbox in a loop, then by a worker from a real
//! queue, on the same number of threads. `cargo bench -p wasmill-worker -- [slots…]`; the default is one and the cores.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, dead_code)]

#[path = "../tests/guests/mod.rs"]
mod guests;
#[path = "../../../relay/tests/relay/seam.rs"]
mod seam;
#[path = "../tests/world/mod.rs"]
mod world;

mod started {
    //! Nobody waits for a start here.
    pub(crate) fn listen() {}
}

use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use guests::NOOP;
use wasmill_job::{Attempt, Limits};
use wasmill_sandbox::{Call, Interrupt, Permit};
use world::World;

const JOBS: usize = 200_000;
const PUSH: usize = 1_000;
const LEASE: Duration = Duration::from_secs(30);

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|slots| slots.parse().ok()).collect();
    let cores = available_parallelism().unwrap().get();
    let slots = if asked.is_empty() { vec![1, cores] } else { asked };
    for slots in slots {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let bare = runtime.block_on(bare(slots));
        let worker = runtime.block_on(worker(slots));
        println!(
            "slots={slots} cores={cores} jobs={JOBS} bare={:.0}/s worker={:.0}/s share={:.0}% extra={:.1}us per job and slot",
            bare,
            worker,
            100.0 * worker / bare,
            1e6 * slots as f64 * (1.0 / worker - 1.0 / bare),
        );
    }
}

/// Runs a second by the sandbox alone.
async fn bare(slots: usize) -> f64 {
    let mut world = World::new(&[("noop", NOOP)]).await;
    let job = world.job("noop");
    let handler = world.modules.handler(NOOP);
    let started = Instant::now();
    let run = || {
        let mut runs = 0_u64;
        while started.elapsed() < Duration::from_secs(2) {
            let call = Call { job: &job, attempt: Attempt(1), max_attempts: 3, permit: &Permit::none() };
            let outcome = world.sandbox.run(&handler, &call, &Limits::default(), &Interrupt::new());
            assert!(matches!(outcome.end, wasmill_job::End::Done { .. }));
            runs += 1;
        }
        runs
    };
    let runs: u64 = scope(|scope| {
        let threads: Vec<_> = (0..slots).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    runs as f64 / started.elapsed().as_secs_f64()
}

/// Drains a full queue.
async fn worker(slots: usize) -> f64 {
    let mut world = World::new(&[("noop", NOOP)]).await;
    for _ in 0..JOBS / PUSH {
        world.push("noop", PUSH).await;
    }
    let started = Instant::now();
    let worker = world.worker(slots, LEASE, LEASE);
    world.counted("noop", "all are completed", |counts| counts.completed == JOBS as u64).await;
    let rate = JOBS as f64 / started.elapsed().as_secs_f64();
    worker.drain().await;
    rate
}
