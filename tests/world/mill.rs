//! The words in which a test tells its story to a mill over HTTP: deploy, route, enqueue, drained, job.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::{Connection, DEADLINE, Reply, guest, until, until_none_is_left};

/// A mill that is spoken to at its gateway.
pub struct Mill {
    pub(crate) address: SocketAddr,
}

/// A job that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRef {
    pub job_type: String,
    pub id: String,
    /// Where there is a log.
    pub receipt: Option<String>,
}

impl Mill {
    /// Where its gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection to the server.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn connect(&self) -> Connection {
        Connection::open(self.address).await.expect("the server listens")
    }

    /// A new connection to the server, if it listens.
    pub async fn connect_if_there(&self) -> Option<Connection> {
        Connection::open(self.address).await.ok()
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
        self.deploy_as(&format!("{name}@1.0.0"), guest(name)).await;
    }

    /// Deploys a module as this version.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn deploy_as(&self, tag: &str, module: impl Into<Bytes>) {
        let headers = [("content-type", "application/wasm")];
        let mut connection = self.connect().await;
        let path = format!("/v1/modules?tag={tag}");
        let reply = connection.send(Method::POST, &path, &headers, module.into()).await.unwrap();
        assert!(reply.status < 300, "deploy {tag}: {} {}", reply.status, reply.text());
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
        let query = job.receipt.as_ref().map(|receipt| format!("?receipt={receipt}")).unwrap_or_default();
        let reply = self.get(&format!("/v1/jobs/{}/{}{query}", job.job_type, job.id)).await;
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
        until_none_is_left("the mill is drained", deadline, || self.left_behind()).await;
    }

    /// Jobs not at an end, or records that still owe something. `None` when the server does not answer.
    pub async fn left_behind(&self) -> Option<u64> {
        let mut connection = Connection::open(self.address).await.ok()?;
        let status = connection.get("/v1/status").await.ok().filter(|reply| reply.status == 200)?.json();
        // Without a log there are no records; what is in the queue is all there is.
        let unsettled = status["unsettled_records"].as_u64().unwrap_or_default();
        let rows = status["types"].as_array()?.iter();
        let alive = ["pending", "scheduled", "in_flight"]
            .map(|state| rows.clone().filter_map(|row| row[state].as_u64()).sum::<u64>());
        Some(unsettled.max(alive.iter().sum()))
    }
}

impl JobRef {
    /// From the gateway's answer.
    ///
    /// # Panics
    /// When the answer has no id.
    pub fn of(job_type: &str, answer: &Value) -> Self {
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        let id = text("id").unwrap_or_else(|| panic!("no id in {answer}"));
        Self { job_type: job_type.into(), id, receipt: text("receipt") }
    }
}
