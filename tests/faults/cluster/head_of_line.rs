//! A paused type with a heap of jobs in the topic that others use, too. Few of its jobs may wait in the queue: the rest is
//! parked, its neighbours pass, and once it is live again all of them come back.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::Instant;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, until};

use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, DRAINED, JOB_TYPE, acknowledged, close_beside};

const FLOW: &str = "retry = { attempts = 1000 }\nflow = { max_pending = 1000 }";
const PROBES: usize = 1_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let heap = run.of(20_000, 200_000);
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let world = ClusterWorld::start(&ClusterSetup { lease_s: 60, ..ClusterSetup::default() }).await;
    world.route("neighbour", "noop", "").await;
    world.route(JOB_TYPE, "noop", &format!("{FLOW}\nmode = \"paused\"")).await;
    let mut probes = Vec::new();
    let alone = probe(&world, &mut probes).await;

    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    acknowledged(&load, heap).await;
    load.gather(&mut told).await;
    let behind = probe(&world, &mut probes).await;
    eprintln!(
        "a neighbour from send to end, {PROBES} times, looked at every 5 ms: {alone} alone, {behind} behind {heap} jobs of a \
         paused type"
    );
    until("the heap is parked", DRAINED, || async {
        let waiting = world.counts(JOB_TYPE).await["pending"].as_u64().unwrap_or_default();
        (waiting >= 1_000).then_some(())
    })
    .await;
    let parked = world.metric(Role::Relay, 0, "wasmill_relay_parked_total", "").await;

    world
        .apply(&format!(
            "[type.\"{JOB_TYPE}\"]\nhandlers = [{{ module = \"noop@1.0.0\" }}]\n{FLOW}\nmode = \"live\""
        ))
        .await;
    let others = probes.into_iter().collect();
    let mut verdict = close_beside(&world, &told, &others).await;
    verdict.ran_once();
    let at_least = (told.acknowledged.len() - 10_000) as f64;
    if parked < at_least {
        verdict.broken.push(format!("only {parked} jobs were parked, of at least {at_least}"));
    }
    verdict
}

/// Sends jobs of the neighbour one by one, and answers how long they took until they were done.
async fn probe(world: &ClusterWorld, ids: &mut Vec<String>) -> String {
    let mut times = Vec::new();
    for _ in 0..PROBES {
        let began = Instant::now();
        let job = world.enqueue("neighbour", &json!({})).await;
        until("the neighbour is done", DEADLINE, || async {
            world.job(&job).await.filter(|view| view["state"] == "completed").map(drop)
        })
        .await;
        times.push(began.elapsed());
        ids.push(job.id);
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p99 {:.1} ms", at(50), at(99))
}
