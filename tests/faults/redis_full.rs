//! Redis reaches its maxmemory with jobs pending, scheduled, in flight and dead. Pushes are refused, and say so; nothing
//! that was acknowledged is lost; with nobody's help the workers drain what is there, and pushes are accepted again.

use std::cell::Cell;
use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use wasmill_tests::{DEADLINE, JobRef, RedisWorld, Setup, Watched, until};

use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{
    CLIENTS, DRAINED, JOB_TYPE, PATIENT, acknowledged, close_beside, repeats_are_lost_leases,
};

const REFUSALS_MIN: usize = 50;
const JOBS_AFTERWARDS: usize = 2_000;
const RETRYING: &str = "fault.flaky";
const REJECTED: &str = "fault.reject";
const LONG: &str = "fault.spin";
/// For longer than Redis takes to fill, however slowly it does.
const LONG_LIMITS: &str = "limits = { timeout = \"10m\", fuel = 1_000_000_000_000_000 }";
/// So many are in flight meanwhile, each in a slot; the other slots are free.
const HELD: usize = 2;
/// A machine that stands still for a moment must not free them.
const LEASE_S: u64 = 15;
/// Jobs of each of the other states.
const EACH: usize = 50;

pub(crate) async fn run(seed: u64) -> Verdict {
    let mut chance = StdRng::seed_from_u64(seed);
    let setup = Setup { redis: vec![("maxmemory", "32mb")], lease_s: LEASE_S, ..Setup::default() };
    let mut world = RedisWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", &format!("{PATIENT}\nmode = \"paused\"")).await;
    world.route(RETRYING, "flaky", PATIENT).await;
    world.route(REJECTED, "reject", "").await;
    world.route(LONG, "spin", &format!("{PATIENT}\n{LONG_LIMITS}")).await;

    // Work in every state that takes room.
    let mut others = HashSet::new();
    for _ in 0..EACH {
        others.insert(world.enqueue(REJECTED, &json!(null)).await.id);
        others.insert(world.enqueue(RETRYING, &json!({ "failures": 1, "after_ms": 60_000 })).await.id);
    }
    in_state(&world, REJECTED, "dead", EACH).await;
    in_state(&world, RETRYING, "scheduled", EACH).await;
    let mut held = Vec::new();
    for _ in 0..HELD {
        // Endless in its first attempt only.
        held.push(world.enqueue(LONG, &json!({ "attempts": 1 })).await);
    }
    until("the long jobs run", DEADLINE, || {
        let executions = world.executions();
        let runs = |job: &JobRef| executions.iter().any(|process| process.started.contains_key(&job.id));
        std::future::ready(held.iter().all(runs).then_some(()))
    })
    .await;
    others.extend(held.into_iter().map(|job| job.id));

    // Until it is full.
    let mut told = Told::default();
    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    until("the full Redis refuses jobs", DEADLINE * 3, || {
        std::future::ready((load.refused() >= REFUSALS_MIN).then_some(()))
    })
    .await;
    let in_flight = world.counts(LONG).await["in_flight"].as_u64().unwrap_or_default();
    load.gather(&mut told).await;
    eprintln!("full: {} jobs acknowledged, {} refused", told.acknowledged.len(), told.refused);

    let mut broken = Vec::new();
    if in_flight == 0 {
        broken.push("nothing was in flight when Redis was full: the scenario shows too little".to_owned());
    }

    until("the overview says that Redis is full", DEADLINE, || async {
        world.get("/console").await.text().contains("is full and takes no new jobs").then_some(())
    })
    .await;

    // The long jobs end as after a crash: their leases run out, and their second attempts end at once.
    for worker in 0..setup.workers {
        world.kill_worker(worker);
        world.start_worker(worker);
    }
    // Nobody helps: the type is only allowed to run. That itself must work while Redis is full.
    live(&world).await;
    world.drained(DRAINED).await;
    // By their counts: a full Redis forgets results first.
    for (job_type, jobs) in [(RETRYING, EACH), (LONG, HELD)] {
        let completed = world.counts(job_type).await["completed"].as_u64();
        if completed != u64::try_from(jobs).ok() {
            broken.push(format!("{completed:?} of {jobs} jobs of {job_type} are completed"));
        }
    }
    let dead = world.counts(REJECTED).await["dead"].as_u64();
    if dead != u64::try_from(EACH).ok() {
        broken.push(format!("{dead:?} of {EACH} dead letters are left"));
    }

    // Pushing resumes.
    let asked = Cell::new(0);
    let accepted = until("jobs are accepted again", DEADLINE, || async {
        asked.set(asked.get() + 1);
        let reply = world.post("/v1/jobs", &json!({ "type": JOB_TYPE, "payload": null })).await;
        (reply.status == 202).then_some(reply)
    })
    .await;
    told.note(&accepted, 1);
    told.jobs_of_unknown_fate += asked.get() - 1;
    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    acknowledged(&load, JOBS_AFTERWARDS).await;
    load.gather(&mut told).await;

    let mut verdict = close_beside(&world, &told, &others).await;
    repeats_are_lost_leases(&world, &mut verdict).await;
    verdict.broken.extend(broken);
    verdict
}

async fn live(world: &RedisWorld) {
    let handlers = "handlers = [{ module = \"noop@1.0.0\" }]";
    world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{handlers}\n{PATIENT}\nmode = \"live\"\n")).await;
}

async fn in_state(world: &RedisWorld, job_type: &str, state: &str, jobs: usize) {
    until(&format!("{jobs} of {job_type} are {state}"), DEADLINE, || async {
        let there = world.counts(job_type).await[state].as_u64()?;
        (there >= u64::try_from(jobs).ok()?).then_some(())
    })
    .await;
}
