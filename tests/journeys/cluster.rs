//! The profile cluster, all roles in processes of their own: a day's work, relays that come and go, servers of Redis that are
//! lost or full, and what an operator sees of it.

use serde_json::json;
use wasmill_tests::{ClusterSetup, ClusterWorld, DEADLINE, Role, Watched, until};

use crate::profiles::a_day;

#[tokio::test]
async fn a_day_on_kafka_and_two_servers_of_redis() {
    let setup = ClusterSetup { redis: 2, gateways: 2, relays: 2, workers: 2, ..ClusterSetup::default() };
    let mut world = ClusterWorld::start(&setup).await;
    world.route("greeting", "hello", "").await;
    world.route("doomed", "reject", "").await;
    a_day(&world).await;
    let once = json!({ "type": "greeting", "payload": { "name": "Bo" }, "idempotency_key": "k" });
    let first = world.post("/v1/jobs", &once).await.json();
    assert_eq!(first["stored"], "quorum", "{first}");
    let again = world.at_gateway(1).post("/v1/jobs", &once).await.json();
    assert_eq!(again["id"], first["id"], "the same key at another gateway is the same job");
    world.drained(DEADLINE).await;
    assert_eq!(world.check_queue(), Ok(()));
    let said = world.wasmill(&["topics", "check"]).unwrap();
    assert!(!said.is_empty(), "it says that nothing is different");
    for (role, number) in [(Role::Gateway, 1), (Role::Relay, 0), (Role::Worker, 1), (Role::Relay, 1)] {
        world.terminate(role, number).await;
    }
}

#[tokio::test]
async fn jobs_are_taken_in_without_a_relay_and_without_redis_and_run_when_they_are_back() {
    let mut world = ClusterWorld::start(&ClusterSetup::default()).await;
    world.route("greeting", "hello", "").await;
    world.terminate(Role::Relay, 0).await;
    let early = world.enqueue("greeting", &json!({ "name": "Ada" })).await;
    let shown = world.job(&early).await.expect("the receipt proves it");
    assert_eq!(shown["state"], "accepted", "{shown}");

    world.redis_mut(0).end();
    let late = world.enqueue("greeting", &json!({ "name": "Bo" })).await;
    world.redis_mut(0).restart().await;
    world.start_relay(0, &[]).await;
    for job in [early, late] {
        world.reaches(&job, "completed").await;
    }

    // A relay that had begun says how much waits meanwhile: alarms rest on that.
    world.redis_mut(0).end();
    let third = world.enqueue("greeting", &json!({ "name": "Cy" })).await;
    let shows = async |name: &str, at_least: f64| {
        until(&format!("{name} is {at_least}"), DEADLINE, || async {
            (world.metric(Role::Relay, 0, name, "wasmill.q.").await >= at_least).then_some(())
        })
        .await;
    };
    shows("wasmill_relay_hindered", 1.0).await;
    shows("wasmill_relay_lag_records", 1.0).await;
    shows("wasmill_relay_floor_age_seconds", 0.001).await;
    until("the gateway shows that Redis is away", DEADLINE, || async {
        (world.metric(Role::Gateway, 0, "wasmill_queue_server_away", "").await == 1.0).then_some(())
    })
    .await;
    world.redis_mut(0).restart().await;
    world.reaches(&third, "completed").await;
    until("nothing waits any more", DEADLINE, || async {
        let left = world.metric(Role::Relay, 0, "wasmill_relay_lag_records", "").await;
        (left + world.metric(Role::Relay, 0, "wasmill_relay_hindered", "").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_second_relay_shares_the_partitions_and_takes_over_when_the_first_goes() {
    let mut world = ClusterWorld::start(&ClusterSetup::default()).await;
    world.route("greeting", "hello", "").await;
    world.start_relay(1, &[]).await;
    let carried = "wasmill_relay_lag_records";
    until("both carry some", DEADLINE, || async {
        let mut shares = [0, 0];
        for (number, share) in shares.iter_mut().enumerate() {
            *share = world.metrics(Role::Relay, number, carried).await.len();
        }
        shares.iter().all(|share| *share > 0).then_some(())
    })
    .await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(world.enqueue("greeting", &json!({ "name": "Ada" })).await);
    }
    world.terminate(Role::Relay, 0).await;
    for _ in 0..20 {
        jobs.push(world.enqueue("greeting", &json!({ "name": "Bo" })).await);
    }
    for job in jobs {
        world.reaches(&job, "completed").await;
    }
}

#[tokio::test]
async fn a_full_redis_stops_the_relay_and_not_the_gateway() {
    let world = ClusterWorld::start(&ClusterSetup::default()).await;
    world.route("greeting", "hello", "mode = \"paused\"").await;
    world.redis(0).config_set("maxmemory", "1mb").await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(world.enqueue("greeting", &json!({ "name": "Ada" })).await);
    }
    until("the relay says that it waits for room", DEADLINE, || async {
        world.said().contains("the queue is full").then_some(())
    })
    .await;
    world.redis(0).config_set("maxmemory", "0").await;
    world.apply("[type.greeting]\nhandlers = [{ module = \"hello@1.0.0\" }]").await;
    for job in jobs {
        world.reaches(&job, "completed").await;
    }
}
