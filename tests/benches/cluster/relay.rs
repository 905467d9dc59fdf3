//! The relay: a topic with jobs in it, and an empty Redis. Beside bare consumption of the same topic, and a bare script with
//! the same writes, in turns. Nobody takes jobs meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_tests::{ClusterSetup, ClusterWorld, Redis, Role};

use crate::bare_consumer::consume;
use crate::bare_script;
use crate::cpu;
use crate::figures::{middle, print, rate};
use crate::load::{count, enqueue, world};

const JOBS: usize = 500_000;
const ROUNDS: usize = 3;
/// A rewrite of the append-only file takes a core for seconds, from whichever of the two it falls on.
const NO_REWRITE: [(&str, &str); 1] = [("auto-aof-rewrite-percentage", "0")];
/// Between two looks at what is pending.
const EACH: Duration = Duration::from_millis(50);
const WITHIN: Duration = Duration::from_secs(300);

/// What a relay did.
struct Carried {
    /// From the first job that was pending on.
    per_second: f64,
    /// What Redis spent on a job, in microseconds on a core, looks at it included.
    redis_us: f64,
}

pub(crate) async fn measure() {
    let redis_options = NO_REWRITE.to_vec();
    let setup = ClusterSetup { relays: 0, workers: 0, redis_options, ..ClusterSetup::default() };
    let mut world = world(setup, "paused").await;
    enqueue(&world, JOBS).await;
    let bootstrap = world.kafka().bootstrap();
    let mut rows = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let from = bootstrap.clone();
    let records = tokio::task::spawn_blocking(move || records(&from)).await.unwrap();
    for _ in 0..ROUNDS {
        let from = bootstrap.clone();
        let consumed = tokio::task::spawn_blocking(move || consume(&from, JOBS, |_| {})).await.unwrap();
        let redis = Redis::start_with(&NO_REWRITE).await;
        let before = cpu::seconds(redis.pid());
        let script = bare_script::push(&redis.url(), &records).await;
        let bare_us = (cpu::seconds(redis.pid()) - before) * 1e6 / JOBS as f64;
        drop(redis);
        let Carried { per_second: carried, redis_us } = carry(&mut world).await;
        let share = 100.0 * carried / consumed.min(script);
        print(
            "  Redis, time on a core for a job",
            &format!(
                "{redis_us:.2} µs; bare script {bare_us:.2} µs, {:.0} % of that",
                100.0 * bare_us / redis_us
            ),
        );
        print(
            &format!("relay, {JOBS} jobs in the topic"),
            &format!(
                "{}; bare consumer {}, bare script {}",
                rate(carried, "jobs"),
                rate(consumed, "records"),
                rate(script, "jobs")
            ),
        );
        for (row, figure) in rows.iter_mut().zip([carried, consumed, script, share]) {
            row.push(figure);
        }
    }
    let [carried, consumed, script, share] = rows.map(|mut row| middle(&mut row));
    print(
        "relay, middle of the rounds",
        &format!(
            "{}; bare consumer {}, bare script {}; {share:.0} % of the smaller one (target: 70 %)",
            rate(carried, "jobs"),
            rate(consumed, "records"),
            rate(script, "jobs")
        ),
    );
}

/// The topic's records, with as much before each as the queue puts there. Each is another one: Lua keeps equal strings once.
fn records(bootstrap: &str) -> Arc<Vec<Bytes>> {
    let mut records = Vec::with_capacity(JOBS);
    consume(bootstrap, JOBS, |record| {
        records.push(Bytes::from([&[0; bare_script::HEADER_BYTES], record].concat()));
    });
    Arc::new(records)
}

/// Starts a relay on an empty Redis, and stops it when all jobs are pending; jobs per second from the first one on.
async fn carry(world: &mut ClusterWorld) -> Carried {
    world.redis(0).flush_all().await;
    let pids = [("broker", world.kafka().pid(1)), ("redis", world.redis(0).pid())];
    // A wiped Redis has nothing of its former jobs left to do.
    let before = pids.map(|(_, pid)| cpu::seconds(pid));
    let asked = Instant::now();
    world.begin_relay(0, &[]);
    let pending = |least: u64| {
        let world = &*world;
        async move {
            loop {
                let pending = count(world, "pending").await;
                if pending >= least {
                    return (Instant::now(), pending);
                }
                assert!(asked.elapsed() < WITHIN, "only {pending} jobs are pending after {WITHIN:?}");
                // Each look costs Redis and the broker something.
                tokio::time::sleep(EACH).await;
            }
        }
    };
    let (began, already) = pending(1).await;
    pending(JOBS as u64).await;
    let (took, since) = (began.elapsed(), asked.elapsed());
    let used = cpu::seconds(world.process(Role::Relay, 0).pid());
    let redis_used = cpu::seconds(world.redis(0).pid()) - before[1];
    let mut cores = format!("relay {:.2}", used / took.as_secs_f64());
    for ((name, pid), before) in pids.into_iter().zip(before) {
        cores += &format!(", {name} {:.2}", (cpu::seconds(pid) - before) / took.as_secs_f64());
    }
    print(
        "relay, from the first pending job to the last",
        &format!(
            "{:.2} s, {:.2} s with its start; cores busy: {cores}",
            took.as_secs_f64(),
            since.as_secs_f64()
        ),
    );
    world.terminate(Role::Relay, 0).await;
    let per_second = (JOBS as u64 - already) as f64 / took.as_secs_f64();
    Carried { per_second, redis_us: redis_used * 1e6 / JOBS as f64 }
}
