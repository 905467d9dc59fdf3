//! SIGSTOP of a worker for one and a half leases while it holds jobs. The others run them; when it thaws, what it settles
//! late is refused, and what it does from then on counts again.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{DEADLINE, RedisWorld, Setup};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, acknowledged, close, repeats_are_lost_leases};

/// Rounds in which the frozen worker was seen to lose jobs.
const ROUNDS: usize = 4;
/// Rounds in all: in some it holds nothing at the instant when it freezes.
const ROUNDS_MAX: usize = 30;
const JOBS_A_ROUND: usize = 2_000;
const FROZEN: usize = 0;
/// Those of the frozen one run out; those of a machine that stands still for a moment are not to.
const LEASE_S: u64 = 4;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let setup = Setup { lease_s: LEASE_S, ..Setup::default() };
    let world = RedisWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let mut rounds = 0;
    for round in 1..=ROUNDS_MAX {
        if rounds == ROUNDS {
            break;
        }
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_ROUND).await;
        let lost = lost_leases(&world).await;
        world.worker(FROZEN).freeze();
        // The fault itself lasts so long.
        tokio::time::sleep(Duration::from_secs(setup.lease_s) * 3 / 2).await;
        world.worker(FROZEN).thaw();
        load.gather(&mut told).await;
        world.drained(DEADLINE).await;
        // If it held jobs when it froze, their leases ran out, and another worker ran them.
        rounds += usize::from(lost_leases(&world).await > lost);
        eprintln!(
            "round {round}: {} jobs acknowledged, {rounds} times it lost jobs",
            told.acknowledged.len()
        );
    }
    let mut verdict = close(&world, &told).await;
    repeats_are_lost_leases(&world, &mut verdict).await;
    if rounds < ROUNDS {
        verdict
            .broken
            .push(format!("only in {rounds} of {ROUNDS_MAX} rounds did the frozen worker hold jobs"));
    }
    // A late settle that was taken would count a job as completed twice.
    let completed = world.counts(JOB_TYPE).await["completed"].as_u64().unwrap_or_default();
    let most = u64::try_from(told.acknowledged.len() + told.jobs_of_unknown_fate).unwrap();
    if completed > most {
        verdict.broken.push(format!("{completed} jobs were settled as completed, of at most {most}"));
    }
    verdict
}

async fn lost_leases(world: &RedisWorld) -> u64 {
    world.counts(JOB_TYPE).await["lost"].as_u64().unwrap_or_default()
}
