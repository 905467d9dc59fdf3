//! From the moment a client sends a job to the moment its handler starts, at a steady rate.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};
use wasmill_tests::{DEADLINE, JobRef, TELLING};

use crate::figures::{JOB_TYPE, job, percentiles, print, world};

const JOBS: usize = 5_000;
const PER_SECOND: u32 = 500;

pub(crate) async fn measure() {
    let world = world("live", &TELLING).await;
    let mut sent = HashMap::new();
    let mut tick = interval(Duration::from_secs(1) / PER_SECOND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let mut idle = Vec::new();
    for _ in 0..16 {
        idle.push(world.connect().await);
    }
    let (give_back, mut returned) = tokio::sync::mpsc::unbounded_channel();
    for connection in idle {
        give_back.send(connection).ok().unwrap();
    }
    for _ in 0..JOBS {
        tick.tick().await;
        let mut connection = returned.recv().await.unwrap();
        let (report, give_back) = (report.clone(), give_back.clone());
        tokio::spawn(async move {
            let began = now();
            let reply = connection.post("/v1/jobs", job()).await.unwrap();
            report.send((JobRef::of(JOB_TYPE, &reply.json()).id, began)).unwrap();
            give_back.send(connection).ok();
        });
    }
    drop(report);
    while let Some((id, began)) = reports.recv().await {
        sent.insert(id, began);
    }
    world.drained(DEADLINE).await;
    let samples = starts(&world.log_path(), &sent);
    print(&format!("send to start of the handler, {PER_SECOND} jobs/s"), &percentiles(samples));
}

#[expect(
    clippy::disallowed_methods,
    reason = "both ends of the measured span are read from the machine's clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// The waits between sending and the server's line about the start.
fn starts(log: &std::path::Path, sent: &HashMap<String, SystemTime>) -> Vec<Duration> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text.lines().filter(|line| line.contains("attempt started"));
    let waits = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let began = sent.get(line["job"].as_str()?)?;
        let started = humantime::parse_rfc3339(line["timestamp"].as_str()?).ok()?;
        Some(started.duration_since(*began).unwrap_or_default())
    });
    let waits: Vec<_> = waits.collect();
    assert!(waits.len() >= JOBS * 99 / 100, "only {} starts were told", waits.len());
    waits
}
