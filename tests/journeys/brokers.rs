//! How the processes of the profile cluster start: brokers that are away, topics that are missing, a login that is refused, a
//! configuration that does not fit.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;
use wasmill_tests::{Connection, DEADLINE, Kafka, Redis, Security, Server, free_port, until, wasmill};

/// A `wasmill.toml` in a folder, and where its gateway and its relay listen.
struct Configured {
    folder: tempfile::TempDir,
    gateway: SocketAddr,
    relay: SocketAddr,
}

impl Configured {
    /// With these brokers and this Redis, and further lines of the section `[kafka]`.
    fn new(brokers: &str, redis: &str, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [gateway, relay]: [SocketAddr; 2] = [(); 2].map(|()| ([127, 0, 0, 1], free_port()).into());
        let mut text = String::new();
        writeln!(text, "[data]\ndir = {:?}", folder.path().join("data")).unwrap();
        writeln!(text, "[gateway]\nlisten = \"{gateway}\"\n[relay]\nlisten = \"{relay}\"").unwrap();
        writeln!(text, "[log]\nkind = \"kafka\"\n[queue]\nkind = \"redis\"\nurl = \"{redis}\"").unwrap();
        writeln!(text, "[kafka]\nbrokers = \"{brokers}\"\nreplication = 1\nmin_insync = 1\n{lines}").unwrap();
        std::fs::write(folder.path().join("wasmill.toml"), text).unwrap();
        Self { folder, gateway, relay }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wasmill.toml")
    }

    fn log(&self, role: &str) -> PathBuf {
        self.folder.path().join(format!("{role}.log"))
    }

    fn spawn(&self, role: &str) -> Server {
        let address = if role == "relay" { self.relay } else { self.gateway };
        Server::spawn_role(role, &self.path(), address, &self.log(role), &[])
    }

    fn wasmill(&self, arguments: &[&str]) -> Result<String, String> {
        wasmill(&[arguments, &["--config", self.path().to_str().unwrap()]].concat())
    }
}

/// Waits until a server says on `/readyz` that it waits for something like `words`.
async fn waits_for(server: SocketAddr, words: &str) -> String {
    until(&format!("it waits for {words}"), DEADLINE, || async {
        let reply = Connection::open(server).await.ok()?.get("/readyz").await.ok()?;
        Some(reply.text()).filter(|text| reply.status == 503 && text.contains(words))
    })
    .await
}

/// How often a log has the words.
fn told(log: &Path, words: &str) -> usize {
    std::fs::read_to_string(log).unwrap().matches(words).count()
}

fn nobody() -> String {
    format!("127.0.0.1:{}", free_port())
}

#[tokio::test]
async fn brokers_that_are_away_are_waited_for() {
    let (redis, brokers) = (Redis::start().await, nobody());
    let world = Configured::new(&brokers, &redis.url(), "");
    for (role, address) in [("gateway", world.gateway), ("relay", world.relay)] {
        let mut server = world.spawn(role);
        let why = waits_for(address, "waiting for kafka: ").await;
        assert!(why.contains(&brokers) && why.contains("check kafka.brokers"), "{why}");
        assert!(server.terminate().await.success());
        let log = std::fs::read_to_string(world.log(role)).unwrap();
        assert_eq!(told(&world.log(role), "waiting, and trying again: no Kafka broker"), 1, "{log}");
    }
    let said = world.wasmill(&["topics", "check"]).unwrap_err();
    assert!(said.contains("no Kafka broker answers"), "{said}");
}

#[tokio::test]
async fn a_gateway_waits_for_its_topics_and_not_for_redis() {
    let kafka = Kafka::start(1).await;
    let world = Configured::new(&kafka.bootstrap(), &format!("redis://{}", nobody()), "");
    let mut gateway = world.spawn("gateway");
    let why = waits_for(world.gateway, "waiting for topics: ").await;
    assert!(why.contains("run `wasmill topics apply`") && why.contains("wasmill.settled"), "{why}");
    let differs = world.wasmill(&["topics", "check"]).unwrap_err();
    assert!(differs.contains("the topic wasmill.dead is not there"), "{differs}");
    let would = world.wasmill(&["topics", "apply", "--dry-run"]).unwrap();
    assert!(would.contains("wasmill.dead"), "{would}");
    assert!(world.wasmill(&["topics", "check"]).is_err(), "a dry run makes nothing");
    let made = world.wasmill(&["topics", "apply"]).unwrap();
    assert!(made.contains("made wasmill.dead, with one partition"), "{made}");
    gateway.ready().await;
    let report = world.wasmill(&["topics", "check", "--json"]).unwrap();
    let report: serde_json::Value = serde_json::from_str(report.trim()).unwrap();
    assert_eq!(report["differences"], json!([]), "{report}");
    // An apply makes the topics of new queues.
    let post = |path: &'static str, body: serde_json::Value| async move {
        let mut connection = Connection::open(world.gateway).await.unwrap();
        connection.post(path, body.to_string()).await.unwrap()
    };
    let files = json!({ "files": [{ "name": "a.toml", "text": "[queue.mail]\npartitions = 3\n" }] });
    let applied = post("/v1/catalog/apply", files).await;
    assert_eq!((applied.status, applied.json()["warnings"].is_null()), (200, true), "{}", applied.text());
    assert!(gateway.terminate().await.success());
    // One line when the trouble begins, and one when it changes: while one topic is made, and the next is not yet.
    let log = std::fs::read_to_string(world.log("gateway")).unwrap();
    let mut lines: Vec<_> =
        log.lines().filter_map(|line| Some(line.split_once("waiting for the topics: ")?.1)).collect();
    assert!(lines[0].contains("wasmill.dead") && lines[0].contains("wasmill.settled"), "{log}");
    let all = lines.len();
    lines.dedup();
    assert_eq!(lines.len(), all, "nothing is told twice in a row: {log}");
}

#[tokio::test]
async fn a_login_that_is_refused_keeps_a_process_from_starting() {
    let (kafka, redis) = (Kafka::start_secured().await, Redis::start().await);
    let security = kafka.security();
    let user = Security::USER;
    let login =
        format!("protocol = \"sasl-plaintext\"\nmechanism = \"scram-sha-256\"\nuser = \"{user}\"\npassword");
    let wrong =
        Configured::new(&security.password_bootstrap(), &redis.url(), &format!("{login} = \"wrong-horse\""));
    for role in ["gateway", "relay", "serve"] {
        let mut server = wrong.spawn(role);
        let status = server.ended(DEADLINE).await;
        let log = std::fs::read_to_string(wrong.log(role)).unwrap();
        assert_eq!(status.code(), Some(64), "{log}");
        assert!(log.contains("refuse the login of `jobs`") && !log.contains("wrong-horse"), "{log}");
    }
    let right = format!("{login} = \"{}\"", Security::PASSWORD);
    let right = Configured::new(&security.password_bootstrap(), &redis.url(), &right);
    right.wasmill(&["topics", "apply"]).unwrap();
    let mut gateway = right.spawn("gateway");
    gateway.ready().await;
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn a_relay_needs_a_log_to_carry_from() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    let data = folder.path().join("data");
    let log = folder.path().join("relay.log");
    for (lines, words) in [
        ("[queue]\nkind = \"redis\"\n[log]\nkind = \"none\"\n", "there is no log"),
        ("", "they would share nothing"),
        ("[log]\nkind = \"kafka\"\n", "`kafka.brokers` names none"),
    ] {
        std::fs::write(&config, format!("[data]\ndir = {data:?}\n{lines}")).unwrap();
        let mut server = Server::spawn_role("relay", &config, ([127, 0, 0, 1], 0).into(), &log, &[]);
        assert_eq!(server.ended(DEADLINE).await.code(), Some(64));
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.contains(words), "{log}");
    }
    assert!(!data.exists(), "nothing was begun");
}
