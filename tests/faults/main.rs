//! Fault scenarios by name: each runs real processes under load, does something bad to them, lets them heal and
//! drain, and checks the books. Prints one closing line; exits with 1 when a promise is broken.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod books;
mod disk_full;
mod kill_embedded;
mod load;
mod poison;
mod queue_deleted;
mod redis_books;
mod redis_flushed;
mod redis_full;
mod redis_killed;
mod replies_lost;
mod worker_frozen;
mod worker_killed;

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Instant;

use books::Verdict;
use clap::Parser;

/// Runs one fault scenario.
#[derive(Parser)]
struct Arguments {
    /// The scenario's name.
    #[arg(required_unless_present_any = ["list", "list_names"])]
    name: Option<String>,
    /// Repeats the same schedule of faults; drawn and printed when it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Lists the scenarios with what they promise.
    #[arg(long)]
    list: bool,
    /// Lists the names only.
    #[arg(long)]
    list_names: bool,
}

struct Scenario {
    name: &'static str,
    promise: &'static str,
    run: fn(u64) -> Pin<Box<dyn Future<Output = Verdict>>>,
}

const SCENARIOS: [Scenario; 10] = [
    Scenario {
        name: "kill-embedded",
        promise: "20 rounds of kill -9 at random instants under load: every acknowledged job ends completed",
        run: |seed| Box::pin(kill_embedded::run(seed)),
    },
    Scenario {
        name: "queue-deleted",
        promise: "the same, with the queue's folder deleted between the rounds: it is rebuilt from the log",
        run: |seed| Box::pin(queue_deleted::run(seed)),
    },
    Scenario {
        name: "disk-full",
        promise: "the disk fills up: jobs are refused clearly, none acknowledged is lost, and it heals with room",
        run: |seed| Box::pin(disk_full::run(seed)),
    },
    Scenario {
        name: "redis-full",
        promise: "Redis reaches maxmemory with work in every state: pushes are refused, workers drain to zero by themselves",
        run: |seed| Box::pin(redis_full::run(seed)),
    },
    Scenario {
        name: "redis-killed",
        promise: "kill -9 of Redis with a torn tail: only what it had in its last seconds is lost or repeated",
        run: |seed| Box::pin(redis_killed::run(seed)),
    },
    Scenario {
        name: "redis-flushed",
        promise: "FLUSHALL in mid-run with the embedded log behind it: nothing is lost, only the last seconds repeat",
        run: |seed| Box::pin(redis_flushed::run(seed)),
    },
    Scenario {
        name: "worker-frozen",
        promise: "SIGSTOP of a worker for 1.5 leases: others take over its jobs, its late settles are refused",
        run: |seed| Box::pin(worker_frozen::run(seed)),
    },
    Scenario {
        name: "worker-killed",
        promise: "kill -9 of workers under load: their jobs run again, and nothing else does",
        run: |seed| Box::pin(worker_killed::run(seed)),
    },
    Scenario {
        name: "replies-lost",
        promise: "Redis's answers are lost after it has executed the command: nothing is taken or settled twice",
        run: |seed| Box::pin(replies_lost::run(seed)),
    },
    Scenario {
        name: "poison",
        promise: "a job that kills its worker with 50 innocent ones in flight: it alone is quarantined",
        run: |seed| Box::pin(poison::run(seed)),
    },
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list || arguments.list_names {
        for Scenario { name, promise, .. } in &SCENARIOS {
            if arguments.list { println!("{name:<16} {promise}") } else { println!("{name}") }
        }
        return ExitCode::SUCCESS;
    }
    let name = arguments.name.unwrap();
    let Some(scenario) = SCENARIOS.iter().find(|scenario| scenario.name == name) else {
        eprintln!("there is no scenario `{name}`; --list shows them all");
        return ExitCode::from(2);
    };
    let seed = arguments.seed.unwrap_or_else(rand::random);
    eprintln!("scenario={name} seed={seed}");
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let verdict = runtime.block_on((scenario.run)(seed));
    for broken in &verdict.broken {
        eprintln!("broken: {broken}");
    }
    println!("scenario={name} {verdict} seconds={:.1}", began.elapsed().as_secs_f64());
    if verdict.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
