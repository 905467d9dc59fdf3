//! The relay dies at each of its steps, as by kill -9, and is started again: reading, storing dead letters, parking, pushing,
//! paying, committing. No job is lost, none runs twice.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, until};

use super::some_load;
use crate::Run;
use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{JOB_TYPE, close_beside};

/// Few may wait, so that many are parked.
const CROWDED: &str = "retry = { attempts = 1000 }\nflow = { max_pending = 100 }";
const STEPS: [&str; 6] = ["read", "buried", "parked", "pushed", "paid", "committed"];
const JOBS_A_ROUND: usize = 1_000;
const JOBS_A_MOMENT: usize = 100;
const MOMENT: Duration = Duration::from_millis(100);

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut world = ClusterWorld::start(&ClusterSetup { lease_s: 60, ..ClusterSetup::default() }).await;
    world.route("doomed", "reject", "").await;
    world.route(JOB_TYPE, "noop", CROWDED).await;
    let mut doomed = Vec::new();
    for round in 0..run.of(1, 4) {
        for step in STEPS {
            world.terminate(Role::Relay, 0).await;
            let dies_at = format!("{step}:{}", chance.random_range(1..=run.of(2, 8)));
            world.begin_relay(0, &[("WASMILL_RELAY_DIES_AT", &dies_at)]);
            // Something to bury, and enough to park, while it comes to that. Not faster: until the group has given up the relay
            // that died before, nothing is relayed.
            while !world.has_ended(Role::Relay, 0) {
                doomed.push(world.enqueue("doomed", &json!({})).await);
                some_load(&world, JOBS_A_MOMENT, &mut chance, &mut told).await;
                tokio::time::sleep(MOMENT).await;
            }
            eprintln!("round {round}: the relay died at {dies_at}");
            some_load(&world, JOBS_A_ROUND, &mut chance, &mut told).await;
            world.start_relay(0, &[]).await;
        }
    }
    for job in &doomed {
        until("the doomed are dead", DEADLINE, || async {
            world.job(job).await.filter(|view| view["state"] == "dead").map(drop)
        })
        .await;
    }
    let others = doomed.into_iter().map(|job| job.id).collect();
    let mut verdict = close_beside(&world, &told, &others).await;
    verdict.ran_once();
    verdict
}
