//! How fast the log in Kafka stores records through its port, beside a bare rdkafka producer with the same records on the
//! same broker in the same run: `cargo bench -p wasmill-tests --bench kafka`. Everything is acknowledged by all in-sync
//! replicas before it counts. The bench `cluster` measures the same log from outside, through the gateway and the relay as
//! processes; this one is for whoever changes the log alone: no HTTP, no Redis, half a minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use wasmill_job::{Durability, Partition, Topic};
use wasmill_log::{Append, KafkaConfig, KafkaLog, Log};
use wasmill_tests::Kafka;

const RECORD_BYTES: usize = 200;
const PARTITIONS: u32 = 4;
const BATCH: usize = 500;
const IN_FLIGHT: usize = 4;
const SINGLES: usize = 64;
const FOR: Duration = Duration::from_secs(4);

#[tokio::main(worker_threads = 2)]
async fn main() {
    let kafka = Kafka::start(1).await;
    let topic = Topic::from(&*kafka.fresh_topic("wasmill.q.bench", PARTITIONS).await);
    let config = KafkaConfig { replication: 1, min_insync: 1, ..KafkaConfig::new(vec![kafka.bootstrap()]) };
    let log = KafkaLog::open(config).unwrap();
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", kafka.bootstrap())
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0");
    let bare: FutureProducer = settings.create().unwrap();
    println!(
        "records of {RECORD_BYTES} bytes, {PARTITIONS} partitions, one broker, {} s each",
        FOR.as_secs()
    );
    let alone = (
        {
            let (bare, topic) = (bare.clone(), topic.clone());
            move |at| bare_one(&bare, &topic, at)
        },
        {
            let (log, topic) = (log.clone(), topic.clone());
            move |at| log_one(&log, &topic, at)
        },
    );
    for round in 0..3 {
        let rate = batches(|at| bare_batch(&bare, &topic, at)).await;
        println!("{round}: bare rdkafka, batches of {BATCH}   {rate:>10.0} records/s");
        let rate = batches(|at| log_batch(&log, &topic, at)).await;
        println!("{round}: log, batches of {BATCH}            {rate:>10.0} records/s");
        println!("{round}: bare rdkafka, {SINGLES} tasks, p50     {:?}", singles(alone.0.clone()).await);
        println!("{round}: log, {SINGLES} tasks, p50              {:?}", singles(alone.1.clone()).await);
    }
    bare.flush(Duration::from_secs(5)).unwrap();
    log.close().await;
}

/// Records a second, by a few callers who each wait for their batch.
async fn batches<F: Future<Output = ()> + Send + 'static>(store: impl Fn(u32) -> F) -> f64 {
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    let (mut sent, mut stored) = (0, 0);
    loop {
        while running.len() < IN_FLIGHT && began.elapsed() < FOR {
            running.spawn(store(sent % PARTITIONS));
            sent += 1;
        }
        let Some(done) = running.join_next().await else { break };
        done.unwrap();
        stored += BATCH;
    }
    stored as f64 / began.elapsed().as_secs_f64()
}

/// The middle of the times that single records took.
async fn singles<F: Future<Output = ()> + Send + 'static>(
    store: impl Fn(u32) -> F + Clone + Send + Sync + 'static,
) -> Duration {
    let began = Instant::now();
    let store = Arc::new(store);
    let mut running = tokio::task::JoinSet::new();
    for task in 0..SINGLES {
        let store = Arc::clone(&store);
        running.spawn(async move {
            let mut took = Vec::new();
            while began.elapsed() < FOR {
                let at = Instant::now();
                store(task as u32 % PARTITIONS).await;
                took.push(at.elapsed());
            }
            took
        });
    }
    let mut all: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    all.sort();
    all[all.len() / 2]
}

fn records(topic: &Topic, partition: u32, count: usize) -> Vec<Append> {
    let record = Append {
        topic: topic.clone(),
        partition: Partition(partition),
        key: None,
        value: Some(Bytes::from_static(&[7; RECORD_BYTES])),
        durability: Durability::Quorum,
    };
    vec![record; count]
}

fn log_batch(log: &KafkaLog, topic: &Topic, at: u32) -> impl Future<Output = ()> + Send + use<> {
    let (log, records) = (log.clone(), records(topic, at, BATCH));
    async move { assert_eq!(log.append(records).await.unwrap().len(), BATCH) }
}

fn log_one(log: &KafkaLog, topic: &Topic, at: u32) -> impl Future<Output = ()> + Send + use<> {
    let (log, records) = (log.clone(), records(topic, at, 1));
    async move { drop(log.append(records).await.unwrap()) }
}

fn bare_batch(bare: &FutureProducer, topic: &Topic, at: u32) -> impl Future<Output = ()> + Send + use<> {
    let (bare, topic) = (bare.clone(), topic.clone());
    async move {
        let sent: Vec<_> = (0..BATCH).map(|_| bare.send_result(bare_record(&topic, at)).unwrap()).collect();
        for delivery in sent {
            delivery.await.unwrap().unwrap();
        }
    }
}

fn bare_one(bare: &FutureProducer, topic: &Topic, at: u32) -> impl Future<Output = ()> + Send + use<> {
    let (bare, topic) = (bare.clone(), topic.clone());
    async move {
        let stored = bare.send_result(bare_record(&topic, at)).unwrap().await.unwrap();
        assert!(stored.is_ok());
    }
}

fn bare_record(topic: &Topic, at: u32) -> FutureRecord<'_, (), [u8]> {
    FutureRecord::to(topic.as_str()).partition(at as i32).payload(&[7; RECORD_BYTES][..])
}
