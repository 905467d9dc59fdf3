//! Figures as they are printed, and the jobs that are posted.

use std::time::Duration;

use wasmill_tests::World;

/// The job type of all benches: a handler that does nothing.
pub(crate) const JOB_TYPE: &str = "bench.noop";

/// A world whose bench type is in the given mode.
pub(crate) async fn world(mode: &str, settings: &[(&str, &str)]) -> World {
    let mut world = World::start_with(None, settings).await;
    world.route(JOB_TYPE, "noop", &format!("mode = \"{mode}\"")).await;
    world.leaves_work();
    world
}

/// One job with a payload of 200 bytes.
pub(crate) fn job() -> String {
    format!("{{\"type\":\"{JOB_TYPE}\",\"payload\":\"{}\"}}", "x".repeat(198))
}

/// Prints one figure.
pub(crate) fn print(what: &str, figure: &str) {
    println!("{what:<72} {figure}");
}

/// Jobs per second, as text.
pub(crate) fn rate(jobs: usize, took: Duration) -> String {
    format!("{:>9.0} jobs/s", jobs as f64 / took.as_secs_f64())
}

/// Percentiles in milliseconds, as text.
pub(crate) fn percentiles(mut samples: Vec<Duration>) -> String {
    samples.sort_unstable();
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms, {} samples", at(0.5), at(0.99), at(1.0), samples.len())
}
