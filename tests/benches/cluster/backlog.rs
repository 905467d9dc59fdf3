//! A backlog in Kafka that is larger than Redis may be: what Redis uses while it is worked off. `WASMILL_BENCH_BACKLOG` says
//! how many jobs.

use std::time::{Duration, Instant};

use wasmill_tests::{ClusterSetup, until};

use crate::figures::{print, rate};
use crate::load::{BATCH, JOB_TYPE, enqueue, go_live, world};

const JOBS: u64 = 300_000;
/// From so many jobs on Redis gets the memory that is worth naming; below, so little that the backlog does not fit.
const MANY: u64 = 1_000_000;
const WITHIN: Duration = Duration::from_secs(1_800);
/// Between two looks at Redis.
const EACH: Duration = Duration::from_millis(100);
const MIB: u64 = 1 << 20;

pub(crate) async fn measure() {
    let jobs =
        std::env::var("WASMILL_BENCH_BACKLOG").map_or(JOBS, |text| text.parse().expect("a number of jobs"));
    let jobs = jobs - jobs % BATCH as u64;
    let maxmemory_mib = if jobs < MANY { 64 } else { 256 };
    let maxmemory = format!("{maxmemory_mib}mb");
    let redis_options: Vec<(&'static str, &'static str)> = vec![("maxmemory", String::leak(maxmemory))];
    let world = world(ClusterSetup { redis_options, ..ClusterSetup::default() }, "paused").await;
    let accepted = enqueue(&world, usize::try_from(jobs).unwrap()).await;
    print(&format!("backlog, {jobs} jobs accepted, workers paused"), &rate(accepted, "jobs"));
    // The relay stops where pushes may not go on, with a quarter in reserve.
    let watermark = maxmemory_mib * MIB * 3 / 4;
    let used = || async { world.redis(0).info("used_memory").await.parse::<u64>().unwrap() };
    until("Redis is at its watermark", WITHIN, || async {
        (used().await >= watermark * 98 / 100).then_some(())
    })
    .await;
    print("backlog, Redis at its watermark", &format!("{} MiB of {maxmemory_mib}", used().await / MIB));
    go_live(&world).await;
    let began = Instant::now();
    let (mut samples, mut in_log, mut done) = (Vec::new(), true, false);
    while !done {
        let counts = world.counts(JOB_TYPE).await;
        let all = |states: &[&str]| states.iter().filter_map(|state| counts[*state].as_u64()).sum::<u64>();
        // Once all of it is in Redis or done, memory only falls.
        in_log &= all(&["pending", "scheduled", "in_flight", "completed"]) < jobs;
        if in_log {
            samples.push(used().await);
        }
        done = all(&["completed"]) >= jobs;
        assert!(began.elapsed() < WITHIN, "the backlog is not worked off within {WITHIN:?}: {counts}");
        tokio::time::sleep(EACH).await;
    }
    let took = began.elapsed().as_secs_f64();
    assert!(!samples.is_empty(), "the backlog fitted into Redis: nothing was measured");
    let mib = |bytes: Option<&u64>| *bytes.unwrap_or(&0) as f64 / MIB as f64;
    print(
        &format!("backlog of {jobs}, memory used by Redis while jobs wait in Kafka"),
        &format!(
            "min {:.1} MiB, max {:.1} MiB, last {:.1} MiB of {} samples (watermark {:.0} MiB)",
            mib(samples.iter().min()),
            mib(samples.iter().max()),
            mib(samples.last()),
            samples.len(),
            watermark as f64 / MIB as f64
        ),
    );
    print(&format!("backlog of {jobs}, worked off"), &rate(jobs as f64 / took, "jobs"));
}
