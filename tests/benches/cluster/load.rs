//! The load: worlds with one no-op type, and clients that post jobs of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use tokio::task::JoinSet;
use wasmill_tests::{ClusterSetup, ClusterWorld};

/// The job type: a handler that does nothing.
pub(crate) const JOB_TYPE: &str = "bench.noop";
/// The topic of its queue.
pub(crate) const TOPIC: &str = "wasmill.q.default.1";
/// The partitions of a queue that does not say.
pub(crate) const PARTITIONS: u32 = 4;
/// Jobs in a batch.
pub(crate) const BATCH: usize = 500;
/// Connections that send batches.
pub(crate) const CONNECTIONS: usize = 4;

const HEADERS: [(&str, &str); 1] = [("content-type", "application/x-ndjson")];

/// A world as the benches want it, its type in this mode.
pub(crate) async fn world(setup: ClusterSetup, mode: &str) -> ClusterWorld {
    // Leases as in production: a bench measures no faults.
    let mut world = ClusterWorld::start(&ClusterSetup { lease_s: 30, telling: false, ..setup }).await;
    world.leaves_work();
    world.route(JOB_TYPE, "noop", &format!("mode = \"{mode}\"")).await;
    world
}

/// Lets the workers run the jobs that wait.
pub(crate) async fn go_live(world: &ClusterWorld) {
    let handlers = "handlers = [{ module = \"noop@1.0.0\" }]";
    world.apply(&format!("[type.\"{JOB_TYPE}\"]\n{handlers}\nmode = \"live\"\n")).await;
}

/// One job with a payload of 200 bytes.
pub(crate) fn job() -> String {
    format!("{{\"type\":\"{JOB_TYPE}\",\"payload\":\"{}\"}}", "x".repeat(198))
}

fn batch() -> Bytes {
    Bytes::from(vec![job(); BATCH].join("\n"))
}

/// Enqueues so many jobs in batches over a few connections; jobs per second.
pub(crate) async fn enqueue(world: &ClusterWorld, jobs: usize) -> f64 {
    let left = Arc::new(AtomicUsize::new(jobs / BATCH));
    let began = Instant::now();
    let sent = batches(world, move || {
        let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        std::future::ready(took.is_ok())
    })
    .await;
    assert_eq!(sent, jobs, "a multiple of {BATCH}");
    sent as f64 / began.elapsed().as_secs_f64()
}

/// Sends batches for so long; jobs per second.
pub(crate) async fn batches_for(world: &ClusterWorld, span: Duration) -> f64 {
    let began = Instant::now();
    let sent = batches(world, move || std::future::ready(began.elapsed() < span)).await;
    sent as f64 / began.elapsed().as_secs_f64()
}

/// Sends batches until `goes_on` says no, each connection waiting for its answers; counts what was accepted into `accepted`.
pub(crate) async fn batches_while<F>(
    world: &ClusterWorld,
    accepted: &Arc<AtomicU64>,
    goes_on: impl Fn() -> F + Clone + Send + 'static,
) where
    F: Future<Output = bool> + Send,
{
    let accepted = Arc::clone(accepted);
    let body = batch();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut connection, body) = (world.connect().await, body.clone());
        let (goes_on, accepted) = (goes_on.clone(), Arc::clone(&accepted));
        clients.spawn(async move {
            while goes_on().await {
                let sent = connection.send(Method::POST, "/v1/jobs/batch", &HEADERS, body.clone());
                let reply = sent.await.unwrap();
                assert_eq!(reply.status, 202, "{}", reply.text());
                let lines = reply.body.iter().filter(|byte| **byte == b'\n').count();
                assert_eq!(lines, BATCH);
                accepted.fetch_add(lines as u64, Ordering::Relaxed);
            }
        });
    }
    clients.join_all().await;
}

async fn batches<F>(world: &ClusterWorld, goes_on: impl Fn() -> F + Clone + Send + 'static) -> usize
where
    F: Future<Output = bool> + Send,
{
    let accepted = Arc::new(AtomicU64::new(0));
    batches_while(world, &accepted, goes_on).await;
    usize::try_from(accepted.load(Ordering::Relaxed)).unwrap()
}

/// Single posts over so many connections for so long, each waiting for its answer: how long each took.
pub(crate) async fn singles_for(world: &ClusterWorld, connections: usize, span: Duration) -> Vec<Duration> {
    singles_at(world, connections, Duration::ZERO, span).await
}

/// The same, each connection once in `each`.
pub(crate) async fn singles_at(
    world: &ClusterWorld,
    connections: usize,
    each: Duration,
    span: Duration,
) -> Vec<Duration> {
    let body = Bytes::from(job());
    let post = Asked { method: Method::POST, path: "/v1/jobs", body, status: 202 };
    ask(world, connections, each, span, post).await
}

/// Requests with nothing behind them, in the same way: what HTTP alone costs here.
pub(crate) async fn gets_for(world: &ClusterWorld, connections: usize, span: Duration) -> Vec<Duration> {
    let get = Asked { method: Method::GET, path: "/healthz", body: Bytes::new(), status: 200 };
    ask(world, connections, Duration::ZERO, span, get).await
}

/// What is sent, and the status that is wanted.
#[derive(Clone)]
struct Asked {
    method: Method,
    path: &'static str,
    body: Bytes,
    status: u16,
}

async fn ask(
    world: &ClusterWorld,
    connections: usize,
    each: Duration,
    span: Duration,
    asked: Asked,
) -> Vec<Duration> {
    let began = Instant::now();
    let headers = [("content-type", "application/json")];
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let (mut connection, asked) = (world.connect().await, asked.clone());
        clients.spawn(async move {
            let mut waits = Vec::new();
            // Not all at the same moment.
            let mut next = began + each * number as u32 / connections as u32;
            while began.elapsed() < span {
                tokio::time::sleep_until(next.into()).await;
                next += each;
                let sent = Instant::now();
                let Asked { method, path, body, status } = asked.clone();
                let reply = connection.send(method, path, &headers, body).await.unwrap();
                assert_eq!(reply.status, status, "{}", reply.text());
                waits.push(sent.elapsed());
            }
            waits
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// A count of the type's jobs.
pub(crate) async fn count(world: &ClusterWorld, state: &str) -> u64 {
    world.counts(JOB_TYPE).await[state].as_u64().unwrap_or_default()
}
