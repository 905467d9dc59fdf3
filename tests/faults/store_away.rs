//! The artifact store is away while the mill is stopped and started again: it goes on with the last catalog it knew and the
//! modules it has compiled, and refuses changes until the store is back.

use std::fs;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use wasmill_tests::{DEADLINE, TELLING, World};

use crate::books::{Verdict, check};
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, acknowledged};

const ROUNDS: usize = 3;
const JOBS_A_STEP: usize = 1_000;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let mut broken = Vec::new();
    let mut world = World::start_with(None, &TELLING).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let (artifacts, away) = (world.data().join("artifacts"), world.data().join("artifacts.away"));
    for round in 1..=ROUNDS {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_STEP).await;
        load.gather(&mut told).await;
        world.stop().await;
        // As a mount that is missing looks: an empty folder.
        fs::rename(&artifacts, &away).unwrap();
        world.restart().await;
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_STEP).await;
        load.gather(&mut told).await;
        let refused = world.post("/v1/catalog/apply", &change(round)).await;
        if refused.status != 503 {
            broken.push(format!("a change without the store was answered {}", refused.status));
        }
        fs::remove_dir_all(&artifacts).unwrap();
        fs::rename(&away, &artifacts).unwrap();
        let applied = world.post("/v1/catalog/apply", &change(round)).await;
        if applied.json()["revision"] != json!(round + 1) {
            broken.push(format!("a change with the store back was answered {}", applied.text()));
        }
        eprintln!("round {round}/{ROUNDS}: {} jobs acknowledged", told.acknowledged.len());
    }
    world.drained(DEADLINE * 5).await;
    let mut verdict = check(&world, &told, JOB_TYPE).await;
    verdict.ran_once();
    verdict.broken.extend(broken);
    verdict
}

/// Another queue in each round.
fn change(round: usize) -> serde_json::Value {
    json!({ "files": [{ "name": "more.toml", "text": format!("[queue.more-{round}]\n") }] })
}
