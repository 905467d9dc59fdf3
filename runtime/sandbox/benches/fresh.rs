//! What a job costs in the sandbox: fresh store and instance, call, drop; and what each setting adds to it.
//!
//! `cargo bench -p wasmill-sandbox` prints the tables; numbers after `--` set jobs per round and rounds (default
//! 10000 and 7). Of all rounds the best counts, because the machine may be busy with something else. One thread.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench talks to a terminal and may fail"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmill_job::{
    Attempt, End, Generation, IdSource, Job, Limits, Mode, Partition, Revision, Stamp, UnixMs,
};
use wasmill_sandbox::{
    Call, CheckLimits, Interrupt, PagemapScan, Permit, Sandbox, SandboxConfig, Tuning, check,
};

struct Timing {
    p50: Duration,
    p99: Duration,
}

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let jobs = numbers.next().unwrap_or(10_000);
    let rounds = numbers.next().unwrap_or(7);

    println!(
        "fresh store + instance + call + drop, payload of 200 bytes, best of {rounds} rounds of {jobs} jobs\n"
    );
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "", "hello p50", "p99", "noop p50", "p99");
    for (name, config) in variants() {
        let hello = measure("hello", &config, jobs, rounds);
        let noop = measure("noop", &config, jobs, rounds);
        println!(
            "{name:<44} {:>9} {:>9} {:>9} {:>9}",
            micros(hello.p50),
            micros(hello.p99),
            micros(noop.p50),
            micros(noop.p99)
        );
    }
}

fn variants() -> Vec<(&'static str, SandboxConfig)> {
    let plain = SandboxConfig { instances: 2, pagemap_scan: PagemapScan::Off, ..SandboxConfig::default() };
    let with = |tuning: Tuning| SandboxConfig { tuning, ..plain.clone() };
    let scan = |tuning: Tuning| SandboxConfig { pagemap_scan: PagemapScan::On, ..with(tuning) };
    let keep = |keep_resident_bytes: usize| Tuning { keep_resident_bytes, ..Tuning::default() };
    vec![
        ("pooled, no scan (where something swaps)", plain.clone()),
        ("pooled, scan (default where nothing swaps)", scan(Tuning::default())),
        ("no pool", with(Tuning { pooling: false, ..Tuning::default() })),
        ("keep_resident 0", with(keep(0))),
        ("keep_resident 128 KiB", with(keep(128 << 10))),
        ("keep_resident 256 KiB", with(keep(256 << 10))),
        ("keep_resident 1 MiB", with(keep(1 << 20))),
        ("scan, keep_resident 0", scan(keep(0))),
        ("scan, keep_resident 1 MiB", scan(keep(1 << 20))),
        ("no fuel", with(Tuning { fuel: false, ..Tuning::default() })),
        ("no epochs", with(Tuning { epochs: false, ..Tuning::default() })),
        ("neither", with(Tuning { fuel: false, epochs: false, ..Tuning::default() })),
        ("no NaN canonicalisation", with(Tuning { nan_canonicalization: false, ..Tuning::default() })),
    ]
}

fn measure(guest: &str, config: &SandboxConfig, jobs: usize, rounds: usize) -> Timing {
    let sandbox = Sandbox::new(config.clone()).unwrap();
    let component = check(&module(guest), &CheckLimits::default()).unwrap();
    let handler = sandbox.load(&sandbox.compile(&component).unwrap()).unwrap();
    let (job, limits, interrupt) = (job(), Limits::default(), Interrupt::new());
    let call = Call { job: &job, attempt: Attempt(1), max_attempts: 10, permit: &Permit::none() };
    let round = || {
        let mut took: Vec<_> = (0..jobs)
            .map(|_| {
                let started = Instant::now();
                let outcome = sandbox.run(&handler, &call, &limits, &interrupt);
                let took = started.elapsed();
                assert!(matches!(outcome.end, End::Done { .. }), "{outcome:?}");
                took
            })
            .collect();
        took.sort_unstable();
        Timing { p50: took[jobs / 2], p99: took[jobs * 99 / 100] }
    };
    round();
    (0..rounds).map(|_| round()).min_by_key(|timing| timing.p50).unwrap()
}

fn module(guest: &str) -> Vec<u8> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests");
    let folder = std::env::var_os("WASMILL_GUESTS").map_or(plugins, PathBuf::from);
    let path = folder.join(format!("{guest}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run plugins/build first", path.display()))
}

fn job() -> Job {
    let payload = format!(r#"{{"name":"{}"}}"#, "x".repeat(200 - r#"{"name":""}"#.len()));
    assert_eq!(payload.len(), 200);
    Job {
        id: IdSource::default().next(UnixMs(1), 42, Generation(1), Partition(3)),
        job_type: "bench".parse().unwrap(),
        payload: payload.into(),
        accepted_at: UnixMs(1),
        stamp: Stamp { revision: Revision(1), path: wasmill_job::Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
