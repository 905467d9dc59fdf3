//! A console with its stores in a temporary folder, and a client that speaks to it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{
    ArtifactStore, Asked, Backing, Catalog, Following, RedisName, RedisNames, StoredToken, follow,
    follow_tokens,
};
use wasmill_console::{
    ConsoleConfig, JobDesk, MakeTopics, ModuleRefusal, Parts, Prepare, PreparedModule, Probes, Storage,
    Tokens, probes, router,
};
use wasmill_http::{Access, Caller, Drained, Hosts, HttpConfig, Rule, Token, finish, protect, serve};
use wasmill_ingest::{Durability, IngestConfig, Jobs};
use wasmill_job::wire::{Record, decode, decode_dead, encode_dead, encode_job};
use wasmill_job::{
    Attempt, DeadLetter, Failure, FailureCode, IdSource, Import, Job, Mode, ModuleDigest, Offset, Partition,
    Path, Revision, Role, Roles, Scope, Stamp, SystemClock, TokenHash, Topic, TopicPartition, TypePattern,
    UnixMs,
};
use wasmill_log::{Append, EmbeddedLog, Log, LogConfig, Stored};
use wasmill_queue::{EmbeddedConfig, EmbeddedQueue, Entry, NewJob, Push, Pushed, Queue};

/// The largest upload of this world, in bytes.
pub(crate) const MODULE_BYTES_MAX: usize = 100_000;

/// How the smallest Wasm module begins; what follows tells the modules of a test apart.
pub(crate) const WASM: &[u8] = b"\0asm\x01\0\0\0";

/// When the token `wm_operator` ends.
pub(crate) const OPERATOR_ENDS: UnixMs = UnixMs(4_102_444_800_000);

pub(crate) struct World {
    pub(crate) log: EmbeddedLog,
    pub(crate) queue: EmbeddedQueue,
    pub(crate) store: ArtifactStore,
    pub(crate) catalog: Following,
    pub(crate) address: SocketAddr,
    drain: CancellationToken,
    served: JoinHandle<Drained>,
    _folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::begin(Storage::Log, Vec::new(), None).await
    }

    /// A console whose mill keeps everything in the queue. Its log stays empty.
    pub(crate) async fn without_log() -> Self {
        Self::begin(|_| Storage::Queue, Vec::new(), None).await.hello().await
    }

    /// The same, with its history in this folder, which outlives it.
    pub(crate) async fn with_history(folder: &std::path::Path) -> Self {
        Self::begin(|_| Storage::Queue, Vec::new(), Some(folder.to_owned())).await.hello().await
    }

    /// A console that asks for a token: `wm_admin` may do everything, `wm_operator` has the role `operate` alone and ends at
    /// `OPERATOR_ENDS`, `wm_reader` has `read` alone, `wm_hello` may do everything to the job type `hello`. The type is in the catalog, and `mail`, too.
    pub(crate) async fn guarded() -> Self {
        let token = |name: &str| Token {
            name: name.parse().unwrap(),
            roles: Roles::ALL,
            scope: Scope::WHOLE,
            hash: TokenHash::of(&format!("wm_{name}")),
            expires_at: None,
        };
        let hello: Vec<TypePattern> = vec!["hello".parse().unwrap()];
        let operator = Token {
            roles: Roles::of(&[Role::Operate]),
            expires_at: Some(OPERATOR_ENDS),
            ..token("operator")
        };
        let reader = Token { roles: Roles::of(&[Role::Read]), ..token("reader") };
        let hello = Token { scope: hello.try_into().unwrap(), ..token("hello") };
        let world = Self::begin(Storage::Log, vec![token("admin"), operator, reader, hello], None).await;
        let admin = [("authorization", "Bearer wm_admin"), ("content-type", "application/wasm")];
        let module = [WASM, b"hello"].concat();
        assert_eq!(world.call("POST", "/v1/modules?tag=hello@1.0.0", &admin, module).await.status, 201);
        let text = "[type.hello]\nhandlers = [{ module = 'hello@1.0.0' }]\n[type.mail]\nhandlers = [{ module = 'hello@1.0.0' }]\n";
        let files = serde_json::json!({"files": [{"name": "mill.toml", "text": text}]});
        assert_eq!(world.post_as("admin", "/v1/catalog/apply", &files).await.status, 200);
        world
    }

    async fn begin(
        storage: impl FnOnce(EmbeddedLog) -> Storage<EmbeddedLog>,
        tokens: Vec<Token>,
        history: Option<PathBuf>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let config = LogConfig::new(folder.path().join("log"));
        let log = {
            let clock = clock.clone();
            tokio::task::spawn_blocking(move || EmbeddedLog::open(config, clock)).await.unwrap().unwrap()
        };
        let config = EmbeddedConfig::new(folder.path().join("queue"));
        let (queue, _) = EmbeddedQueue::open(config, 1, clock.clone()).await.unwrap();
        let store = ArtifactStore::folder(&folder.path().join("store")).unwrap();
        // Long: the console itself says when there is news.
        let catalog = follow(store.clone(), Duration::from_secs(3_600), None).await.unwrap();
        let access = Access::new(tokens, clock.clone());
        let opened = access.clone();
        let take = move |stored: &[StoredToken]| {
            let token = |token: &StoredToken| Token {
                name: token.name.clone(),
                roles: token.roles,
                scope: token.scope.clone(),
                hash: token.hash,
                expires_at: token.expires_at,
            };
            opened.replace(&stored.iter().map(token).collect::<Vec<_>>());
        };
        let following = follow_tokens(store.clone(), Duration::from_secs(3_600), None, take).await;
        let storage = storage(log.clone());
        let backing = match storage {
            Storage::Log(_) => Backing::LogAndQueue,
            Storage::Queue => Backing::Nothing,
        };
        let jobs_at = match &storage {
            Storage::Log(log) => wasmill_ingest::Storage::Log(log.clone()),
            Storage::Queue => wasmill_ingest::Storage::Queue,
        };
        let jobs = Jobs::new(wasmill_ingest::Parts {
            storage: jobs_at,
            backing,
            queue: queue.clone(),
            catalog: catalog.receiver(),
            clock: clock.clone(),
            stored: Durability::Fsync,
            config: IngestConfig::default(),
        });
        let drain = CancellationToken::new();
        let parts = Parts {
            storage,
            backing,
            redis: RedisNames::Known(vec![RedisName::default()]),
            queue: queue.clone(),
            store: store.clone(),
            catalog: catalog.clone(),
            tokens: Tokens { access: access.clone(), following },
            prepare: Prepare::new(prepare, prepare),
            topics: Some(MakeTopics::new(topics)),
            desk: desk(jobs),
            takes_jobs_in: true,
            history: Some(history.unwrap_or_else(|| folder.path().join("history"))),
            stop: drain.clone(),
            clock,
            hosts: Hosts::local(),
            config: ConsoleConfig { module_bytes_max: MODULE_BYTES_MAX },
        };
        let asked = Probes {
            metrics: Arc::new(|| "wasmill_up 1\n".to_owned()),
            missing: Arc::new({
                let catalog = catalog.clone();
                move || match catalog.current().revision {
                    Revision(0) => vec!["no catalog yet".to_owned()],
                    _ => Vec::new(),
                }
            }),
            remarks: Arc::new(|| vec!["a part is away".to_owned()]),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let whole = finish(protect(router(parts).merge(probes(asked)), access, rules));
        let served = tokio::spawn(serve(listener, whole, HttpConfig::default(), drain.clone()));
        Self { log, queue, store, catalog, address, drain, served, _folder: folder }
    }

    /// With the type `hello` in the catalog, whose module is stored.
    pub(crate) async fn with_hello() -> Self {
        Self::new().await.hello().await
    }

    async fn hello(self) -> Self {
        self.deploy("hello@1.0.0", &[WASM, b"hello"].concat()).await;
        let applied = self.apply("[type.hello]\nhandlers = [{ module = \"hello@1.0.0\" }]\n", &[]).await;
        assert_eq!(applied.status, 200, "{:?}", applied.body);
        self
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let (mut client, connection) = handshake(TokioIo::new(tcp)).await.unwrap();
        tokio::spawn(connection);
        let response = client.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// With the token of this name.
    pub(crate) async fn call_as(&self, name: &str, method: &str, path: &str) -> Answer {
        self.call(method, path, &[("authorization", &format!("Bearer wm_{name}"))], "").await
    }

    pub(crate) async fn post_as(&self, name: &str, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer wm_{name}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.call("POST", path, &headers, body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], "").await
    }

    /// The headers of what is at `path`.
    pub(crate) async fn head(&self, path: &str) -> HeaderMap {
        self.call("HEAD", path, &[], "").await.headers
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.call("PUT", path, &[], "").await
    }

    pub(crate) async fn deploy(&self, tag: &str, bytes: &[u8]) -> Answer {
        let path = format!("/v1/modules?tag={tag}");
        self.call("POST", &path, &[("content-type", "application/wasm")], bytes.to_vec()).await
    }

    /// Applies one file, with more members in the request.
    pub(crate) async fn apply(&self, text: &str, more: &[(&str, Value)]) -> Answer {
        let mut body = serde_json::json!({"files": [{"name": "mill.toml", "text": text}]});
        for (name, value) in more {
            body[*name] = value.clone();
        }
        self.post("/v1/catalog/apply", &body).await
    }

    /// Kills `count` jobs of the type `hello`, as relay and queue do it: the letters stand in the log, and the queue shows
    /// them. Answers their ids.
    pub(crate) async fn bury(&self, count: usize) -> Vec<String> {
        let mut ids = IdSource::default();
        let letters: Vec<_> = (0..count).map(|index| self.letter(&mut ids, index)).collect();
        let record = |letter: &DeadLetter| Append {
            topic: Topic::dead(),
            partition: Partition(0),
            key: Some(letter.record_key().into()),
            value: Some(encode_dead(letter).unwrap()),
            durability: wasmill_job::Durability::Quorum,
        };
        self.log.append(letters.iter().map(record).collect()).await.unwrap();
        self.relay().await;
        let mut keys: Vec<_> = letters.iter().map(DeadLetter::key).collect();
        keys.sort();
        keys
    }

    fn letter(&self, ids: &mut IdSource, index: usize) -> DeadLetter {
        let catalog = self.catalog.current();
        let queue = &catalog.queues[&"default".parse().unwrap()];
        let partition = Partition(index as u32 % queue.current.partitions.get());
        DeadLetter {
            job: Some(self.job(ids, index, partition)),
            raw: None,
            failure: Failure::new(FailureCode::Rejected, "<no>"),
            attempts: Attempt(3),
            died_at: UnixMs(2_000),
            origin: self.lane(partition).at(Offset(7)),
        }
    }

    /// A job of the type `hello`.
    pub(crate) fn job(&self, ids: &mut IdSource, index: usize, partition: Partition) -> Job {
        let generation = self.catalog.current().queues[&"default".parse().unwrap()].current.generation;
        Job {
            id: ids.next(UnixMs(1_000), 0, generation, partition),
            job_type: "hello".parse().unwrap(),
            payload: Bytes::from(format!("<{index}>")),
            accepted_at: UnixMs(1_000),
            stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
            priority: wasmill_job::Priority::Normal,
            idempotency_key: None,
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        }
    }

    pub(crate) fn lane(&self, partition: Partition) -> TopicPartition {
        let catalog = self.catalog.current();
        let name = "default".parse().unwrap();
        TopicPartition::new(Topic::queue(&name, catalog.queues[&name].current.generation), partition)
    }

    fn lanes(&self) -> Vec<TopicPartition> {
        let mut lanes = self.catalog.current().lanes();
        lanes.push(TopicPartition::new(Topic::dead(), Partition(0)));
        lanes
    }

    /// Carries everything from the log to the queue, as a relay does.
    pub(crate) async fn relay(&self) {
        for lane in self.lanes() {
            let from = self.queue.resume(&lane, &self.log.committed(&lane).await.unwrap()).await.unwrap();
            let to = self.log.bounds(&lane).await.unwrap().next;
            let stored = self.log.read(&lane, from, usize::MAX).await.unwrap();
            let is_dead = lane.topic == Topic::dead();
            let entry = |stored| if is_dead { dead_entry(stored) } else { job_entry(stored) };
            let entries = stored.into_iter().map(entry).collect();
            let pushed = self.queue.push(Push { lane, from, to, passed: None, entries }).await.unwrap();
            assert!(matches!(pushed, Pushed::Applied { .. }), "{pushed:?}");
        }
    }

    /// The jobs in the log.
    pub(crate) async fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for lane in self.catalog.current().lanes() {
            for stored in self.log.read(&lane, Offset(0), usize::MAX).await.unwrap() {
                if let Record::Job(job) = decode(&stored.value.unwrap()).unwrap() {
                    assert_eq!(job.id.partition(), lane.partition);
                    jobs.push(job);
                }
            }
        }
        jobs
    }

    pub(crate) async fn end(self) {
        self.drain.cancel();
        let drained = tokio::time::timeout(Duration::from_secs(30), self.served).await.unwrap().unwrap();
        assert_eq!(drained, Drained { cut: 0 });
    }
}

/// Every role opens everything, and signing in needs none: which opens what is decided where processes are put together.
fn rules(_: &Method, route: &str) -> Rule {
    match route {
        "/console/sign-in" | "/console/sign-out" => Rule::OPEN,
        _ => Rule::roles(&Role::ALL),
    }
}

/// What the process hands in of the job API.
fn desk(jobs: Jobs<EmbeddedLog, EmbeddedQueue>) -> JobDesk {
    let (looking, fetching) = (jobs.clone(), jobs.clone());
    JobDesk::new(
        move |name, id, caller: Caller| {
            let jobs = jobs.clone();
            async move { jobs.cancel(name, id, &caller).await }
        },
        move |name, id| {
            let jobs = looking.clone();
            async move { jobs.parked(name, id).await }
        },
        move |name, id, caller: Caller| {
            let jobs = fetching.clone();
            async move { jobs.payload(name, id, &caller).await }
        },
    )
}

/// Stands for the sandbox at the seam where the process hands it in. What it refuses is chosen by the upload's bytes.
fn prepare(upload: Bytes) -> Result<PreparedModule, ModuleRefusal> {
    match &upload[WASM.len().min(upload.len())..] {
        b"unfit" => Err(ModuleRefusal::Unfit { reason: "it does not export `handle`".into() }),
        b"failed" => Err(ModuleRefusal::Failed { reason: "no room for its code".into() }),
        b"panic" => panic!("the compiler has a bug"),
        bytes => Ok(PreparedModule {
            digest: ModuleDigest::of(&upload),
            imports: vec!["wasmill:job/log@1.0.0".into()],
            exports: vec!["wasmill:job/handler@1.0.0".into()],
            asked: match bytes {
                b"calls out" => Asked { needs: [Import::Http].into(), uses: [Import::Http].into() },
                b"writes" => {
                    let needs = BTreeSet::from([Import::Emit, Import::Config, Import::Clock]);
                    Asked { uses: needs.clone(), needs }
                }
                _ => Asked::default(),
            },
        }),
    }
}

/// A log that has to be told its topics, and cannot make those of a queue `forbidden`.
async fn topics(catalog: Catalog) -> Result<(), String> {
    match catalog.queues.keys().any(|queue| queue.as_str() == "forbidden") {
        true => Err("the topic was not made; run it by hand".to_owned()),
        false => Ok(()),
    }
}

fn job_entry(stored: Stored) -> Entry {
    let Record::Job(job) = decode(&stored.value.unwrap()).unwrap() else {
        panic!("only jobs are stored here")
    };
    let new = NewJob::new(job, Duration::from_secs(600));
    Entry::Job { offset: stored.offset, new }
}

fn dead_entry(stored: Stored) -> Entry {
    let (offset, key) = (stored.offset, stored.key.unwrap());
    match stored.value {
        Some(value) => Entry::Dead { offset, letter: Arc::new(decode_dead(&value).unwrap()) },
        None => Entry::Undead { offset, key: String::from_utf8(key.to_vec()).unwrap() },
    }
}

/// A record of a queue's topic, to be appended by a test itself.
pub(crate) fn job_record(topic: Topic, job: &Job) -> Append {
    let durability = wasmill_job::Durability::Quorum;
    Append {
        topic,
        partition: job.id.partition(),
        key: None,
        value: Some(encode_job(job).unwrap()),
        durability,
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// Checks that it is a problem document of this kind.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{:?}", self.body);
        let json = self.json();
        assert_eq!(
            (self.status.as_u16(), &json["type"]),
            (status, &Value::from(format!("urn:wasmill:problem:{name}")))
        );
        json
    }
}
