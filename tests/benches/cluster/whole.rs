//! All roles at once: jobs are accepted, relayed and run, a fresh sandbox each, while the load generator keeps as many on
//! their way as it may; and the time that each role spent on the cores meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmill_tests::{ClusterSetup, ClusterWorld, Role, until};

use crate::cpu;
use crate::figures::{print, rate};
use crate::load::{JOB_TYPE, batches_while, count, world};

const SPAN: Duration = Duration::from_secs(30);
/// How long it runs before it counts.
const WARM_UP: Duration = Duration::from_secs(10);
/// Jobs that may be between acceptance and their end: the gateway must not run ahead of the workers.
const ON_THE_WAY_MAX: u64 = 20_000;
/// What Slack published of its peak.
const SLACKS_PEAK: f64 = 33_000.0;

pub(crate) async fn measure() {
    let mut world = world(ClusterSetup::default(), "live").await;
    let roles = [
        ("load generator", std::process::id()),
        ("gateway", world.process(Role::Gateway, 0).pid()),
        ("broker", world.kafka().pid(1)),
        ("relay", world.process(Role::Relay, 0).pid()),
        ("Redis", world.redis(0).pid()),
        ("worker", world.process(Role::Worker, 0).pid()),
    ];
    let (accepted, completed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let goes_on = {
        let (accepted, completed, over) = (Arc::clone(&accepted), Arc::clone(&completed), Arc::clone(&over));
        move || wait_for_room(Arc::clone(&accepted), Arc::clone(&completed), Arc::clone(&over))
    };
    let load = batches_while(&world, &accepted, goes_on);
    let watched = async {
        follow(&world, &completed, WARM_UP).await;
        let (began, first) = (Instant::now(), completed.load(Ordering::Relaxed));
        let before = roles.map(|(_, pid)| cpu::seconds(pid));
        let busy = cpu::busy();
        follow(&world, &completed, SPAN).await;
        let took = began.elapsed().as_secs_f64();
        let jobs = (completed.load(Ordering::Relaxed) - first) as f64;
        let used = std::array::from_fn(|at| cpu::seconds(roles[at].1) - before[at]);
        tell(jobs, took, roles.map(|(name, _)| name), used, cpu::busy() - busy);
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, watched);
    let jobs = accepted.load(Ordering::Relaxed);
    until("every job that was accepted is done", Duration::from_secs(60), || async {
        (count(&world, "completed").await == jobs).then_some(())
    })
    .await;
}

/// Whether another batch may be sent, once there is room for it.
async fn wait_for_room(accepted: Arc<AtomicU64>, completed: Arc<AtomicU64>, over: Arc<AtomicBool>) -> bool {
    loop {
        if over.load(Ordering::Relaxed) {
            return false;
        }
        // Another client's batch may have ended after the count of what is completed.
        let on_the_way = accepted.load(Ordering::Relaxed).saturating_sub(completed.load(Ordering::Relaxed));
        if on_the_way < ON_THE_WAY_MAX {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Keeps the count of completed jobs up to date for so long.
async fn follow(world: &ClusterWorld, completed: &AtomicU64, span: Duration) {
    let (began, mut connection) = (Instant::now(), world.connect().await);
    while began.elapsed() < span {
        let status = connection.get("/v1/status").await.unwrap().json();
        let rows = status["types"].as_array().into_iter().flatten();
        let row = rows.into_iter().find(|row| row["type"] == JOB_TYPE);
        completed.store(row.and_then(|row| row["completed"].as_u64()).unwrap_or_default(), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn tell<const N: usize>(jobs: f64, took: f64, names: [&str; N], used: [f64; N], busy: f64) {
    let per_second = jobs / took;
    print("all roles at once, no-op Wasm jobs", &rate(per_second, "jobs"));
    let mut all = 0.0;
    for (name, used) in names.into_iter().zip(used) {
        let each = used / jobs;
        print(
            &format!("  {name}"),
            &format!(
                "{:.2} cores busy, {:.1} µs a job; {SLACKS_PEAK:.0} jobs/s: {:.2} cores",
                used / took,
                each * 1e6,
                each * SLACKS_PEAK
            ),
        );
        if name != "load generator" {
            all += each;
        }
    }
    print(
        "  all but the load generator",
        &format!("{:.1} µs a job; {SLACKS_PEAK:.0} jobs/s: {:.1} cores", all * 1e6, all * SLACKS_PEAK),
    );
    let ours: f64 = used.iter().sum();
    print(
        "  other programs on the machine meanwhile",
        &format!("{:.2} cores busy", (busy - ours).max(0.0) / took),
    );
}
