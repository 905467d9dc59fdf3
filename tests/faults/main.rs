//! Fault scenarios by name: each runs real processes under load, does something bad to them, lets them heal and
//! drain, and checks the books. Prints one closing line; exits with 1 when a promise is broken.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod books;
mod cluster;
mod disk_full;
mod hostile_guests;
mod kill_embedded;
mod load;
mod mill_books;
mod poison;
mod queue_deleted;
mod redis_flushed;
mod redis_full;
mod redis_killed;
mod replies_lost;
mod ssrf;
mod store_away;
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
    /// More jobs and more rounds: what `tests/run --long` runs.
    #[arg(long)]
    long: bool,
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
    run: fn(Run) -> Pin<Box<dyn Future<Output = Verdict>>>,
}

/// How a scenario is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Decides all that is left to chance.
    seed: u64,
    is_long: bool,
}

impl Run {
    /// `short` in the set that runs on every change, else `long`.
    pub(crate) fn of<T>(self, short: T, long: T) -> T {
        if self.is_long { long } else { short }
    }
}

const SCENARIOS: [Scenario; 31] = [
    Scenario {
        name: "kill-embedded",
        promise: "20 rounds of kill -9 at random instants under load: every acknowledged job ends completed",
        run: |run| Box::pin(kill_embedded::run(run.seed)),
    },
    Scenario {
        name: "queue-deleted",
        promise: "the same, with the queue's folder deleted between the rounds: it is rebuilt from the log",
        run: |run| Box::pin(queue_deleted::run(run.seed)),
    },
    Scenario {
        name: "disk-full",
        promise: "the disk fills up: jobs are refused clearly, none acknowledged is lost, and it heals with room",
        run: |run| Box::pin(disk_full::run(run.seed)),
    },
    Scenario {
        name: "store-away",
        promise: "the artifact store is away when the mill starts: jobs go on with the last catalog, changes are refused until it is back",
        run: |run| Box::pin(store_away::run(run.seed)),
    },
    Scenario {
        name: "redis-full",
        promise: "Redis reaches maxmemory with work in every state: pushes are refused, workers drain to zero by themselves",
        run: |run| Box::pin(redis_full::run(run.seed)),
    },
    Scenario {
        name: "redis-killed",
        promise: "kill -9 of Redis with a torn tail: only what it had in its last seconds is lost or repeated",
        run: |run| Box::pin(redis_killed::run(run.seed)),
    },
    Scenario {
        name: "redis-flushed",
        promise: "FLUSHALL in mid-run with the embedded log behind it: nothing is lost, only the last seconds repeat",
        run: |run| Box::pin(redis_flushed::run(run.seed)),
    },
    Scenario {
        name: "worker-frozen",
        promise: "SIGSTOP of a worker for 1.5 leases: others take over its jobs, its late settles are refused",
        run: |run| Box::pin(worker_frozen::run(run.seed)),
    },
    Scenario {
        name: "worker-killed",
        promise: "kill -9 of workers under load: their jobs run again, and nothing else does",
        run: |run| Box::pin(worker_killed::run(run.seed)),
    },
    Scenario {
        name: "replies-lost",
        promise: "Redis's answers are lost after it has executed the command: nothing is taken or settled twice",
        run: |run| Box::pin(replies_lost::run(run.seed)),
    },
    Scenario {
        name: "poison",
        promise: "a job that kills its worker with 50 innocent ones in flight: it alone is quarantined",
        run: |run| Box::pin(poison::run(run.seed)),
    },
    Scenario {
        name: "no-fault",
        promise: "all roles under load on Kafka and two servers of Redis: every job runs exactly once",
        run: |run| Box::pin(cluster::no_fault::run(run)),
    },
    Scenario {
        name: "broker-killed",
        promise: "one of three brokers is killed or stopped, again and again: jobs are taken in on and on, none is lost",
        run: |run| Box::pin(cluster::broker_killed::run(run)),
    },
    Scenario {
        name: "two-brokers-killed",
        promise: "two of three brokers are killed: what is acknowledged is kept, what is not is told, and it heals",
        run: |run| Box::pin(cluster::two_brokers_killed::run(run)),
    },
    Scenario {
        name: "unclean-leader",
        promise: "all brokers die, a stale one is back first: quorum loses nothing; leader loses what only the dead had, and says so",
        run: |run| Box::pin(cluster::unclean_leader::run(run)),
    },
    Scenario {
        name: "cluster-restart",
        promise: "a rolling and a full restart of the brokers: nothing is lost, nothing runs twice",
        run: |run| Box::pin(cluster::cluster_restart::run(run)),
    },
    Scenario {
        name: "relay-killed",
        promise: "the relay dies between any two of its steps: nothing is lost, nothing runs twice",
        run: |run| Box::pin(cluster::relay_killed::run(run)),
    },
    Scenario {
        name: "relay-zombie",
        promise: "a relay is frozen until another has taken over, and thaws: what it pushes is refused",
        run: |run| Box::pin(cluster::relay_zombie::run(run)),
    },
    Scenario {
        name: "gateway-killed",
        promise: "kill -9 of a gateway under load: what it acknowledged is there, callers go on at the other",
        run: |run| Box::pin(cluster::gateway_killed::run(run)),
    },
    Scenario {
        name: "redis-wiped-quiet",
        promise: "FLUSHALL while nothing comes in: what waits is back, what was settled does not run again",
        run: |run| Box::pin(cluster::redis_wiped_quiet::run(run)),
    },
    Scenario {
        name: "redis-rolled-back",
        promise: "an older append-only file takes the place of Redis: it is replayed from where it is",
        run: |run| Box::pin(cluster::redis_rolled_back::run(run)),
    },
    Scenario {
        name: "redis-down",
        promise: "one of two servers of Redis is away: jobs are taken in on and on, and run when it is back",
        run: |run| Box::pin(cluster::redis_down::run(run)),
    },
    Scenario {
        name: "topic-recreated",
        promise: "a topic is deleted and made again: its partitions stop and say so, until somebody accepts it",
        run: |run| Box::pin(cluster::topic_recreated::run(run)),
    },
    Scenario {
        name: "head-of-line",
        promise: "a paused type with a heap of jobs in the same topic: its neighbours pass, and its own come back",
        run: |run| Box::pin(cluster::head_of_line::run(run)),
    },
    Scenario {
        name: "old-jobs",
        promise: "jobs that wait longer than the topic keeps records: they are appended again, and run once",
        run: |run| Box::pin(cluster::old_jobs::run(run)),
    },
    Scenario {
        name: "hostile-guests",
        promise: "bad guests beside a good type at 500 jobs/s: each is stopped by its own limit, no good job fails",
        run: |run| Box::pin(hostile_guests::run(run)),
    },
    Scenario {
        name: "ssrf",
        promise: "a handler calls metadata, the mill's own parts and every spelling of them: nothing goes out but its grant",
        run: |_| Box::pin(ssrf::run()),
    },
    Scenario {
        name: "path-flip",
        promise: "a type's path goes from the queue over both to the log and back, under load: nothing is lost, nothing runs twice",
        run: |run| Box::pin(cluster::path_flip::run(run)),
    },
    Scenario {
        name: "generation-change",
        promise: "a queue gets other partitions and another Redis, and goes back, under load: nothing is lost, nothing runs twice",
        run: |run| Box::pin(cluster::generation_change::run(run)),
    },
    Scenario {
        name: "two-writers",
        promise: "two operators change the routing table at once: one wins, the other is told what changed, nothing is overwritten",
        run: |run| Box::pin(cluster::two_writers::run(run)),
    },
    Scenario {
        name: "version-flip",
        promise: "a type moves to another version of its module by weight, and back, under load: nothing is lost or runs twice",
        run: |run| Box::pin(cluster::version_flip::run(run)),
    },
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list || arguments.list_names {
        for Scenario { name, promise, .. } in &SCENARIOS {
            if arguments.list { println!("{name:<18} {promise}") } else { println!("{name}") }
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
    let verdict = runtime.block_on((scenario.run)(Run { seed, is_long: arguments.long }));
    for broken in &verdict.broken {
        eprintln!("broken: {broken}");
    }
    println!("scenario={name} {verdict} seconds={:.1}", began.elapsed().as_secs_f64());
    if verdict.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
