//! The table's rows of bare Redis, each on an instance of its own.

use wasmill_tests::Redis;

use crate::{benchmark, life};

/// Jobs of one life measurement.
const JOBS: usize = 500_000;

/// Measures and prints all of them.
pub(crate) async fn print_all() {
    let redis = Redis::start().await;
    for (what, per_second) in benchmark::measure(redis.address()) {
        println!("{:<72} {per_second:>9.0} requests/s", format!("redis-benchmark, {what}"));
    }
    for (name, scripts) in [("one command a write", life::LOOPED), ("one command a batch", life::VARIADIC)] {
        for batch in [1, 10, 100] {
            let redis = Redis::start().await;
            // A single job a call is slower: fewer of them tell as much.
            let jobs = if batch == 1 { JOBS / 10 } else { JOBS };
            let figures = life::measure(&redis.url(), &scripts, jobs, batch).await;
            let calls: u64 = redis.calls().await.values().sum();
            println!(
                "{:<72} enqueue {:>9.0} jobs/s, drain {:>9.0} jobs/s, {:.2} commands/job",
                format!("bare Lua, whole life in batches of {batch}, {name}"),
                figures.enqueued_per_second,
                figures.drained_per_second,
                calls as f64 / jobs as f64,
            );
        }
    }
}
