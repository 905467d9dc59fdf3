//! A rolling restart of three brokers, then a restart of all at once, under load.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld};

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
        ClusterWorld::start(&ClusterSetup { brokers: 3, lease_s: 60, ..ClusterSetup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(1, 3);
    for round in 1..=rounds {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        for broker in 1..=3 {
            world.kafka_mut().stop(broker).await;
            world.kafka_mut().start_again(broker).await;
            world.kafka().in_sync(broker).await;
            more(&load, JOBS_A_ROUND).await;
        }
        for broker in 1..=3 {
            world.kafka_mut().stop(broker).await;
        }
        world.kafka_mut().start_all_again(&[1, 2, 3]).await;
        more(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        show_round(round, rounds, &told);
    }
    close_once(&world, &told).await
}
