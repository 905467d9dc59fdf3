//! Load through all roles, with nothing going wrong: exactly one execution of each job.

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmill_tests::{ClusterSetup, ClusterWorld};

use super::{close_once, some_load};
use crate::Run;
use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{JOB_TYPE, PATIENT};

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    let setup = ClusterSetup { redis: 2, relays: 2, workers: 2, lease_s: 60, ..ClusterSetup::default() };
    let world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    some_load(&world, run.of(50_000, 500_000), &mut chance, &mut told).await;
    close_once(&world, &told).await
}
