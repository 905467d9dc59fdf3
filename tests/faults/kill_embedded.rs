//! kill -9 of the embedded profile at random instants, under load, twenty times.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{DEADLINE, TELLING, World, until};

use crate::books::{Verdict, check};
use crate::load::{Load, Told};

pub(crate) const JOB_TYPE: &str = "fault.noop";
const ROUNDS: usize = 20;
const JOBS_MIN: usize = 20_000;
const CLIENTS: u64 = 4;

pub(crate) async fn run(seed: u64) -> Verdict {
    rounds_of_killing(seed, |_| {}).await
}

/// Rounds of load and kill -9; `between` may do worse to the world while no server runs.
pub(crate) async fn rounds_of_killing(seed: u64, between: impl Fn(&World)) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let mut world = World::start_with(None, &TELLING).await;
    // Crashes use up attempts; nothing here may die of them.
    world.route(JOB_TYPE, "noop", "retry = { attempts = 1000 }").await;
    for round in 1..=ROUNDS {
        let load = Load::start(world.server().address(), JOB_TYPE, CLIENTS, chance.random());
        let enough = JOBS_MIN.div_ceil(ROUNDS);
        until("enough jobs are acknowledged", DEADLINE, || {
            std::future::ready((load.acknowledged() >= enough).then_some(()))
        })
        .await;
        // A random instant, not a wait for something.
        tokio::time::sleep(Duration::from_micros(chance.random_range(0..400_000))).await;
        world.kill();
        load.gather(&mut told).await;
        between(&world);
        world.restart().await;
        eprintln!("round {round}/{ROUNDS}: {} jobs acknowledged", told.acknowledged.len());
    }
    world.drained(DEADLINE * 5).await;
    check(&world, &told, JOB_TYPE).await
}
