//! Wasmill on a Redis of its own, measured as the peer is: a gateway and one worker process of no-op Wasm jobs, a fresh
//! sandbox each.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::Method;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};
use wasmill_tests::{DEADLINE, JobRef, RedisWorld, Setup, Watched, until};

use crate::bullmq::{JOBS, PER_SECOND, SECONDS, print};

const JOB_TYPE: &str = "bench.noop";
const BATCH: usize = 500;
const CONNECTIONS: usize = 4;

/// Measures and prints all of it, beside the peer's best drain.
pub(crate) async fn print_all(peer_drained_per_second: f64) {
    drain(peer_drained_per_second).await;
    latency().await;
}

async fn world(telling: bool, mode: &str) -> RedisWorld {
    // Leases as in production: a bench measures no faults.
    let mut world = RedisWorld::start(&Setup { workers: 1, lease_s: 30, telling, ..Setup::default() }).await;
    world.route(JOB_TYPE, "noop", &format!("mode = \"{mode}\"")).await;
    world.leaves_work();
    world
}

async fn drain(peer_drained_per_second: f64) {
    let world = world(false, "paused").await;
    world.redis().must(&["CONFIG", "RESETSTAT"]).await;
    let began = Instant::now();
    enqueue(&world).await;
    let enqueued = JOBS as f64 / began.elapsed().as_secs_f64();
    let handlers = "handlers = [{ module = \"noop@1.0.0\" }]";
    world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{handlers}\nmode = \"live\"\n")).await;
    // The worker follows the catalog with a delay of its own, which is not the queue's.
    let (began, already) = until("the first job is done", DEADLINE, || async {
        let done = world.counts(JOB_TYPE).await["completed"].as_u64()?;
        (done > 0).then(|| (Instant::now(), done))
    })
    .await;
    let jobs = u64::try_from(JOBS).unwrap();
    until("the backlog is worked off", DEADLINE * 5, || async {
        (world.counts(JOB_TYPE).await["completed"] == jobs).then_some(())
    })
    .await;
    let drained = (jobs - already) as f64 / began.elapsed().as_secs_f64();
    let calls = world.redis().calls().await;
    let scripts: u64 = ["evalsha", "eval"].iter().filter_map(|name| calls.get(*name)).sum();
    let all: u64 = calls.values().sum();
    print(
        &format!("Wasmill, enqueue in batches of {BATCH}, {CONNECTIONS} connections"),
        &format!("{enqueued:>9.0} jobs/s"),
    );
    // This bench's own questions about the counts are among them.
    print("Wasmill, commands per job, enqueue + drain", &format!("{:>9.2}", all as f64 / JOBS as f64));
    print("Wasmill, script calls per job", &format!("{:>9.3}", scripts as f64 / JOBS as f64));
    print(
        &format!("Wasmill, drain of a backlog of {JOBS}, fresh sandbox each"),
        &format!("{drained:>9.0} jobs/s ({:.1} times BullMQ)", drained / peer_drained_per_second),
    );
}

async fn enqueue(world: &RedisWorld) {
    let body = Bytes::from(vec![job(); BATCH].join("\n"));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut connection, body) = (world.connect().await, body.clone());
        clients.spawn(async move {
            let headers = [("content-type", "application/x-ndjson")];
            for _ in 0..JOBS / BATCH / CONNECTIONS {
                let sent = connection.send(Method::POST, "/v1/jobs/batch", &headers, body.clone());
                let reply = sent.await.unwrap();
                assert_eq!(reply.status, 202, "{}", reply.text());
            }
        });
    }
    clients.join_all().await;
}

/// From the moment a client sends a job to the moment its handler starts; the peer's figure has no HTTP in it.
async fn latency() {
    let world = world(true, "live").await;
    // The worker follows the catalog with a delay of its own, which is not the queue's.
    let first = world.enqueue(JOB_TYPE, &json!(null)).await;
    world.reaches(&first, "completed").await;
    let mut connection = world.connect().await;
    let mut sent = HashMap::new();
    let mut tick = interval(Duration::from_secs(1) / u32::try_from(PER_SECOND).unwrap());
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for _ in 0..PER_SECOND * SECONDS {
        tick.tick().await;
        let began = now();
        let reply = connection.post("/v1/jobs", job()).await.unwrap();
        sent.insert(JobRef::of(JOB_TYPE, &reply.json()).id, began);
    }
    world.drained(DEADLINE).await;
    let told = world.executions().into_iter().flat_map(|process| process.first_started);
    let mut waits: Vec<Duration> = told
        .filter_map(|(id, started)| Some(started.duration_since(*sent.get(&id)?).unwrap_or_default()))
        .collect();
    assert!(waits.len() >= sent.len() * 99 / 100, "only {} starts were told", waits.len());
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    print(
        &format!("Wasmill, send to start of the handler at {PER_SECOND} jobs/s"),
        &format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(0.5), at(0.99), at(1.0)),
    );
}

/// One job with a payload of 200 bytes.
fn job() -> String {
    format!("{{\"type\":\"{JOB_TYPE}\",\"payload\":\"{}\"}}", "x".repeat(198))
}

#[expect(
    clippy::disallowed_methods,
    reason = "both ends of the measured span are read from the machine's clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
