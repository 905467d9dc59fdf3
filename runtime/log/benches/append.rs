//! How fast the log stores records through its port, beside the bare engine on the same disk in the same run:
//! `cargo bench -p wasmill-log`. Prints records per second; everything is fsynced before it counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redb::{Database, TableDefinition};
use tempfile::TempDir;
use wasmill_job::{Durability, Offset, Partition, SystemClock, Topic, TopicPartition};
use wasmill_log::{Append, EmbeddedLog, Log, LogConfig};

const RECORD_BYTES: usize = 200;
const PARTITIONS: u32 = 4;
const FOR: Duration = Duration::from_secs(3);

#[tokio::main(worker_threads = 2)]
async fn main() {
    println!("records of {RECORD_BYTES} bytes, {PARTITIONS} partitions, {} s each", FOR.as_secs());
    // Cargo passes flags of its own, such as --bench.
    for batch in [500, 64] {
        row(&format!("bare redb, batches of {batch}"), bare(batch));
        row(&format!("log, batches of {batch}, one caller"), log(batch, 1).await);
        row(&format!("log, batches of {batch}, two callers"), log(batch, 2).await);
    }
    row("log, single records, 64 callers", log(1, 64).await);
    row("log, single records, one caller", log(1, 1).await);
    row("log, read back in bites of 1 MiB", read().await);
}

fn row(what: &str, (records, took): (u64, Duration)) {
    println!("{what:40} {:>10.0} records/s", records as f64 / took.as_secs_f64());
}

/// One insert a record, one fsynced transaction a batch.
fn bare(batch: u64) -> (u64, Duration) {
    const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("records");
    let dir = TempDir::new().unwrap();
    let db = Database::create(dir.path().join("bare.redb")).unwrap();
    let value = [7; RECORD_BYTES];
    let (started, mut next) = (Instant::now(), 0);
    while started.elapsed() < FOR {
        let transaction = db.begin_write().unwrap();
        {
            let mut table = transaction.open_table(TABLE).unwrap();
            for _ in 0..batch {
                table.insert(next, &value[..]).unwrap();
                next += 1;
            }
        }
        transaction.commit().unwrap();
    }
    (next, started.elapsed())
}

async fn log(batch: u64, callers: u64) -> (u64, Duration) {
    let dir = TempDir::new().unwrap();
    let log = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(SystemClock)).unwrap();
    let (started, stored) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (log, stored) = (log.clone(), Arc::clone(&stored));
            tokio::spawn(async move {
                while started.elapsed() < FOR {
                    let records = records(batch, stored.load(Ordering::Relaxed));
                    log.append(records).await.unwrap();
                    stored.fetch_add(batch, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let took = started.elapsed();
    log.close().await;
    (stored.load(Ordering::Relaxed), took)
}

async fn read() -> (u64, Duration) {
    let dir = TempDir::new().unwrap();
    let log = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(SystemClock)).unwrap();
    for _ in 0..1000 {
        log.append(records(500, 0)).await.unwrap();
    }
    log.close().await;
    let opening = Instant::now();
    let log = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(SystemClock)).unwrap();
    println!("opening a log of 500,000 records takes {:?}", opening.elapsed());
    let (started, mut read) = (Instant::now(), 0);
    for partition in 0..PARTITIONS {
        let (of, mut next) = (TopicPartition::new(topic(), Partition(partition)), Offset(0));
        loop {
            let bite = log.read(&of, next, 1 << 20).await.unwrap();
            let Some(last) = bite.last() else { break };
            next = last.offset.next();
            read += bite.len() as u64;
        }
    }
    assert_eq!(read, 500_000);
    (read, started.elapsed())
}

fn topic() -> Topic {
    Topic::from("wasmill.q.bench.1")
}

fn records(count: u64, salt: u64) -> Vec<Append> {
    let (topic, value) = (topic(), Bytes::from_static(&[7; RECORD_BYTES]));
    (0..count)
        .map(|number| Append {
            topic: topic.clone(),
            partition: Partition(((number + salt) % u64::from(PARTITIONS)) as u32),
            key: None,
            value: Some(value.clone()),
            durability: Durability::Quorum,
        })
        .collect()
}
