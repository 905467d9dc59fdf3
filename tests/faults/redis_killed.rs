//! kill -9 of Redis under load, each time with a torn tail of its append-only file. With no log behind it, its own limits
//! hold: what it acknowledged in its last seconds may be lost, and what it settled then may run again. Nothing else.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;
use wasmill_tests::{RedisWorld, Setup};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{
    CLIENTS, DRAINED, JOB_TYPE, PATIENT, acknowledged, close_with_losses, now, repeats_are_near,
};

const ROUNDS: usize = 8;
const JOBS_A_ROUND: usize = 2_000;
/// So many have more bytes in the file than are torn off: nothing before them is.
const JOBS_AT_RISK: usize = 200;
const TORN_BYTES_MAX: u64 = 4_000;
/// Claims whose settling was torn off run out in each round; those of a machine that stands still for a moment are not to.
const LEASE_S: u64 = 6;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    // When jobs were acknowledged that may be lost, and when those ended that may run again.
    let (mut losses, mut repeats) = (Vec::new(), Vec::new());
    let mut world = RedisWorld::start(&Setup { lease_s: LEASE_S, ..Setup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    for round in 1..=ROUNDS {
        let mut unsettled_since = now();
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        if chance.random_bool(0.5) {
            // In every second round all of these are settled; in the others some may wait.
            world.drained(DRAINED).await;
            unsettled_since = now();
        }
        // Redis holds writes back for up to 2 s while an fsync is under way. A kill takes none of what it has handed over.
        world.redis().handed_over().await;
        let at_risk_since = Instant::now();
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_AT_RISK).await;
        world.redis().handed_over().await;
        // A random instant, not a wait for something.
        tokio::time::sleep(Duration::from_micros(chance.random_range(0..400_000))).await;
        world.redis_mut().kill();
        load.gather(&mut told).await;
        losses.push(at_risk_since..=Instant::now());
        world.redis().truncate_aof(chance.random_range(1..=TORN_BYTES_MAX));
        world.redis_mut().restart().await;
        // Gateway and workers come back by themselves.
        world.drained(DRAINED).await;
        repeats.push(unsettled_since..=now());
        eprintln!("round {round}/{ROUNDS}: {} jobs acknowledged", told.acknowledged.len());
    }
    let at_risk = |told_at: &Instant| losses.iter().any(|span| span.contains(told_at));
    let mut verdict =
        close_with_losses(&world, &told, |id| told.acknowledged.get(id).is_some_and(at_risk)).await;
    repeats_are_near(&world, &repeats, &mut verdict);
    verdict
}
