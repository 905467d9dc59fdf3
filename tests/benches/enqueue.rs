//! How fast jobs are accepted over HTTP, every answer after its fsync.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use tokio::task::JoinSet;

use crate::figures::{job, percentiles, print, rate, world};

const SPAN: Duration = Duration::from_secs(10);
const BATCH: usize = 500;
const BATCH_CONNECTIONS: usize = 4;
const SINGLE_CONNECTIONS: usize = 64;

/// Batches of 500 over a few connections.
pub(crate) async fn batches(mode: &str) {
    let world = world(mode, &[]).await;
    let body = Bytes::from(vec![job(); BATCH].join("\n"));
    let headers = [("content-type", "application/x-ndjson")];
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..BATCH_CONNECTIONS {
        let mut connection = world.connect().await;
        let body = body.clone();
        clients.spawn(async move {
            let mut jobs = 0;
            while began.elapsed() < SPAN {
                let reply =
                    connection.send(Method::POST, "/v1/jobs/batch", &headers, body.clone()).await.unwrap();
                assert_eq!(reply.status, 202, "{}", reply.text());
                jobs += reply.body.iter().filter(|byte| **byte == b'\n').count();
            }
            jobs
        });
    }
    let jobs: usize = clients.join_all().await.into_iter().sum();
    print(
        &format!("enqueue, batches of {BATCH}, {BATCH_CONNECTIONS} connections, type {mode}"),
        &rate(jobs, began.elapsed()),
    );
}

/// Single posts over many connections, each waiting for its answer.
pub(crate) async fn singles(mode: &str) {
    let world = world(mode, &[]).await;
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..SINGLE_CONNECTIONS {
        let mut connection = world.connect().await;
        clients.spawn(async move {
            let body = Bytes::from(job());
            let mut waits = Vec::new();
            while began.elapsed() < SPAN {
                let sent = Instant::now();
                let reply = connection.post("/v1/jobs", body.clone()).await.unwrap();
                assert_eq!(reply.status, 202, "{}", reply.text());
                waits.push(sent.elapsed());
            }
            waits
        });
    }
    let waits: Vec<Duration> = clients.join_all().await.into_iter().flatten().collect();
    let what = format!("enqueue, single posts, {SINGLE_CONNECTIONS} connections, type {mode}");
    print(&what, &format!("{}; answer {}", rate(waits.len(), began.elapsed()), percentiles(waits)));
}
