//! What the tests of the embedded log share: a clock to turn by hand, records to tell apart, children to kill.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{Clock, Durability, Offset, Partition, SystemClock, Topic, TopicPartition, UnixMs};
use wasmill_log::{Append, EmbeddedLog, Log, LogConfig, OpenError, ReadError, Stored};

/// A clock that only moves when it is told to.
#[derive(Debug)]
pub(super) struct HandClock(AtomicU64);

impl HandClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_000_000_000)))
    }

    pub(super) fn advance(&self, span: Duration) {
        self.0.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

pub(super) fn open(dir: &Path) -> Result<EmbeddedLog, OpenError> {
    EmbeddedLog::open(LogConfig::new(dir), Arc::new(SystemClock))
}

pub(super) fn mail(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.mail.1"), Partition(partition))
}

pub(super) fn dead() -> TopicPartition {
    TopicPartition::new(Topic::dead(), Partition(0))
}

pub(super) fn record(of: &TopicPartition, value: impl Into<Bytes>) -> Append {
    Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: None,
        value: Some(value.into()),
        durability: Durability::Quorum,
    }
}

pub(super) fn keyed(of: &TopicPartition, key: &str, value: Option<Vec<u8>>) -> Append {
    Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(Bytes::from),
        durability: Durability::Quorum,
    }
}

/// All records of a partition.
pub(super) async fn read_all(log: &EmbeddedLog, of: &TopicPartition) -> Result<Vec<Stored>, ReadError> {
    let mut all: Vec<Stored> = Vec::new();
    let mut next = log.bounds(of).await?.first;
    loop {
        let bite = log.read(of, next, 1 << 20).await?;
        let Some(last) = bite.last() else { return Ok(all) };
        next = last.offset.next();
        all.extend(bite);
    }
}

pub(super) fn offsets(records: &[Stored]) -> Vec<u64> {
    records.iter().map(|record| record.offset.0).collect()
}

pub(super) fn text(record: &Stored) -> &str {
    std::str::from_utf8(record.value.as_deref().unwrap()).unwrap()
}

pub(super) fn floor(at: u64) -> wasmill_job::Progress {
    wasmill_job::Progress { floor: Offset(at), ..Default::default() }
}

/// This test binary again, to run the one test `name` with the variable [`CHILD`] set to `dir`. The test does nothing
/// without it.
pub(super) fn child(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, dir);
    command
}

/// Set in the children that tests start.
pub(super) const CHILD: &str = "WASMILL_LOG_TEST_DIR";

/// The folder this process was started for, if it is a child.
pub(super) fn child_dir() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD).map(Into::into)
}
