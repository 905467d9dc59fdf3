//! An operator cancels, redrives, purges, drains.

use serde_json::json;
use wasmill_tests::{DEADLINE, World, until};

#[tokio::test]
async fn a_dead_letter_is_listed_redriven_and_purged() {
    let world = World::start().await;
    world.route("doomed", "reject", "").await;
    let job = world.enqueue("doomed", &json!({ "reason": "no such user" })).await;
    let dead = world.reaches(&job, "dead").await;
    assert_eq!(dead["error"]["code"], "rejected", "{dead}");

    let listed = world.get("/v1/dead?type=doomed").await.json();
    assert_eq!(listed["letters"][0]["id"], json!(job.id), "{listed}");

    // A letter that is not in the log yet waits for the relay.
    until("the letter is redriven", DEADLINE, || async {
        let answer = world.post("/v1/dead/redrive", &json!({ "ids": [job.id] })).await.json();
        (answer["redriven"] == 1).then_some(())
    })
    .await;
    // It runs again, and dies again.
    until("it has died twice", DEADLINE, || async {
        let counts = world.counts("doomed").await;
        (counts["accepted"] == 2 && counts["dead"] == 1).then_some(())
    })
    .await;

    until("the letter is purged", DEADLINE, || async {
        let answer = world.post("/v1/dead/purge", &json!({ "ids": [job.id], "confirm": true })).await.json();
        (answer["purged"] == 1).then_some(())
    })
    .await;
    until("no letter is left", DEADLINE, || async {
        (world.counts("doomed").await["dead"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn dead_letters_outlive_the_queue() {
    let mut world = World::start().await;
    world.route("doomed", "reject", "").await;
    let job = world.enqueue("doomed", &json!({})).await;
    world.reaches(&job, "dead").await;
    world.drained(DEADLINE).await;
    world.stop().await;
    std::fs::remove_dir_all(world.data().join("queue")).unwrap();
    world.restart().await;
    until("the letter is back", DEADLINE, || async {
        let listed = world.get("/v1/dead").await.json();
        (listed["letters"][0]["id"] == json!(job.id)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_paused_type_keeps_its_jobs_and_a_cancelled_one_never_runs() {
    let world = World::start().await;
    world.route("waits", "hello", "mode = \"paused\"").await;
    let job = world.enqueue("waits", &json!({ "name": "Ada" })).await;
    world.reaches(&job, "pending").await;
    let path = format!("/v1/jobs/waits/{}", job.id);
    let reply =
        world.connect().await.send(hyper::Method::DELETE, &path, &[], bytes::Bytes::new()).await.unwrap();
    assert_eq!((reply.status, reply.json()["state"].as_str()), (202, Some("cancelling")), "{}", reply.text());
    world.reaches(&job, "cancelled").await;
    world.apply("[type.waits]\nhandlers = [{ module = \"hello@1.0.0\" }]\nmode = \"live\"\n").await;
    let second = world.enqueue("waits", &json!({ "name": "Bo" })).await;
    world.reaches(&second, "completed").await;
    assert_eq!(world.counts("waits").await["completed"], 1);
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_in_mid_run() {
    let world = World::start().await;
    world.route("endless", "spin", "limits = { timeout = \"1h\", fuel = 1_000_000_000_000_000 }").await;
    let job = world.enqueue("endless", &json!({})).await;
    world.reaches(&job, "in_flight").await;
    let path = format!("/v1/jobs/endless/{}", job.id);
    world.connect().await.send(hyper::Method::DELETE, &path, &[], bytes::Bytes::new()).await.unwrap();
    world.reaches(&job, "cancelled").await;
    // Its slot is free again: as many endless jobs as there are slots could otherwise stop the mill.
    world.route("greet", "hello", "").await;
    let next = world.enqueue("greet", &json!({ "name": "Ada" })).await;
    world.reaches(&next, "completed").await;
}

#[tokio::test]
async fn sigterm_drains_and_the_rest_runs_after_the_restart() {
    let mut world = World::start().await;
    world.route("greet", "hello", "").await;
    let mut jobs = Vec::new();
    for n in 0..200 {
        jobs.push(world.enqueue("greet", &json!({ "name": n.to_string() })).await);
    }
    world.stop().await;
    world.restart().await;
    for job in &jobs {
        assert_eq!(world.reaches(job, "completed").await["attempts"], 1);
    }
}
