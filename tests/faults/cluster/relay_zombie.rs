//! A relay is frozen (SIGSTOP) under load until its group has given its partitions to another, and thaws with a push in its
//! hands: the queue refuses it, because somebody has moved the offset on.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, until};

use super::{close_once, more};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{JOB_TYPE, PATIENT};

const JOBS_A_ROUND: usize = 1_000;
/// Those of the queue that a type is in which names none.
const PARTITIONS: usize = 4;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let setup = ClusterSetup { relays: 2, lease_s: 60, ..ClusterSetup::default() };
    let mut world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    let rounds = run.of(1, 6);
    for round in 0..rounds {
        let (frozen, other) = (round % 2, 1 - round % 2);
        // One client: the load has to last until the group has given the frozen one up.
        let load = Load::start(world.address(), JOB_TYPE, 1, chance.random());
        more(&load, JOBS_A_ROUND).await;
        world.process(Role::Relay, frozen).freeze();
        // With all partitions the other's own, nothing stays behind in the log.
        until("the other relay carries all partitions", DEADLINE, || async {
            let carried = world.metrics(Role::Relay, other, "wasmill_relay_lag_records").await;
            let queue = carried.iter().filter(|(labels, _)| labels.contains("wasmill.q."));
            (queue.count() >= PARTITIONS).then_some(())
        })
        .await;
        world.process(Role::Relay, frozen).thaw();
        more(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        eprintln!("round {}/{rounds}: {} jobs acknowledged", round + 1, told.acknowledged.len());
    }
    close_once(&world, &told).await
}
