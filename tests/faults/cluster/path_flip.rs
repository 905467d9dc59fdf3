//! A job type's path goes from the queue over both to the log, and back, under load on two gateways that follow the change at
//! different moments. Each job is stamped with the path that its gateway took, so none is lost between them and none runs twice.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, Role};

use super::{close_once, more, show_round};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT};

/// From the queue to the log, and back.
const PATHS: [&str; 4] = ["both", "log", "both", "queue"];
/// Jobs of each gateway on each path.
const JOBS_A_STEP: usize = 1_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    // Leases are long: nothing may run again for any cause.
    let setup = ClusterSetup { gateways: 2, workers: 2, lease_s: 60, ..ClusterSetup::default() };
    let mut world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", &format!("{PATIENT}\npath = \"queue\"")).await;
    let addresses = [world.address(), world.at_gateway(1).address()];
    let rounds = run.of(2, 10);
    for round in 1..=rounds {
        let loads = addresses.map(|address| Load::start(address, JOB_TYPE, CLIENTS, chance.random()));
        for path in PATHS {
            for load in &loads {
                more(load, JOBS_A_STEP).await;
            }
            let route = format!("{PATIENT}\npath = \"{path}\"\nhandlers = [{{ module = \"noop@1.0.0\" }}]");
            world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{route}")).await;
        }
        for load in loads {
            more(&load, JOBS_A_STEP).await;
            load.gather(&mut told).await;
        }
        show_round(round, rounds, &told);
    }
    let mut verdict = close_once(&world, &told).await;
    every_path_was_taken(&world, &mut verdict).await;
    verdict
}

/// Without it the scenario would prove nothing: the relay carried jobs, dropped records of jobs that the queue had, and some
/// jobs reached the queue without it.
async fn every_path_was_taken(world: &ClusterWorld, verdict: &mut Verdict) {
    let of_relay = |name| world.metric(Role::Relay, 0, name, "");
    let carried = of_relay("wasmill_relay_pushed_total").await;
    let dropped = of_relay("wasmill_relay_dropped_total").await;
    let straight = verdict.acknowledged as f64 - carried;
    let paths = BTreeMap::from([("log", carried), ("both", dropped), ("queue", straight - dropped)]);
    eprintln!("jobs by path: {paths:?}");
    for (path, jobs) in paths {
        if jobs < 1.0 {
            verdict.broken.push(format!("no job took the path {path}"));
        }
    }
}
