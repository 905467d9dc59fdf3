//! A proxy loses Redis's answers after Redis has executed the command, at random. Whoever asked asks again: a repeated take
//! gets the same jobs, a repeated settle finds its work done, a repeated push adds nothing. So no job is lost, and none
//! runs twice but for a lease that ran out.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wasmill_tests::{RedisWorld, Setup, Theft};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, acknowledged, close, repeats_are_lost_leases};

/// One answer in this many is lost; the second round is worse.
const SHARES: [f64; 2] = [0.02, 0.2];
const JOBS_A_ROUND: usize = 5_000;
const STOLEN_MIN: usize = 20;
/// Longer than any chain of repeated questions: leases do not run out for want of an answer.
const LEASE_S: u64 = 30;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let world = RedisWorld::start(&Setup { proxied: true, lease_s: LEASE_S, ..Setup::default() }).await;
    world.route(JOB_TYPE, "noop", PATIENT).await;
    for probability in SHARES {
        world.proxy().steal(Theft::Share { probability, seed: chance.random() });
        let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
        acknowledged(&load, JOBS_A_ROUND).await;
        load.gather(&mut told).await;
        // It also drains under theft.
        world.drained(crate::mill_books::DRAINED).await;
        eprintln!("{probability}: {} answers stolen so far", world.proxy().stolen().len());
    }
    world.proxy().heal();
    let mut verdict = close(&world, &told).await;
    repeats_are_lost_leases(&world, &mut verdict).await;
    let stolen = world.proxy().stolen();
    let scripts = stolen.iter().filter(|command| command.starts_with("EVAL")).count();
    if scripts < STOLEN_MIN {
        verdict
            .broken
            .push(format!("only {scripts} answers to scripts were stolen: the scenario shows nothing"));
    }
    verdict
}
