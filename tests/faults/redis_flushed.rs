//! FLUSHALL under load, with the embedded log behind the queue: it is rebuilt from the log while everything runs. Nothing
//! acknowledged is lost; what runs again was in flight at the flush, or had ended in the seconds before it.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{LogKind, RedisWorld, Setup};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{
    CLIENTS, DRAINED, JOB_TYPE, PATIENT, acknowledged, around_now, close, repeats_are_near,
};

const ROUNDS: usize = 8;
const JOBS_A_ROUND: usize = 2_000;
/// What is promised is that only the last seconds repeat. Settled offsets reach the log each quarter of a second, and seconds later
/// on a machine that stands still meanwhile. All rounds together may take less than this: the bound tells by what ended before them.
const LAST_SECONDS: Duration = Duration::from_secs(10);

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let mut flushes = Vec::new();
    let world = RedisWorld::start(&Setup { log: LogKind::Embedded, lease_s: 60, ..Setup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    // None of these may run again: they end longer before the first flush than the last seconds are.
    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    acknowledged(&load, JOBS_A_ROUND).await;
    load.gather(&mut told).await;
    world.drained(DRAINED).await;
    // The seconds themselves.
    tokio::time::sleep(LAST_SECONDS).await;
    for round in 1..=ROUNDS {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_ROUND).await;
        // A random instant, not a wait for something.
        tokio::time::sleep(Duration::from_micros(chance.random_range(0..400_000))).await;
        world.redis().flush_all().await;
        flushes.push(around_now(LAST_SECONDS));
        // The load goes on: pushes and settles meet the empty Redis.
        acknowledged(&load, 2 * JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        if chance.random_bool(0.5) {
            // Every second round, the next flush meets an empty queue: only the log knows what is settled.
            world.drained(DRAINED).await;
        }
        eprintln!("round {round}/{ROUNDS}: {} jobs acknowledged", told.acknowledged.len());
    }
    let mut verdict = close(&world, &told).await;
    repeats_are_near(&world, &flushes, &mut verdict);
    verdict
}
