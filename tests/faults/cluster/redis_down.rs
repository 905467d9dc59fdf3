//! One of two servers of Redis is away for a while: the gateway takes jobs in as if nothing were, those of the other server
//! run, and the rest runs when it is back.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, until};

use super::{more, show_round, some_load};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, close, repeats_are_lost_leases};

const JOBS_A_ROUND: usize = 2_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let setup = ClusterSetup { redis: 2, workers: 2, ..ClusterSetup::default() };
    let mut world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(1, 3);
    for round in 1..=rounds {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        more(&load, JOBS_A_ROUND).await;
        // An ordinary stop: it keeps all that it had. What a torn file does is another scenario.
        world.redis_mut(1).end();
        let before = done(&world);
        more(&load, JOBS_A_ROUND).await;
        until("jobs of the other server run", DEADLINE, || {
            std::future::ready((done(&world) > before + JOBS_A_ROUND / 4).then_some(()))
        })
        .await;
        load.gather(&mut told).await;
        // The fault itself lasts so many seconds. Jobs come in all the time, but not as many as can: a minute of those would take
        // long to run.
        for _ in 0..run.of(5, 60) {
            some_load(&world, JOBS_A_ROUND, &mut chance, &mut told).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        world.redis_mut(1).restart().await;
        more(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        show_round(round, rounds, &told);
    }
    let mut verdict = close(&world, &told).await;
    repeats_are_lost_leases(&world, &mut verdict).await;
    verdict
}

/// How many jobs the processes have told to be done.
fn done(world: &ClusterWorld) -> usize {
    use wasmill_tests::Watched;
    world.executions().iter().map(|process| process.done.len()).sum()
}
