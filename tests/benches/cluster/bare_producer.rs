//! A bare rdkafka producer with the gateway's promise: the same records, acknowledged by all in-sync replicas, as many
//! outstanding as the gateway has. Nothing is parsed, checked, stamped or answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use wasmill_job::wire::encode_job;
use wasmill_job::{Generation, IdSource, Job, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs};

use crate::load::{BATCH, CONNECTIONS, JOB_TYPE, PARTITIONS, TOPIC};

/// Counts what is outstanding, and tells who waits.
#[derive(Clone, Default)]
struct Reports(Arc<Outstanding>);

#[derive(Default)]
struct Outstanding {
    records: AtomicUsize,
    came: Notify,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// Who waits for this record alone, if somebody does.
    type DeliveryOpaque = Box<Option<oneshot::Sender<()>>>;

    fn delivery(&self, report: &DeliveryResult<'_>, waits: Self::DeliveryOpaque) {
        assert!(report.is_ok(), "a bare record was not delivered");
        match *waits {
            Some(waits) => drop(waits.send(())),
            // One word for a batch.
            None if self.0.records.fetch_sub(1, Ordering::AcqRel) % BATCH == 1 => self.0.came.notify_one(),
            None => {}
        }
    }
}

/// The producer, and records to send again and again.
#[derive(Clone)]
pub(crate) struct BareProducer {
    producer: Arc<ThreadedProducer<Reports>>,
    reports: Reports,
    records: Arc<Vec<Bytes>>,
}

impl BareProducer {
    pub(crate) fn new(bootstrap: &str, linger_ms: &str) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", linger_ms);
        let reports = Reports::default();
        let producer = ThreadedProducer::from_config_and_context(&config, reports.clone()).unwrap();
        Self { producer: Arc::new(producer), reports, records: Arc::new(records()) }
    }

    /// Records per second, with as many outstanding as the gateway's callers have.
    pub(crate) async fn batches_for(&self, span: Duration) -> f64 {
        let outstanding = &self.reports.0;
        let began = Instant::now();
        let mut sent = 0;
        while began.elapsed() < span {
            let came = outstanding.came.notified();
            if outstanding.records.load(Ordering::Acquire) > BATCH * (CONNECTIONS - 1) {
                came.await;
                continue;
            }
            outstanding.records.fetch_add(BATCH, Ordering::AcqRel);
            // As the gateway does: what comes together goes to one partition.
            for record in &self.records[..BATCH] {
                self.send((sent / BATCH) as u32, record, None);
            }
            sent += BATCH;
        }
        self.producer.flush(Duration::from_secs(10)).unwrap();
        sent as f64 / began.elapsed().as_secs_f64()
    }

    /// So many tasks, each waiting for the delivery of its record before it sends the next: how long each took.
    pub(crate) async fn singles_for(&self, tasks: usize, span: Duration) -> Vec<Duration> {
        self.singles_at(tasks, Duration::ZERO, span).await
    }

    /// The same, each task once in `each`.
    pub(crate) async fn singles_at(&self, tasks: usize, each: Duration, span: Duration) -> Vec<Duration> {
        let began = Instant::now();
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let bare = self.clone();
            running.spawn(async move {
                let mut waits = Vec::new();
                // Not all at the same moment.
                let mut next = began + each * task as u32 / tasks as u32;
                while began.elapsed() < span {
                    tokio::time::sleep_until(next.into()).await;
                    next += each;
                    let sent = Instant::now();
                    let (waits_for, delivered) = oneshot::channel();
                    bare.send((task + waits.len()) as u32, &bare.records[task], Some(waits_for));
                    delivered.await.unwrap();
                    waits.push(sent.elapsed());
                }
                waits
            });
        }
        running.join_all().await.into_iter().flatten().collect()
    }

    fn send(&self, turn: u32, record: &Bytes, waits: Option<oneshot::Sender<()>>) {
        let record: BaseRecord<'_, (), [u8], _> = BaseRecord::with_opaque_to(TOPIC, Box::new(waits))
            .partition((turn % PARTITIONS) as i32)
            .payload(record);
        assert!(self.producer.send(record).is_ok(), "the bare producer's buffer is full");
    }
}

/// The records of as many jobs as the gateway is sent.
fn records() -> Vec<Bytes> {
    let mut ids = IdSource::default();
    let now = UnixMs(1_790_000_000_000);
    let mut job = |number: usize| Job {
        id: ids.next(now, number as u64, Generation(1), Partition(0)),
        job_type: JOB_TYPE.parse().unwrap(),
        payload: Bytes::from(format!("\"{}\"", "x".repeat(198))),
        accepted_at: now,
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Paused },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    (0..BATCH).map(|number| encode_job(&job(number)).unwrap()).collect()
}
