//! A queue's topic is deleted and made again while jobs are on their way. Its partitions stop and say so, other queues go on;
//! once somebody has accepted the new topic, its jobs run, and what was in the queue or parked runs, too.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, until};

use super::some_load;
use crate::Run;
use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{JOB_TYPE, PATIENT, close_beside};

const JOBS: usize = 2_000;
const PARTITIONS: u32 = 2;
const TOPIC: &str = "wasmill.q.frail.1";
const PARKED: &str = "fault.parked";
const JOBS_PARKED: usize = 60;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut world = ClusterWorld::start(&ClusterSetup { lease_s: 60, ..ClusterSetup::default() }).await;
    world.apply(&format!("[queue.frail]\npartitions = {PARTITIONS}")).await;
    world.route("neighbour", "hello", "").await;
    world.route(JOB_TYPE, "noop", &format!("queue = \"frail\"\n{PATIENT}")).await;
    some_load(&world, JOBS, &mut chance, &mut told).await;
    world.drained(DEADLINE).await;
    // Few of these may wait in the queue; the others are parked, in a topic of their own that stays.
    world.route(PARKED, "noop", &parked("paused")).await;
    let mut others = HashSet::new();
    for _ in 0..JOBS_PARKED {
        others.insert(world.enqueue(PARKED, &json!({})).await.id);
    }
    until("the others are parked", DEADLINE, || async {
        let accepted = world.counts(PARKED).await["accepted"].as_f64().unwrap_or_default();
        let parked = world.metric(Role::Relay, 0, "wasmill_relay_parked_total", "").await;
        (accepted >= 1.0 && accepted + parked >= JOBS_PARKED as f64).then_some(())
    })
    .await;

    // Made again behind the relay's back, and grown past what it had read: only the records can tell.
    world.terminate(Role::Relay, 0).await;
    world.kafka().delete_topic(TOPIC).await;
    world.make_topics();
    some_load(&world, 3 * JOBS, &mut chance, &mut told).await;
    world.begin_relay(0, &[]);
    let mut verdict = Verdict::default();
    let neighbour = world.enqueue("neighbour", &json!({ "name": "Ada" })).await;
    world.reaches(&neighbour, "completed").await;
    for partition in 0..PARTITIONS {
        let place = format!("{TOPIC}/{partition}");
        until(&format!("{place} has stopped, and says so"), DEADLINE, || async {
            world.said().contains(&format!("wasmill relay accept {place}")).then_some(())
        })
        .await;
    }
    if world.counts(JOB_TYPE).await["accepted"].as_u64().unwrap_or_default() > JOBS as u64 * 2 {
        verdict.broken.push("jobs of the new topic came to the queue before it was accepted".into());
    }
    for partition in 0..PARTITIONS {
        world.wasmill(&["relay", "accept", &format!("{TOPIC}/{partition}"), "--yes"]).unwrap();
    }
    world
        .apply(&format!(
            "[type.\"{PARKED}\"]\nhandlers = [{{ module = \"noop@1.0.0\" }}]\n{}",
            parked("live")
        ))
        .await;
    others.insert(neighbour.id);
    let broken = verdict.broken;
    verdict = close_beside(&world, &told, &others).await;
    verdict.ran_once();
    verdict.broken.extend(broken);
    let done = world.counts(PARKED).await["completed"].as_u64();
    if done != Some(JOBS_PARKED as u64) {
        verdict.broken.push(format!("{done:?} of {JOBS_PARKED} jobs completed of which most were parked"));
    }
    verdict
}

/// The route of a type of which few jobs may wait.
fn parked(mode: &str) -> String {
    format!("queue = \"frail\"\nflow = {{ max_pending = 5 }}\nmode = \"{mode}\"")
}
