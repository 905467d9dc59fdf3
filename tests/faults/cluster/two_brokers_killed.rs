//! Two of three brokers die, by kill -9 or by an ordinary stop. Quorum asks for two replicas: the gateway answers that it does
//! not know, keeps what it had acknowledged, and goes on when one of them is back.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, until};

use super::{close_once, more, show_round};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT};

const JOBS_A_ROUND: usize = 2_000;
/// Longer than a delivery may take.
const REFUSED_WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let setup = ClusterSetup {
        brokers: 3,
        lease_s: 60,
        kafka_lines: "delivery_timeout = \"5s\"",
        ..ClusterSetup::default()
    };
    let mut world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(2, 4);
    for round in 1..=rounds {
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        more(&load, JOBS_A_ROUND).await;
        let spared = chance.random_range(1..=3);
        let dead: Vec<u32> = (1..=3).filter(|id| *id != spared).collect();
        for broker in &dead {
            if round % 2 == 1 {
                world.kafka_mut().kill(*broker);
            } else {
                world.kafka_mut().stop(*broker).await;
            }
        }
        let unknown = load.unknown();
        until("callers are told that it is not known", REFUSED_WITHIN, || {
            std::future::ready((load.unknown() > unknown).then_some(()))
        })
        .await;
        for broker in &dead {
            world.kafka_mut().start_again(*broker).await;
        }
        for broker in dead {
            world.kafka().in_sync(broker).await;
        }
        more(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        show_round(round, rounds, &told);
    }
    close_once(&world, &told).await
}
