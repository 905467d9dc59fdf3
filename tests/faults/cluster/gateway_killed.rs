//! One of two gateways dies by kill -9 under load, again and again. What it had acknowledged is there; callers that had no
//! answer do not know, and go on at the other.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, Role};

use super::{close_once, more, show_round};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT};

const JOBS_A_ROUND: usize = 1_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let mut world =
        ClusterWorld::start(&ClusterSetup { gateways: 2, lease_s: 60, ..ClusterSetup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(3, 10);
    for round in 1..=rounds {
        let doomed = Load::start(world.at_gateway(1).address(), JOB_TYPE, CLIENTS, chance.random());
        let other = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        more(&doomed, JOBS_A_ROUND).await;
        world.kill(Role::Gateway, 1);
        doomed.gather(&mut told).await;
        more(&other, JOBS_A_ROUND).await;
        other.gather(&mut told).await;
        world.start_gateway(1).await;
        show_round(round, rounds, &told);
    }
    close_once(&world, &told).await
}
