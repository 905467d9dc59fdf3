//! The profiles with Redis: all roles in one process or in several, with a log or without; and a Redis that is away or
//! cannot be trusted.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;
use wasmill_tests::{
    Connection, DEADLINE, LogKind, Mill, Redis, RedisWorld, Server, Setup, Watched, free_port, until,
};

/// What users do all day, with the types `greeting` and `doomed`.
pub(crate) async fn a_day(world: &Mill) {
    let job = world.enqueue("greeting", &json!({ "name": "Ada" })).await;
    let shown = world.reaches(&job, "completed").await;
    assert!(shown["output"].to_string().contains("Ada"), "{shown}");
    let dead = world.enqueue("doomed", &json!({})).await;
    world.reaches(&dead, "dead").await;
    until("the letter is redriven", DEADLINE, || async {
        let answer = world.post("/v1/dead/redrive", &json!({ "ids": [dead.id] })).await.json();
        (answer["redriven"] == 1).then_some(())
    })
    .await;
    until("it has died twice", DEADLINE, || async {
        let counts = world.counts("doomed").await;
        (counts["accepted"] == 2 && counts["dead"] == 1).then_some(())
    })
    .await;
    until("the letter is purged", DEADLINE, || async {
        let purge = json!({ "ids": [dead.id], "confirm": true });
        (world.post("/v1/dead/purge", &purge).await.json()["purged"] == 1).then_some(())
    })
    .await;
    let listed = world.get("/v1/jobs?state=completed&type=greeting").await.json();
    assert_eq!(listed["jobs"][0]["id"], json!(job.id), "{listed}");
}

async fn routed(world: &Mill) {
    world.route("greeting", "hello", "").await;
    world.route("doomed", "reject", "").await;
}

#[tokio::test]
async fn a_day_without_a_log_in_processes_of_their_own() {
    let world = RedisWorld::start(&Setup::default()).await;
    routed(&world).await;
    a_day(&world).await;
    let once = json!({ "type": "greeting", "payload": { "name": "Bo" }, "idempotency_key": "k" });
    let first = world.post("/v1/jobs", &once).await.json();
    assert_eq!(first, json!({ "id": first["id"], "stored": "redis" }));
    let again = world.post("/v1/jobs", &once).await.json();
    assert_eq!(again, json!({ "id": first["id"], "stored": "redis", "duplicate": true }));
    world.drained(DEADLINE).await;
    assert_eq!(world.check_queue(), Ok(()));
}

#[tokio::test]
async fn a_console_of_its_own_shows_the_mill_and_takes_nothing_in() {
    let mut world = RedisWorld::start(&Setup::default()).await;
    let (mut server, console) = world.start_console().await;
    world.route("greeting", "hello", "").await;
    let job = world.enqueue("greeting", &json!({ "name": "Ada" })).await;
    world.reaches(&job, "completed").await;
    // It follows the routing table by itself.
    assert_eq!(console.reaches(&job, "completed").await["id"], json!(job.id));
    until("both workers tell of themselves, and one of that job", DEADLINE, || async {
        let workers = console.get("/v1/workers").await.json();
        let attempts = console.get("/v1/attempts?type=greeting").await.json();
        let is_told =
            attempts["attempts"][0]["id"] == json!(job.id) && attempts["attempts"][0]["result"] == "done";
        (workers["workers"].as_array()?.len() == 2 && is_told).then_some(())
    })
    .await;
    for path in ["/console", "/console/workers", "/console/types/greeting", "/v1/status", "/openapi.json"] {
        assert_eq!(console.get(path).await.status, 200, "{path}");
    }
    assert!(console.get("/openapi.json").await.json()["paths"]["/v1/jobs"].get("post").is_none());
    let more = json!({ "type": "greeting", "payload": {} });
    assert_eq!(console.post("/v1/jobs", &more).await.status, 405);
    assert_eq!(console.post("/v1/jobs/batch", &more).await.status, 404);
    world.drained(DEADLINE).await;
    assert!(server.terminate().await.success());
}

#[tokio::test]
async fn a_day_with_the_log_here_and_the_queue_in_redis() {
    let world = RedisWorld::start(&Setup { log: LogKind::Embedded, ..Setup::default() }).await;
    routed(&world).await;
    a_day(&world).await;
    world.drained(DEADLINE).await;
    assert_eq!(world.check_queue(), Ok(()));
}

/// A folder for a `wasmill.toml` with its queue in the Redis at this address, and no log.
fn configured(folder: &Path, listen: SocketAddr, url: &str) -> std::path::PathBuf {
    let path = folder.join("wasmill.toml");
    let text = format!(
        "[data]\ndir = {:?}\n[gateway]\nlisten = \"{listen}\"\n[queue]\nkind = \"redis\"\nurl = \"{url}\"\n\
         [log]\nkind = \"none\"\n",
        folder.join("data")
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_redis_that_is_away_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut redis = Redis::start().await;
    let url = redis.url();
    redis.kill();
    let listen: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let config = configured(folder.path(), listen, &url);
    let log = folder.path().join("log");
    let mut server = Server::spawn_role("serve", &config, listen, &log, &[]);
    until("it says why it is not ready", DEADLINE, || async {
        let reply = Connection::open(listen).await.ok()?.get("/readyz").await.ok()?;
        let why = reply.text();
        let says = reply.status == 503 && why.contains("waiting for redis: ") && why.contains("refused");
        says.then_some(())
    })
    .await;
    let refused = Connection::open(listen).await.unwrap().get("/v1/status").await.unwrap();
    assert_eq!(refused.status, 503, "{}", refused.text());
    redis.restart().await;
    server.ready().await;
    assert!(server.terminate().await.success());
    // One line when the trouble began, one when it was over. While Redis starts there may be trouble of another kind.
    let told = std::fs::read_to_string(&log).unwrap();
    for (words, why) in [("waiting, and trying again", "refused"), ("redis answers, and work begins", "")] {
        let lines = told.lines().filter(|line| line.contains(words) && line.contains(why));
        assert_eq!(lines.count(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_redis_that_cannot_be_trusted_keeps_a_process_from_starting() {
    let redis = Redis::start_with(&[("requirepass", "secret")]).await;
    let evicting = Redis::start_with(&[("maxmemory-policy", "allkeys-lru")]).await;
    let wrong = format!("redis://:wrong@{}", redis.address());
    for (url, word) in [(wrong, "password"), (evicting.url(), "noeviction")] {
        let folder = tempfile::tempdir().unwrap();
        let listen: SocketAddr = ([127, 0, 0, 1], free_port()).into();
        let config = configured(folder.path(), listen, &url);
        for role in ["serve", "gateway", "worker"] {
            let log = folder.path().join(role);
            let worker = [("WASMILL_WORKER_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
            let mut server = Server::spawn_role(role, &config, listen, &log, &worker);
            let status = server.ended(DEADLINE).await;
            let told = std::fs::read_to_string(&log).unwrap();
            assert_eq!(status.code(), Some(64), "{told}");
            assert!(told.contains(word) && !told.contains("wrong@"), "{told}");
        }
    }
}

#[tokio::test]
async fn one_role_alone_needs_something_to_share() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    std::fs::write(&config, format!("[data]\ndir = {:?}\n", folder.path().join("data"))).unwrap();
    for role in ["gateway", "relay", "worker"] {
        let log = folder.path().join(role);
        let mut server = Server::spawn_role(role, &config, ([127, 0, 0, 1], 0).into(), &log, &[]);
        assert_eq!(server.ended(DEADLINE).await.code(), Some(64));
        let told = std::fs::read_to_string(&log).unwrap();
        assert!(told.contains("queue.kind = \"redis\", and log.kind = \"kafka\" or \"none\""), "{told}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}
