//! A job whose worker dies of it, with 50 innocent ones in flight beside it. Nobody can know which it was: all are suspects,
//! and run one at a time in a child process. The child dies of the poison alone; so it alone is quarantined.
//!
//! A sandboxed guest cannot kill its worker. The scenario does it instead, each time the poison has begun to run: kill -9
//! of whichever process runs it.

use std::collections::HashMap;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use wasmill_tests::{DEADLINE, JobRef, RedisWorld, Setup, Watched, until};

use crate::books::Verdict;
use crate::load::Told;
use crate::mill_books::{DRAINED, JOB_TYPE};

const INNOCENT: usize = 50;
/// It runs out once, when the worker dies. A machine that stands still for a moment must not look like that.
const LEASE_S: u64 = 15;
const LINES: &str = "retry = { attempts = 20 }\nlimits = { timeout = \"5m\", fuel = 1_000_000_000_000_000 }";

pub(crate) async fn run(_seed: u64) -> Verdict {
    let slots = u32::try_from(INNOCENT + 1).unwrap();
    let mut world =
        RedisWorld::start(&Setup { workers: 1, slots, lease_s: LEASE_S, ..Setup::default() }).await;
    world.route(JOB_TYPE, "spin", &format!("{LINES}\nmode = \"paused\"")).await;

    // All are there before the first begins, so that one worker holds them all.
    let mut told = Told::default();
    let mut innocent = Vec::new();
    for _ in 0..INNOCENT {
        // Endless in its first attempt only: none ends before the worker does.
        innocent.push(world.enqueue(JOB_TYPE, &json!({ "attempts": 1 })).await);
    }
    let poison = world.enqueue(JOB_TYPE, &json!({})).await;
    let all: Vec<_> = innocent.iter().chain([&poison]).collect();
    for job in &all {
        told.acknowledged.insert(job.id.clone(), tokio::time::Instant::now());
    }

    let handlers = "handlers = [{ module = \"spin@1.0.0\" }]";
    world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{handlers}\n{LINES}\nmode = \"live\"\n")).await;

    // The first death takes the worker with all of them: one that has not begun by then would be endless in the next worker.
    until("all run", DEADLINE, || {
        let executions = world.executions();
        let runs = |job: &&JobRef| executions.iter().any(|process| process.started.contains_key(&job.id));
        std::future::ready(all.iter().all(runs).then_some(()))
    })
    .await;
    let held = world.counts(JOB_TYPE).await["in_flight"].as_u64().unwrap_or_default();
    world.kill_worker(0);
    world.start_worker(0);

    // From here on only children die, and only of the poison.
    let mut deaths = 1;
    let view = loop {
        let next = until("the poison is quarantined, or runs again", DRAINED, || async {
            let view = world.job(&poison).await?;
            let runs = attempts(&world, &poison) > deaths;
            (view["state"] == "dead" || runs).then_some(view)
        });
        let view = next.await;
        if view["state"] == "dead" {
            break view;
        }
        deaths += 1;
        kill_children(world.worker(0).pid());
    };
    world.drained(DRAINED).await;

    let mut verdict = Verdict { acknowledged: told.acknowledged.len(), ..Verdict::default() };
    verdict.dead = world.counts(JOB_TYPE).await["dead"].as_u64().unwrap_or_default();
    for job in &innocent {
        let state = world.job(job).await.map(|view| view["state"].clone());
        if state == Some(json!("completed")) {
            verdict.completed += 1;
        } else {
            verdict.broken.push(format!("the innocent job {} is {state:?}", job.id));
        }
    }
    let mut started = HashMap::<String, u64>::new();
    for (id, count) in world.executions().into_iter().flat_map(|process| process.started) {
        *started.entry(id).or_default() += u64::from(count);
    }
    verdict.duplicated = started.values().map(|count| count - 1).sum();
    verdict.lost = verdict.acknowledged - verdict.completed - usize::try_from(verdict.dead).unwrap();
    let mut broken = |holds: bool, sentence: String| {
        if !holds {
            verdict.broken.push(sentence);
        }
    };
    broken(
        held > 1,
        format!("only {held} jobs were in flight at the first death: the scenario shows nothing"),
    );
    broken(view["error"]["code"] == "quarantined", format!("the poison died, but not quarantined: {view}"));
    // One death among suspects proves nothing; one alone proves all.
    broken(deaths == 2, format!("the poison killed {deaths} processes before it was quarantined, not 2"));
    let often = innocent.iter().filter(|job| started.get(&job.id).is_some_and(|count| *count > 2)).count();
    broken(
        often == 0,
        format!("{often} innocent jobs ran more than twice: a death beside them, and once alone"),
    );
    if let Err(wrong) = world.check_queue() {
        verdict.broken.push(format!("`wasmill queue check` found: {wrong}"));
    }
    verdict
}

fn attempts(world: &RedisWorld, job: &JobRef) -> u32 {
    world.executions().iter().filter_map(|process| process.started.get(&job.id)).sum()
}

/// kill -9 of the processes that a process has started.
fn kill_children(parent: u32) {
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if parent_of(&entry.path()) == Some(parent) {
            // An error means that it is gone already.
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

fn parent_of(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // proc(5): pid (name) state parent; the name may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
