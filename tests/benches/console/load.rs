//! The jobs that wait: of a thousand paused types, posted in batches.

use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use hyper::Method;
use tokio::task::JoinSet;
use wasmill_tests::Mill;

use crate::figures::{print, rate};

pub(crate) const TYPES: usize = 1_000;
const JOBS: usize = 2_000_000;
const BATCH: usize = 500;
const CONNECTIONS: usize = 4;

/// Routes all types, and posts the jobs.
pub(crate) async fn fill(name: &str, mill: &Mill) {
    let jobs =
        std::env::var("WASMILL_BENCH_JOBS").map_or(JOBS, |text| text.parse().expect("a number of jobs"));
    mill.deploy("noop").await;
    let mut text = String::new();
    for number in 0..TYPES {
        writeln!(
            text,
            "[type.\"kind.{number}\"]\nmode = \"paused\"\nhandlers = [{{ module = \"noop@1.0.0\" }}]"
        )
        .unwrap();
    }
    mill.apply(&text).await;
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS {
        let mut connection = mill.connect().await;
        clients.spawn(async move {
            let mut posted = 0;
            for batch in (client..jobs / BATCH).step_by(CONNECTIONS) {
                let reply = connection
                    .send(
                        Method::POST,
                        "/v1/jobs/batch",
                        &[("content-type", "application/x-ndjson")],
                        lines(batch),
                    )
                    .await;
                let reply = reply.unwrap();
                assert_eq!(reply.status, 202, "{}", reply.text());
                posted += BATCH;
            }
            posted
        });
    }
    let posted: usize = clients.join_all().await.into_iter().sum();
    print(&format!("{name}: {posted} jobs of {TYPES} types accepted"), &rate(posted, began.elapsed()));
}

/// A batch, its jobs of types that follow each other.
pub(crate) fn lines(batch: usize) -> Bytes {
    let mut lines = String::with_capacity(BATCH * 80);
    for job in 0..BATCH {
        let number = (batch * BATCH + job) % TYPES;
        writeln!(lines, "{{\"type\":\"kind.{number}\",\"payload\":{{\"user\":{job}}}}}").unwrap();
    }
    lines.into()
}
