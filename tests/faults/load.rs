//! Load with a memory: clients that post jobs, singly and in batches, and remember what they were told. A request
//! without an answer is of unknown fate: never counted as stored, never as refused.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use wasmill_tests::{Connection, Reply};

/// What the clients were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Ids with a 2xx, and when it came.
    pub acknowledged: HashMap<String, Instant>,
    /// Jobs in requests whose answer never came, or was "unknown".
    pub jobs_of_unknown_fate: usize,
    /// Jobs refused with an answer that says they were not stored.
    pub refused: usize,
}

/// Clients at work. They end when told to, or when their server is gone.
pub(crate) struct Load {
    clients: JoinSet<()>,
    told: Arc<Mutex<Told>>,
    stop: Arc<AtomicBool>,
}

/// The number in each payload, so that no two jobs are alike.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

impl Load {
    /// Starts `clients` that post jobs of `job_type` to `address`.
    pub(crate) fn start(address: SocketAddr, job_type: &str, clients: u64, seed: u64) -> Self {
        let mut load =
            Self { clients: JoinSet::new(), told: Arc::default(), stop: Arc::new(AtomicBool::new(false)) };
        for client in 0..clients {
            let (told, stop) = (Arc::clone(&load.told), Arc::clone(&load.stop));
            let chance = StdRng::seed_from_u64(seed ^ client.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let job_type = job_type.to_owned();
            load.clients
                .spawn(async move { post_until_stopped(address, &job_type, &told, &stop, chance).await });
        }
        load
    }

    /// How many jobs have been acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.told.lock().unwrap().acknowledged.len()
    }

    /// How many jobs are of unknown fate so far.
    pub(crate) fn unknown(&self) -> usize {
        self.told.lock().unwrap().jobs_of_unknown_fate
    }

    /// How many jobs have been refused so far.
    pub(crate) fn refused(&self) -> usize {
        self.told.lock().unwrap().refused
    }

    /// Waits until all clients have ended (they do when their server is gone), and adds what they were told.
    pub(crate) async fn gather(mut self, into: &mut Told) {
        self.stop.store(true, Ordering::Relaxed);
        while self.clients.join_next().await.is_some() {}
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        into.acknowledged.extend(told.acknowledged);
        into.jobs_of_unknown_fate += told.jobs_of_unknown_fate;
        into.refused += told.refused;
    }
}

async fn post_until_stopped(
    address: SocketAddr,
    job_type: &str,
    told: &Mutex<Told>,
    stop: &AtomicBool,
    mut chance: StdRng,
) {
    let Ok(mut connection) = Connection::open(address).await else { return };
    while !stop.load(Ordering::Relaxed) {
        let jobs = if chance.random_bool(0.5) { 1 } else { chance.random_range(2..=100) };
        let keyed = chance.random_bool(0.3);
        let lines: Vec<String> = (0..jobs).map(|_| line(job_type, keyed)).collect();
        let answer = if let [single] = lines.as_slice() {
            connection.post("/v1/jobs", single.clone()).await
        } else {
            let headers = [("content-type", "application/x-ndjson")];
            connection.send(Method::POST, "/v1/jobs/batch", &headers, Bytes::from(lines.join("\n"))).await
        };
        let mut told = told.lock().unwrap();
        match answer {
            Ok(reply) => told.note(&reply, lines.len()),
            // The server may have stored them all before it vanished.
            Err(_) => {
                told.jobs_of_unknown_fate += lines.len();
                return;
            }
        }
    }
}

fn line(job_type: &str, keyed: bool) -> String {
    let number = SEQUENCE.fetch_add(1, Ordering::Relaxed);
    let mut line = format!(
        "{{\"type\":\"{job_type}\",\"payload\":{{\"n\":{number},\"filler\":\"{}\"}}",
        "x".repeat(150)
    );
    if keyed {
        write!(line, ",\"idempotency_key\":\"key-{number}\"").unwrap();
    }
    line + "}"
}

impl Told {
    /// Remembers an answer to a request of so many jobs.
    pub(crate) fn note(&mut self, reply: &Reply, jobs: usize) {
        let text = reply.text();
        match reply.status {
            202 => {
                let answers: Vec<Value> =
                    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                for answer in &answers {
                    self.note_one(answer);
                }
                self.jobs_of_unknown_fate += jobs - answers.len();
            }
            _ if says_not_stored(&reply.json()) => self.refused += jobs,
            503 | 504 => self.jobs_of_unknown_fate += jobs,
            status => panic!("unexpected answer {status}: {text}"),
        }
    }

    fn note_one(&mut self, answer: &Value) {
        if let Some(id) = answer["id"].as_str() {
            let before = self.acknowledged.insert(id.to_owned(), Instant::now());
            assert!(before.is_none(), "the id {id} was given twice");
        } else if says_not_stored(answer) {
            self.refused += 1;
        } else {
            self.jobs_of_unknown_fate += 1;
        }
    }
}

/// Whether a problem says that nothing was stored: the disk of the log, or the queue, is full.
fn says_not_stored(problem: &Value) -> bool {
    let kind = problem["type"].as_str().unwrap_or_default();
    ["storage-full", "queue-full"].iter().any(|full| kind.ends_with(full))
}
