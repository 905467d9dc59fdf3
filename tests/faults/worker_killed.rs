//! kill -9 of workers at random instants under load. The jobs they held run again, one at a time at first because each is a
//! suspect; nothing else runs twice, and none of them is quarantined for a death that was not its own.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{RedisWorld, Setup};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, DRAINED, JOB_TYPE, PATIENT, acknowledged, close, repeats_are_lost_leases};

const ROUNDS: usize = 10;
const JOBS_A_ROUND: usize = 2_000;
/// Leases of the killed run out in each round; those of a machine that stands still for a moment are not to: what a worker gives
/// back because of that runs again, and is not counted as lost.
const LEASE_S: u64 = 6;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let setup = Setup { workers: 3, lease_s: LEASE_S, ..Setup::default() };
    let mut world = RedisWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    for round in 1..=ROUNDS {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_ROUND).await;
        // A random instant, not a wait for something.
        tokio::time::sleep(Duration::from_micros(chance.random_range(0..400_000))).await;
        let first = chance.random_range(0..setup.workers);
        world.kill_worker(first);
        // Sometimes all of them: then only Redis knows what was in flight.
        let killed = if chance.random_bool(0.3) { setup.workers } else { 1 };
        for other in (0..killed).map(|step| (first + step) % setup.workers).skip(1) {
            world.kill_worker(other);
        }
        load.gather(&mut told).await;
        for worker in (0..killed).map(|step| (first + step) % setup.workers) {
            world.start_worker(worker);
        }
        world.drained(DRAINED).await;
        eprintln!("round {round}/{ROUNDS}: {} jobs acknowledged", told.acknowledged.len());
    }
    let mut verdict = close(&world, &told).await;
    repeats_are_lost_leases(&world, &mut verdict).await;
    verdict
}
