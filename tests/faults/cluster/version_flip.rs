//! A job type moves from one version of its module to the next, in steps and back, under load. No job is lost or runs twice,
//! and both versions run while both are in the route.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Watched, guest, until};

use super::{close_once, more, show_round};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT};

/// The share of the new version, step by step.
const SHARES: [u32; 6] = [5, 50, 100, 50, 5, 0];
const JOBS_A_STEP: usize = 1_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let setup = ClusterSetup { workers: 2, lease_s: 60, ..ClusterSetup::default() };
    let world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    world.deploy_as("noop@1.1.0", guest("noop")).await;
    let rounds = run.of(1, 5);
    for round in 1..=rounds {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        for share in SHARES {
            more(&load, JOBS_A_STEP).await;
            let route = format!("{PATIENT}\nhandlers = [{}]", handlers(share));
            world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{route}")).await;
            all_follow(&world).await;
        }
        more(&load, JOBS_A_STEP).await;
        load.gather(&mut told).await;
        show_round(round, rounds, &told);
    }
    let mut verdict = close_once(&world, &told).await;
    let mut runs = BTreeMap::<String, usize>::new();
    for process in world.executions() {
        for module in process.modules.into_values() {
            *runs.entry(module).or_default() += 1;
        }
    }
    eprintln!("jobs by version: {runs:?}");
    for version in ["noop@1.0.0", "noop@1.1.0"] {
        if !runs.contains_key(version) {
            verdict.broken.push(format!("no job ran on {version}"));
        }
    }
    verdict
}

/// Waits until every process follows the newest revision: a step that nobody had taken would show nothing.
async fn all_follow(world: &ClusterWorld) {
    /// A gateway, a relay, two workers.
    const PROCESSES: usize = 4;
    let revision = world.get("/v1/status").await.json()["revision"].clone();
    let told = format!("\"new catalog revision\",\"revision\":{revision},");
    until("every process follows", DEADLINE, || async {
        (world.said().matches(&told).count() >= PROCESSES).then_some(())
    })
    .await;
}

/// The handlers of a route in which the new version has this share.
fn handlers(share: u32) -> String {
    let handler =
        |version: &str, weight: u32| format!("{{ module = \"noop@{version}\", weight = {weight} }}");
    let both = [("1.0.0", 100 - share), ("1.1.0", share)];
    let used = both.into_iter().filter(|(_, weight)| *weight > 0);
    used.map(|(version, weight)| handler(version, weight)).collect::<Vec<_>>().join(", ")
}
