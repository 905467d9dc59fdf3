//! The relay: a topic with jobs in it, and an empty Redis. Beside bare consumption of the same topic, and a bare script with
//! the same writes, in turns. Nobody takes jobs meanwhile.

use std::time::{Duration, Instant};

use wasmill_tests::{ClusterSetup, ClusterWorld, Redis, Role, until};

use crate::bare_consumer::consume;
use crate::bare_script;
use crate::cpu;
use crate::figures::{middle, print, rate};
use crate::load::{count, enqueue, world};

const JOBS: usize = 500_000;
const ROUNDS: usize = 3;
const WITHIN: Duration = Duration::from_secs(300);

pub(crate) async fn measure() {
    let mut world = world(ClusterSetup { relays: 0, workers: 0, ..ClusterSetup::default() }, "paused").await;
    enqueue(&world, JOBS).await;
    let bootstrap = world.kafka().bootstrap();
    let mut rows = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let from = bootstrap.clone();
        let consumed = tokio::task::spawn_blocking(move || consume(&from, JOBS)).await.unwrap();
        let redis = Redis::start().await;
        let script = bare_script::push(&redis.url(), JOBS, consumed.record_bytes).await;
        drop(redis);
        let carried = carry(&mut world).await;
        let share = 100.0 * carried / consumed.per_second.min(script);
        print(
            &format!("relay, {JOBS} jobs in the topic"),
            &format!(
                "{}; bare consumer {}, bare script {}",
                rate(carried, "jobs"),
                rate(consumed.per_second, "records"),
                rate(script, "jobs")
            ),
        );
        for (row, figure) in rows.iter_mut().zip([carried, consumed.per_second, script, share]) {
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

/// Starts a relay on an empty Redis, and stops it when all jobs are pending; jobs per second from the first one on.
async fn carry(world: &mut ClusterWorld) -> f64 {
    world.redis(0).flush_all().await;
    let pids = [("broker", world.kafka().pid(1)), ("redis", world.redis(0).pid())];
    let before = pids.map(|(_, pid)| cpu::seconds(pid));
    let asked = Instant::now();
    world.begin_relay(0, &[]);
    let (began, already) = until("the first jobs are pending", WITHIN, || async {
        let pending = count(world, "pending").await;
        (pending > 0).then(|| (Instant::now(), pending))
    })
    .await;
    until("all are pending", WITHIN, || async {
        (count(world, "pending").await == JOBS as u64).then_some(())
    })
    .await;
    let (took, since) = (began.elapsed(), asked.elapsed());
    let used = cpu::seconds(world.process(Role::Relay, 0).pid());
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
    (JOBS as u64 - already) as f64 / took.as_secs_f64()
}
