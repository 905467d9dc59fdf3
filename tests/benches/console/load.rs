//! The jobs that wait: of a thousand paused types, posted in batches, and carried into the queue where there is a log.

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wasmill_tests::Mill;

use crate::figures::{print, rate};

pub(crate) const TYPES: usize = 1_000;
const JOBS: usize = 2_000_000;
const BATCH: usize = 500;
const CONNECTIONS: usize = 4;
/// Between two lines that tell how far it is.
const TELLING: Duration = Duration::from_secs(10);
/// Between two looks at what is in the queue.
const EACH: Duration = Duration::from_secs(1);
/// When no job has come into the queue for so long, none will.
const STALLED: Duration = Duration::from_secs(300);

/// Routes all types.
pub(crate) async fn route(mill: &Mill) {
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
}

/// Posts the jobs, and waits until all of them are in the queue.
pub(crate) async fn fill(name: &str, mill: &Mill) {
    let jobs =
        std::env::var("WASMILL_BENCH_JOBS").map_or(JOBS, |text| text.parse().expect("a number of jobs"));
    let jobs = jobs - jobs % BATCH;
    let began = Instant::now();
    let posted = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 0..CONNECTIONS {
        let (mut connection, posted) = (mill.connect().await, Arc::clone(&posted));
        clients.spawn(async move {
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
                posted.fetch_add(BATCH, Ordering::Relaxed);
            }
        });
    }
    let mut all = pin!(clients.join_all());
    loop {
        tokio::select! {
            _ = &mut all => break,
            () = sleep(TELLING) => eprintln!("{name}: {} of {jobs} jobs accepted", posted.load(Ordering::Relaxed)),
        }
    }
    print(&format!("{name}: {jobs} jobs of {TYPES} types accepted"), &rate(jobs, began.elapsed()));
    carried(name, mill, jobs as u64).await;
}

/// Waits until so many jobs are in the queue. Behind a log that is some while after they were accepted.
async fn carried(name: &str, mill: &Mill, jobs: u64) {
    let began = Instant::now();
    let (mut most, mut moved, mut told) = (0, began, began);
    loop {
        let there = pending(mill).await;
        if there >= jobs {
            break;
        }
        if there > most {
            (most, moved) = (there, Instant::now());
        }
        assert!(moved.elapsed() < STALLED, "{name}: only {most} of {jobs} jobs come into the queue");
        if told.elapsed() >= TELLING {
            told = Instant::now();
            eprintln!("{name}: {there} of {jobs} jobs in the queue");
        }
        sleep(EACH).await;
    }
    print(
        &format!("{name}: the last of them in the queue, after the last was accepted"),
        &format!("{:.0} s", began.elapsed().as_secs_f64()),
    );
}

/// Jobs of all types that are pending; 0 when the mill does not tell.
async fn pending(mill: &Mill) -> u64 {
    let reply = mill.get("/v1/status").await;
    if reply.status != 200 {
        return 0;
    }
    let status = reply.json();
    let rows = status["types"].as_array().into_iter().flatten();
    rows.filter_map(|row| row["pending"].as_u64()).sum()
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
