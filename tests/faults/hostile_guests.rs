//! Bad guests beside a good one, in the same worker: each misbehaves in its own way for some seconds, again and again, while
//! jobs of the good type come at a steady pace. Each bad job must be stopped by its own limit, none of the good ones may
//! fail, and the closing line tells how long they took before and meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use wasmill_tests::{JobRef, RedisWorld, Setup, Watched};

use crate::Run;
use crate::books::Verdict;
use crate::mill_books::DRAINED;

const GOOD: &str = "good.noop";
/// Jobs of the good type in a second.
const PACE: u64 = 500;
/// Callers that keep it up together.
const CALLERS: u64 = 5;

/// A way to misbehave: the guest, its payload, its route's lines, and how its jobs must end.
struct Bad {
    guest: &'static str,
    payload: Value,
    lines: &'static str,
    ends: &'static str,
}

/// At most two of a kind run at once, so that they have half of the worker's slots.
const LIMITED: &str = "retry = { attempts = 1 }\nflow = { concurrency = 2 }";

/// It has the imports for more than it calls here, so its route has to grant them.
const GREEDY: &str = "limits = { host_calls = 100_000 }\n\
    grants = { http = [\"https://service.example\"], emit = [\"bad.*\"] }";

fn bad_guests() -> Vec<Bad> {
    let bad = |guest, payload, lines, ends| Bad { guest, payload, lines, ends };
    vec![
        bad("spin", json!({}), "limits = { timeout = \"200ms\", fuel = 1_000_000_000_000 }", "timeout"),
        bad("hungry", json!({"touch": true, "trap": true}), "limits = { memory = \"256MiB\" }", "memory"),
        bad("trap", json!({"how": "stack"}), "", "trap"),
        bad("huge", json!({"bytes": 2_000_000, "as": "output"}), "", "output"),
        bad("greedy", json!({"call": "log", "bytes": 1000}), GREEDY, "calls"),
    ]
}

pub(crate) async fn run(run: Run) -> Verdict {
    let span = Duration::from_secs(run.of(4, 20));
    let world = RedisWorld::start(&Setup { workers: 1, slots: 4, lease_s: 60, ..Setup::default() }).await;
    world.route(GOOD, "noop", "").await;
    let mut verdict = Verdict::default();
    // The first of them find a cold worker.
    let _ = good(&world, Duration::from_secs(1), &mut verdict).await;
    let before = good(&world, span, &mut verdict).await;
    eprintln!(
        "{PACE} jobs/s of the good type alone: from acceptance to end p50 {} ms, p99 {} ms",
        before.0, before.1
    );
    for bad in bad_guests() {
        let job_type = format!("bad.{}", bad.guest);
        world.route(&job_type, bad.guest, &format!("{LIMITED}\n{}", bad.lines)).await;
        let until = Instant::now() + span;
        let (during, jobs) =
            tokio::join!(good(&world, span, &mut verdict), misbehave(&world, &job_type, &bad.payload, until));
        eprintln!(
            "beside {} jobs of `{}`: p50 {} ms, p99 {} ms (alone {} and {})",
            jobs.len(),
            bad.guest,
            during.0,
            during.1,
            before.0,
            before.1
        );
        world.drained(DRAINED).await;
        for job in jobs {
            let view = world.job(&job).await.unwrap_or_default();
            if view["state"] != "dead" || view["error"]["code"] != bad.ends {
                verdict
                    .broken
                    .push(format!("a job of `{}` did not die of `{}`: {view}", bad.guest, bad.ends));
            }
            verdict.dead += 1;
        }
    }
    world.drained(DRAINED).await;
    let good = world.counts(GOOD).await;
    verdict.completed = usize::try_from(good["completed"].as_u64().unwrap_or_default()).unwrap();
    verdict.lost = verdict.acknowledged - verdict.completed;
    if verdict.lost > 0 {
        verdict.broken.push(format!("of {} good jobs {} completed", verdict.acknowledged, verdict.completed));
    }
    if let Err(wrong) = world.check_queue() {
        verdict.broken.push(format!("`wasmill queue check` found: {wrong}"));
    }
    verdict
}

/// Sends jobs of the good type for so long, and answers the median and the 99th of a hundred of them, in milliseconds.
async fn good(world: &RedisWorld, span: Duration, verdict: &mut Verdict) -> (u64, u64) {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut connection = world.connect().await;
        callers.spawn(async move {
            let mut pace = interval(Duration::from_micros(1_000_000 * CALLERS / PACE));
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut jobs, until) = (Vec::new(), Instant::now() + span);
            while pace.tick().await < until {
                let reply =
                    connection.post("/v1/jobs", json!({"type": GOOD, "payload": null}).to_string()).await;
                jobs.push(JobRef::of(GOOD, &reply.unwrap().json()));
            }
            jobs
        });
    }
    let jobs: Vec<JobRef> = callers.join_all().await.into_iter().flatten().collect();
    verdict.acknowledged += jobs.len();
    let mut took = Vec::new();
    // Each tenth tells enough, and asking costs the mill something.
    for job in jobs.iter().step_by(10) {
        let view = world.reaches(job, "completed").await;
        let [accepted, ended] = ["accepted_at_ms", "ended_at_ms"].map(|field| view[field].as_u64().unwrap());
        took.push(ended.saturating_sub(accepted));
    }
    took.sort_unstable();
    (took[took.len() / 2], took[took.len() * 99 / 100])
}

/// Keeps jobs of a bad type coming.
async fn misbehave(world: &RedisWorld, job_type: &str, payload: &Value, until: Instant) -> Vec<JobRef> {
    let mut jobs = Vec::new();
    while Instant::now() < until {
        jobs.push(world.enqueue(job_type, payload).await);
        sleep_until(Instant::now() + Duration::from_millis(100)).await;
    }
    jobs
}
