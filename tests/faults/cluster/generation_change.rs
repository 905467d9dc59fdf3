//! A queue gets other partitions and another Redis, and goes back, under load on two gateways that follow the change at different
//! moments: a new generation each time, while the old ones drain. Jobs that wait across a change run where they were, and are
//! found there. At the end what is drained is retired.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::Instant;
use wasmill_tests::{ClusterSetup, ClusterWorld, Executions, JobRef, Watched, wasmill};

use super::{more, show_round};
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, JOB_TYPE, PATIENT, close_beside};

/// Where it begins, and where it goes under load.
const FIRST: &str = "partitions = 4";
const LAYOUTS: [&str; 4] =
    ["partitions = 8", "partitions = 8\nredis = \"big\"", "partitions = 8", "partitions = 4"];
/// Jobs of each gateway in each layout.
const JOBS_A_STEP: usize = 3_000;
/// Jobs of each step that fail once, and wait for their second attempt.
const LATE_A_STEP: usize = 50;
const LATE: &str = "fault.late";
/// Long enough that a change comes between the two attempts of most.
const LATE_ROUTE: &str =
    "queue = \"mail\"\nretry = { attempts = 1000, backoff = { first = \"10s\", jitter = 0 } }";

/// So many results a shard of the queue keeps, the newest.
const RESULTS_MAX: usize = 100_000;

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    // Leases are long: nothing may run again for any cause.
    let setup = ClusterSetup {
        gateways: 2,
        relays: 2,
        workers: 2,
        slots: 8,
        lease_s: 120,
        more_redis: 1,
        ..ClusterSetup::default()
    };
    let mut world = ClusterWorld::start(&setup).await;
    world.apply(&format!("[queue.mail]\n{FIRST}")).await;
    world.route(LATE, "flaky", LATE_ROUTE).await;
    world.route(JOB_TYPE, "noop", &format!("{PATIENT}\nqueue = \"mail\"")).await;
    let addresses = [world.address(), world.at_gateway(1).address()];
    let mut late = Vec::new();
    let rounds = run.of(1, 3);
    for round in 1..=rounds {
        let loads = addresses.map(|address| Load::start(address, JOB_TYPE, CLIENTS, chance.random()));
        let (began, before) = (Instant::now(), told.acknowledged.len());
        for layout in LAYOUTS {
            for load in &loads {
                more(load, JOBS_A_STEP).await;
            }
            late.extend(send_late(&world).await);
            world.apply(&format!("[queue.mail]\n{layout}")).await;
            world.followed().await;
        }
        for load in &loads {
            more(load, JOBS_A_STEP).await;
        }
        for load in loads {
            load.gather(&mut told).await;
        }
        let rate = (told.acknowledged.len() - before) as f64 / began.elapsed().as_secs_f64();
        eprintln!("load: {rate:.0} jobs/s acknowledged, over {:.1} s", began.elapsed().as_secs_f64());
        show_round(round, rounds, &told);
    }
    let others: HashSet<_> = late.iter().map(|job| job.id.clone()).collect();
    let mut verdict = close_beside(&world, &told, &others).await;
    verdict.ran_once();
    late_ran_twice(&world, &late, &told, &mut verdict).await;
    each_generation_had_jobs(&told, &mut verdict);
    retire(&world, &mut verdict).await;
    verdict
}

/// Sends jobs that fail once.
async fn send_late(world: &ClusterWorld) -> Vec<JobRef> {
    let mut jobs = Vec::new();
    for _ in 0..LATE_A_STEP {
        jobs.push(world.enqueue(LATE, &json!({ "failures": 1 })).await);
    }
    jobs
}

/// The second attempt of each of them was the one that completed it, and each is found by its id unless so many have ended since
/// that its result is forgotten.
async fn late_ran_twice(world: &ClusterWorld, late: &[JobRef], told: &Told, verdict: &mut Verdict) {
    let executions = world.executions();
    let attempts = |of: fn(&Executions) -> &HashMap<String, u32>, id: &str| {
        executions.iter().filter_map(|process| of(process).get(id)).sum::<u32>()
    };
    let may_be_forgotten = told.acknowledged.len() > RESULTS_MAX;
    for job in late {
        let ran = (attempts(|all| &all.started, &job.id), attempts(|all| &all.done, &job.id));
        let view = world.job(job).await.unwrap_or_default();
        let is_forgotten = view["state"].is_null() && may_be_forgotten;
        if ran != (2, 1) || !is_forgotten && (view["state"] != "completed" || view["attempts"] != 2) {
            let (began, ended) = ran;
            verdict.broken.push(format!(
                "the job {} that failed once began {began} times, completed {ended} times, and is {view}",
                job.id
            ));
            return;
        }
    }
}

/// Without it the scenario would prove nothing: three generations, in two sets of servers.
fn each_generation_had_jobs(told: &Told, verdict: &mut Verdict) {
    let mut jobs = BTreeMap::<u16, usize>::new();
    for id in told.acknowledged.keys() {
        // Behind the UUID's version stand its twelve bits.
        let generation = u16::from_str_radix(&id[15..18], 16).unwrap();
        *jobs.entry(generation).or_default() += 1;
    }
    eprintln!("jobs by generation: {jobs:?}");
    for generation in [1, 2, 65] {
        if !jobs.contains_key(&generation) {
            verdict.broken.push(format!("no job went to generation {generation}"));
        }
    }
}

/// What is drained goes, by the command that an operator gives; what new jobs go to stays.
async fn retire(world: &ClusterWorld, verdict: &mut Verdict) {
    let server = format!("http://{}", world.address());
    let shown = async || world.get("/v1/catalog/queues/mail").await.json();
    let before = shown().await;
    let mut broken = |holds: bool, sentence: String| {
        if !holds {
            verdict.broken.push(sentence);
        }
    };
    let (mut draining, mut current) = (BTreeSet::new(), None);
    for row in before["generations"].as_array().unwrap() {
        let number = row["generation"].as_u64().unwrap();
        match row["state"].as_str() {
            Some("draining") => drop(draining.insert(number)),
            _ => current = Some(number),
        }
        for count in ["unsettled", "pending", "scheduled", "in_flight", "parked"] {
            broken(row[count] == 0, format!("generation {number} is not drained: {row}"));
        }
    }
    broken(draining == [2, 65].into() && current == Some(1), format!("its generations are {before}"));
    let retire = |number: u64| {
        wasmill(&["queues", "retire", "mail", &number.to_string(), "--yes", "--server", &server])
    };
    broken(retire(1).is_err(), "the current generation was retired".to_owned());
    for number in draining {
        if let Err(said) = retire(number) {
            broken(false, format!("generation {number} was not retired: {said}"));
        }
    }
    let left = shown().await;
    broken(left["generations"].as_array().map(Vec::len) == Some(1), format!("what is left is {left}"));
}
