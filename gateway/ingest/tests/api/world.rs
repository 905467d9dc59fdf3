//! A gateway with its log and queue in a temporary folder, and a client that speaks to it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{
    Backing, Catalog, Flow, GenerationSpec, Handlers, Layout, QueueSpec, RouteMode, TypeSpec,
};
use wasmill_http::{Access, Drained, HttpConfig, Rule, Token, finish, protect, serve};
use wasmill_ingest::{Durability, IngestConfig, Parts, Storage, router};
use wasmill_job::wire::{Record, decode};
use wasmill_job::{
    Durability as Asked, Generation, Job, JobType, Limits, ModuleDigest, Offset, Path, RetryPolicy, Revision,
    Role, Roles, Scope, SystemClock, TokenHash, TypePattern,
};
use wasmill_log::{EmbeddedLog, Log, LogConfig};
use wasmill_queue::{Counts, EmbeddedConfig, EmbeddedQueue, Entry, NewJob, Push, Pushed, Queue};

/// The payload limit of the type `small`, in bytes.
pub(crate) const SMALL_BYTES: u64 = 16;

pub(crate) struct World {
    pub(crate) log: EmbeddedLog,
    pub(crate) queue: Arc<EmbeddedQueue>,
    pub(crate) catalog: watch::Sender<Arc<Catalog>>,
    pub(crate) address: SocketAddr,
    drain: CancellationToken,
    served: JoinHandle<Drained>,
    _folder: TempDir,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) type Client = SendRequest<UnsyncBoxBody<Bytes, std::io::Error>>;

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(IngestConfig::default(), HttpConfig::default()).await
    }

    pub(crate) async fn with(config: IngestConfig, http: HttpConfig) -> Self {
        Self::on(config, http, |_| ()).await
    }

    /// With the log configured by `tune`.
    pub(crate) async fn on(
        config: IngestConfig,
        http: HttpConfig,
        tune: impl FnOnce(&mut LogConfig),
    ) -> Self {
        let open = Self::token_for(None);
        Self::begin(config, http, tune, Storage::Log, Durability::Fsync, |_| (), open).await
    }

    /// A gateway that puts jobs straight into the queue, which is configured by `tune`. Its log stays empty.
    pub(crate) async fn without_log(tune: impl FnOnce(&mut EmbeddedConfig)) -> Self {
        let (config, http) = (IngestConfig::default(), HttpConfig::default());
        let open = Self::token_for(None);
        Self::begin(config, http, |_| (), |_| Storage::Queue, Durability::Redis, tune, open).await
    }

    /// A gateway that asks for a token; `wm_email` is for the job types `email.*`.
    pub(crate) async fn guarded() -> Self {
        let (config, http) = (IngestConfig::default(), HttpConfig::default());
        let tokens = Self::token_for(Some("email.*"));
        Self::begin(config, http, |_| (), Storage::Log, Durability::Fsync, |_| (), tokens).await
    }

    fn token_for(pattern: Option<&str>) -> Vec<Token> {
        let token = |pattern: &str| {
            let patterns: Vec<TypePattern> = vec![pattern.parse().unwrap()];
            let (name, scope) = ("email".parse().unwrap(), Scope::try_from(patterns).unwrap());
            Token { name, roles: Roles::ALL, scope, hash: TokenHash::of("wm_email"), expires_at: None }
        };
        pattern.map(token).into_iter().collect()
    }

    async fn begin(
        config: IngestConfig,
        http: HttpConfig,
        tune: impl FnOnce(&mut LogConfig),
        storage: impl FnOnce(EmbeddedLog) -> Storage<EmbeddedLog>,
        stored: Durability,
        tune_queue: impl FnOnce(&mut EmbeddedConfig),
        tokens: Vec<Token>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let mut log_config = LogConfig::new(folder.path().join("log"));
        tune(&mut log_config);
        let log = {
            let clock = clock.clone();
            tokio::task::spawn_blocking(move || EmbeddedLog::open(log_config, clock)).await.unwrap().unwrap()
        };
        let mut queue_config = EmbeddedConfig::new(folder.path().join("queue"));
        tune_queue(&mut queue_config);
        let (queue, _) = EmbeddedQueue::open(queue_config, 1, clock.clone()).await.unwrap();
        let (catalog, followed) = watch::channel(Arc::new(catalog()));
        let storage = storage(log.clone());
        let backing = match storage {
            Storage::Log(_) => Backing::LogAndQueue,
            Storage::Queue => Backing::Nothing,
        };
        let parts = Parts {
            storage,
            backing,
            queue: queue.clone(),
            catalog: followed,
            clock: clock.clone(),
            stored,
            config,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let drain = CancellationToken::new();
        let served = {
            let rules = |_: &Method, _: &str| Rule::roles(&Role::ALL);
            let whole = finish(protect(router(parts), Access::new(tokens, clock), rules));
            tokio::spawn(serve(listener, whole, http, drain.clone()))
        };
        Self { log, queue: Arc::new(queue), catalog, address, drain, served, _folder: folder }
    }

    /// The queue gets so many partitions: a new generation, and the one of before drains.
    pub(crate) fn divide(&self, partitions: u32) {
        let mut next = Catalog::clone(&self.catalog.borrow());
        next.revision.0 += 1;
        let name = "default".parse().unwrap();
        let queue = next.queues.get_mut(&name).unwrap();
        let layout = Layout { partitions: NonZeroU32::new(partitions).unwrap(), ..queue.current.layout() };
        *queue = queue.relaid(&name, layout).unwrap();
        self.catalog.send_replace(Arc::new(next));
    }

    pub(crate) async fn connect(&self) -> Client {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(tcp)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        let mut client = self.connect().await;
        read(client.send_request(request.body(body).unwrap()).await.unwrap()).await
    }

    /// Posts JSON to `/v1/jobs`.
    pub(crate) async fn post(&self, body: impl Into<Bytes>) -> Answer {
        self.call("POST", "/v1/jobs", &[("content-type", "application/json")], body).await
    }

    /// Posts lines to `/v1/jobs/batch`.
    pub(crate) async fn post_lines(&self, body: impl Into<Bytes>) -> Answer {
        self.call("POST", "/v1/jobs/batch", &[("content-type", "application/x-ndjson")], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], Bytes::new()).await
    }

    /// Every record of every lane, in order, with the text of its position.
    pub(crate) async fn records(&self) -> Vec<(String, Record)> {
        let lanes = self.catalog.borrow().lanes();
        let mut records = Vec::new();
        for lane in lanes {
            let mut from = Offset(0);
            loop {
                let page = self.log.read(&lane, from, 1 << 20).await.unwrap();
                let Some(last) = page.last() else { break };
                from = last.offset.next();
                for stored in page {
                    let record = decode(&stored.value.unwrap()).unwrap();
                    records.push((lane.at(stored.offset).to_string(), record));
                }
            }
        }
        records
    }

    /// The jobs in the log.
    pub(crate) async fn jobs(&self) -> Vec<Job> {
        let records = self.records().await.into_iter();
        records
            .filter_map(|(_, record)| if let Record::Job(job) = record { Some(job) } else { None })
            .collect()
    }

    /// Carries everything from the log to the queue, as a relay does.
    pub(crate) async fn relay(&self) {
        let lanes = self.catalog.borrow().lanes();
        for lane in lanes {
            let from = self.queue.resume(&lane, &self.log.committed(&lane).await.unwrap()).await.unwrap();
            let to = self.log.bounds(&lane).await.unwrap().next;
            let stored = self.log.read(&lane, from, usize::MAX).await.unwrap();
            let entry = |stored: wasmill_log::Stored| {
                let offset = stored.offset;
                match decode(&stored.value.unwrap()).unwrap() {
                    Record::Job(job) => {
                        let dedup_window = Duration::from_secs(600);
                        Entry::Job { offset, new: NewJob::new(job, dedup_window) }
                    }
                    Record::Cancel(cancel) => Entry::Cancel { offset, cancel },
                    Record::Copy { .. } => panic!("the gateway writes no copies"),
                }
            };
            let entries = stored.into_iter().map(entry).collect();
            let pushed = self.queue.push(Push { lane, from, to, passed: None, entries }).await.unwrap();
            assert!(matches!(pushed, Pushed::Applied { .. }), "{pushed:?}");
        }
    }

    pub(crate) async fn queue_counts(&self, job_type: &str) -> Counts {
        let counts = self.queue.counts().await.unwrap();
        counts.get(&job_type.parse().unwrap()).copied().unwrap_or_default()
    }

    /// Drains the gateway, and checks that nothing was cut.
    pub(crate) async fn end(self) {
        self.drain.cancel();
        let drained = tokio::time::timeout(Duration::from_secs(30), self.served).await.unwrap().unwrap();
        assert_eq!(drained, Drained { cut: 0 });
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.headers["content-type"], "application/x-ndjson");
        assert_eq!(self.body.last(), Some(&b'\n'));
        let lines = self.body.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n');
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    /// The id of a stored job.
    pub(crate) fn id(&self) -> String {
        assert_eq!(self.status, 202, "{:?}", self.body);
        self.json()["id"].as_str().unwrap().to_owned()
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
        assert_eq!(json["status"], status);
        json
    }
}

pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

fn catalog() -> Catalog {
    let queue = "default".parse().unwrap();
    let mut catalog = Catalog { revision: Revision(7), ..Catalog::default() };
    let partitions = NonZeroU32::new(4).unwrap();
    let current = GenerationSpec::main(Generation(1), partitions);
    catalog.queues.insert(queue, QueueSpec::of(current, Asked::Quorum));
    for (name, payload_bytes) in [("hello", 1 << 20), ("email.welcome", 1 << 20), ("small", SMALL_BYTES)] {
        catalog.types.insert(name.parse::<JobType>().unwrap(), job_type(payload_bytes));
    }
    let flow = Flow { max_pending: Some(2), ..Flow::default() };
    catalog.types.insert("seldom".parse().unwrap(), TypeSpec { flow, ..job_type(1 << 20) });
    catalog
}

fn job_type(payload_bytes: u64) -> TypeSpec {
    TypeSpec {
        owner: None,
        queue: "default".parse().unwrap(),
        path: Path::Log,
        mode: RouteMode::Live,
        handlers: Handlers::one("hello@1.0.0".parse().unwrap(), ModuleDigest::of(b"hello")),
        limits: Limits { payload_bytes, ..Limits::default() },
        retry: RetryPolicy::default(),
        flow: Flow::default(),
        grants: wasmill_job::Grants::default(),
        keep_result: Duration::from_secs(3_600),
        dedup_window: Duration::from_secs(600),
    }
}
