//! The words in which a test tells its story: deploy, route, enqueue, drained, job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Connection, DEADLINE, Executions, Reply, Server, executions, free_port, guest, until};

/// A server on a folder of its own. When it is dropped with work left behind, the test fails.
pub struct World {
    folder: TempDir,
    data: PathBuf,
    port: u16,
    environment: Vec<(String, String)>,
    server: Option<Server>,
    /// How many servers have run on this folder.
    incarnations: usize,
    leaves_work: bool,
}

/// A job that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    pub job_type: String,
    pub id: String,
    pub receipt: String,
}

impl World {
    /// A world whose server runs on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(None, &[]).await
    }

    /// A world with its data in a given folder (a small disk, say) and settings from the environment.
    pub async fn start_with(data: Option<&Path>, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let data = data.map_or_else(|| folder.path().join("data"), Path::to_owned);
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut world = Self {
            folder,
            data,
            port: free_port(),
            environment,
            server: None,
            incarnations: 0,
            leaves_work: false,
        };
        world.restart().await;
        world
    }

    /// Starts the server if none runs, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.incarnations += 1;
        let mut server = Server::spawn(&self.data, self.port, &self.log_path(), &self.environment);
        server.ready().await;
        self.server = Some(server);
    }

    /// The running server.
    ///
    /// # Panics
    /// When it was stopped.
    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the server runs")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server().kill();
        self.server = None;
    }

    /// SIGTERM; the drain must end well.
    ///
    /// # Panics
    /// When the exit code is not 0.
    pub async fn stop(&mut self) {
        let status = self.server().terminate().await;
        self.server = None;
        assert!(status.success(), "the drain ended with {status}\n{}", self.log_tail());
    }

    /// The folder with the server's data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file with everything the server that runs, or ran last, has printed.
    pub fn log_path(&self) -> PathBuf {
        self.log_of(self.incarnations)
    }

    /// What each server of this world has executed, in the order of their lives.
    pub fn executions(&self) -> Vec<Executions> {
        (1..=self.incarnations).map(|incarnation| executions(&self.log_of(incarnation))).collect()
    }

    /// Waits until the server that runs has started this job, and answers in which process: its own, or a child of it.
    /// The world must be one that tells ([`TELLING`](crate::TELLING)).
    pub async fn runs_in(&self, job: &JobRef) -> u32 {
        until(&format!("job {} runs", job.id), DEADLINE, || async {
            executions(&self.log_path()).pids.get(&job.id)?.last().copied()
        })
        .await
    }

    fn log_of(&self, incarnation: usize) -> PathBuf {
        self.folder.path().join(format!("server-{incarnation}.log"))
    }

    /// What that server printed last.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Says that work may be left behind when the world ends.
    pub fn leaves_work(&mut self) {
        self.leaves_work = true;
    }

    /// A new connection to the server.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn connect(&self) -> Connection {
        Connection::open(([127, 0, 0, 1], self.port).into()).await.expect("the server listens")
    }

    /// One GET on a connection of its own.
    pub async fn get(&self, path: &str) -> Reply {
        self.connect().await.get(path).await.expect("the server answers")
    }

    /// One POST of JSON on a connection of its own.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.connect().await.post(path, body.to_string()).await.expect("the server answers")
    }

    /// Deploys a guest as version 1.0.0.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn deploy(&self, name: &str) {
        let path = format!("/v1/modules?tag={name}@1.0.0");
        let headers = [("content-type", "application/wasm")];
        let mut connection = self.connect().await;
        let reply = connection.send(Method::POST, &path, &headers, guest(name).into()).await.unwrap();
        assert!(reply.status < 300, "deploy {name}: {} {}", reply.status, reply.text());
    }

    /// Applies catalog text and waits until the worker offers its types.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn apply(&self, text: &str) {
        let files = json!({ "files": [{ "name": "mill.toml", "text": text }] });
        let reply = self.post("/v1/catalog/apply", &files).await;
        assert!(reply.status < 300, "apply: {} {}", reply.status, reply.text());
    }

    /// Deploys a guest and routes `job_type` to it, with further lines for its entry.
    pub async fn route(&self, job_type: &str, guest: &str, lines: &str) {
        self.deploy(guest).await;
        self.apply(&format!(
            "[type.\"{job_type}\"]\nhandlers = [{{ module = \"{guest}@1.0.0\" }}]\n{lines}\n"
        ))
        .await;
    }

    /// Enqueues one job.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn enqueue(&self, job_type: &str, payload: &Value) -> JobRef {
        let reply = self.post("/v1/jobs", &json!({ "type": job_type, "payload": payload })).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        JobRef::of(job_type, &reply.json())
    }

    /// Enqueues one job of raw bytes, by the CloudEvents binding.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn enqueue_bytes(&self, job_type: &str, payload: impl Into<Bytes>, event_id: &str) -> JobRef {
        let headers = [
            ("content-type", "application/octet-stream"),
            ("ce-specversion", "1.0"),
            ("ce-type", job_type),
            ("ce-source", "/tests"),
            ("ce-id", event_id),
        ];
        let mut connection = self.connect().await;
        let reply = connection.send(Method::POST, "/v1/jobs", &headers, payload.into()).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.text());
        JobRef::of(job_type, &reply.json())
    }

    /// What the server says about a job; `None` when it does not know it.
    pub async fn job(&self, job: &JobRef) -> Option<Value> {
        let reply = self.get(&format!("/v1/jobs/{}/{}?receipt={}", job.job_type, job.id, job.receipt)).await;
        (reply.status == 200).then(|| reply.json())
    }

    /// Waits until a job is in `state`, and answers with the whole view.
    pub async fn reaches(&self, job: &JobRef, state: &str) -> Value {
        until(&format!("job {} is {state}", job.id), DEADLINE, || async {
            self.job(job).await.filter(|view| view["state"] == state)
        })
        .await
    }

    /// The counts of one type.
    pub async fn counts(&self, job_type: &str) -> Value {
        let status = self.get("/v1/status").await.json();
        let types = status["types"].as_array().into_iter().flatten();
        types.into_iter().find(|row| row["type"] == job_type).cloned().unwrap_or_default()
    }

    /// Waits until no job is pending, scheduled or in flight, and everything stored has reached the queue.
    pub async fn drained(&self, deadline: Duration) {
        until("the mill is drained", deadline, || async { (self.left_behind().await? == 0).then_some(()) })
            .await;
    }

    /// Records that still owe something: jobs not at an end, debts not paid. `None` when the server does not answer.
    pub async fn left_behind(&self) -> Option<u64> {
        let mut connection = Connection::open(([127, 0, 0, 1], self.port).into()).await.ok()?;
        let status = connection.get("/v1/status").await.ok().filter(|reply| reply.status == 200)?.json();
        status["unsettled_records"].as_u64()
    }
}

impl JobRef {
    /// From the gateway's answer.
    ///
    /// # Panics
    /// When the answer has no id.
    pub fn of(job_type: &str, answer: &Value) -> Self {
        let text = |field: &str| {
            answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
        };
        Self { job_type: job_type.into(), id: text("id"), receipt: text("receipt") }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's last words:\n{}", self.log_tail());
            return;
        }
        if self.leaves_work || self.server.is_none() {
            return;
        }
        // A runtime of its own on a thread of its own: the test's runtime cannot be blocked from inside.
        let drained = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.drained(DEADLINE));
        };
        let ended = std::thread::scope(|scope| scope.spawn(drained).join());
        assert!(ended.is_ok(), "the test left work behind");
    }
}
