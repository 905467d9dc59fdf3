//! Jobs that wait for longer than their topic keeps records: the relay appends them again before they are dropped, as often as
//! it takes. They run once each, also when the queue is lost meanwhile.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::Instant;
use wasmill_tests::{ClusterSetup, ClusterWorld, Role, until};

use super::close_once;
use crate::Run;
use crate::books::Verdict;
use crate::load::{Load, Told};
use crate::mill_books::{CLIENTS, DRAINED, JOB_TYPE, PATIENT, acknowledged};

const JOBS: usize = 2_000;
const RETENTION: Duration = Duration::from_secs(60);
/// Of the queue that a type is in which names none.
const TOPIC: &str = "wasmill.q.default.1";

pub(crate) async fn run(run: Run) -> Verdict {
    let mut chance = StdRng::seed_from_u64(run.seed);
    let mut told = Told::default();
    // Kafka looks for what is old as often as we do here, and drops whole segments.
    let broker_options =
        vec![("log.retention.check.interval.ms", "1000"), ("log.segment.delete.delay.ms", "1000")];
    let setup = ClusterSetup { broker_options, lease_s: 60, ..ClusterSetup::default() };
    let world = ClusterWorld::start(&setup).await;
    world.route(JOB_TYPE, "noop", &format!("{PATIENT}\nmode = \"paused\"")).await;
    // Far shorter than a configuration may ask for.
    world.kafka().set_topic(TOPIC, "retention.ms", &RETENTION.as_millis().to_string()).await;
    world.kafka().set_topic(TOPIC, "segment.ms", "5000").await;
    let load = Load::start(world.address(), JOB_TYPE, CLIENTS, chance.random());
    acknowledged(&load, JOBS).await;
    load.gather(&mut told).await;
    let all = told.acknowledged.len() as f64;

    let began = Instant::now();
    until("all were appended again", 4 * RETENTION, || async {
        (world.metric(Role::Relay, 0, "wasmill_relay_refreshed_total", "").await >= all).then_some(())
    })
    .await;
    world.redis(0).flush_all().await;
    // Until the records that came first are long dropped.
    tokio::time::sleep((2 * RETENTION).saturating_sub(began.elapsed())).await;
    until("all wait again", DRAINED, || async {
        (world.counts(JOB_TYPE).await["pending"].as_f64() == Some(all)).then_some(())
    })
    .await;
    world
        .apply(&format!("[type.\"{JOB_TYPE}\"]\nhandlers = [{{ module = \"noop@1.0.0\" }}]\n{PATIENT}"))
        .await;
    close_once(&world, &told).await
}
