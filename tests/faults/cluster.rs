//! Faults of the profile cluster: brokers, relays, gateways and servers of Redis, on real ones.

pub(crate) mod broker_killed;
pub(crate) mod cluster_restart;
pub(crate) mod gateway_killed;
pub(crate) mod generation_change;
pub(crate) mod head_of_line;
pub(crate) mod no_fault;
pub(crate) mod old_jobs;
pub(crate) mod path_flip;
pub(crate) mod redis_down;
pub(crate) mod redis_rolled_back;
pub(crate) mod redis_wiped_quiet;
pub(crate) mod relay_killed;
pub(crate) mod relay_zombie;
pub(crate) mod topic_recreated;
pub(crate) mod two_brokers_killed;
pub(crate) mod two_writers;
pub(crate) mod unclean_leader;
pub(crate) mod version_flip;

use rand::RngExt;
use rand::rngs::StdRng;
use wasmill_tests::ClusterWorld;

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, acknowledged, close};

/// Load on the first gateway until so many jobs are acknowledged; what the clients were told is added to `told`.
pub(crate) async fn some_load(world: &ClusterWorld, jobs: usize, chance: &mut StdRng, told: &mut Told) {
    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    acknowledged(&load, jobs).await;
    load.gather(told).await;
}

/// Adds to a load that goes on: waits for so many acknowledged jobs more than there are now.
pub(crate) async fn more(load: &Load, jobs: usize) {
    acknowledged(load, load.acknowledged() + jobs).await;
}

/// Closes the books after faults that no job may run twice for.
pub(crate) async fn close_once(world: &ClusterWorld, told: &Told) -> Verdict {
    let mut verdict = close(world, told).await;
    verdict.ran_once();
    verdict
}

/// A line at the end of each round, for whoever watches.
pub(crate) fn show_round(round: usize, rounds: usize, told: &Told) {
    let Told { acknowledged, jobs_of_unknown_fate, .. } = told;
    eprintln!(
        "round {round}/{rounds}: {} jobs acknowledged, {jobs_of_unknown_fate} of unknown fate",
        acknowledged.len()
    );
}
