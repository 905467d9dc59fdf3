//! Redis comes back with an older state, as from a backup, under load: jobs that were pushed since are replayed, jobs that the
//! log knows to be settled are not run again, and what had ended in the last seconds may be.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld};

use super::more;
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, around_now, close, repeats_are_near};

const JOBS_A_ROUND: usize = 2_000;
/// What is promised is that only the last seconds repeat. Settled offsets reach the log each quarter of a second, and seconds later
/// on a machine that stands still meanwhile. The bound tells by what ended before these seconds in the first round.
const LAST_SECONDS: Duration = Duration::from_secs(10);

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut faults = Vec::new();
    let mut world = ClusterWorld::start(&ClusterSetup { lease_s: 30, ..ClusterSetup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(2, 6);
    for round in 1..=rounds {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        more(&load, JOBS_A_ROUND).await;
        let backup = world.redis(0).copy_of_data();
        more(&load, JOBS_A_ROUND).await;
        if round == 1 {
            // The seconds themselves: the older state knows nothing of what ended before them since, and the log knows it all.
            tokio::time::sleep(LAST_SECONDS).await;
        }
        world.redis_mut(0).kill();
        faults.push(around_now(LAST_SECONDS));
        world.redis(0).put_back(&backup);
        world.redis_mut(0).restart().await;
        more(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        eprintln!("round {round}/{rounds}: {} jobs acknowledged", told.acknowledged.len());
    }
    let mut verdict = close(&world, &told).await;
    repeats_are_near(&world, &faults, &mut verdict);
    verdict
}
