//! What the tests share: logs on a cluster, topics, records.

use bytes::Bytes;
use wasmill_job::{Durability, Offset, Partition, Topic, TopicPartition};
use wasmill_log::{Append, KafkaConfig, KafkaLog, Log, Stored};
use wasmill_tests::{DEADLINE, Kafka};

/// The settings of a process on one broker.
pub(crate) fn config(kafka: &Kafka, group: &str) -> KafkaConfig {
    KafkaConfig {
        group: group.to_owned(),
        replication: 1,
        min_insync: 1,
        delivery_timeout: DEADLINE,
        ..KafkaConfig::new(kafka.bootstrap().split(',').map(str::to_owned).collect())
    }
}

pub(crate) fn open(config: KafkaConfig) -> KafkaLog {
    KafkaLog::open(config).unwrap()
}

/// A queue's topic that no other test has.
pub(crate) async fn topic(kafka: &Kafka, partitions: u32) -> Topic {
    Topic::from(&*kafka.fresh_topic("wasmill.q.mail", partitions).await)
}

pub(crate) fn at(topic: &Topic, partition: u32) -> TopicPartition {
    TopicPartition::new(topic.clone(), Partition(partition))
}

pub(crate) fn record(of: &TopicPartition, value: impl Into<Bytes>) -> Append {
    Append {
        topic: of.topic.clone(),
        partition: of.partition,
        key: None,
        value: Some(value.into()),
        durability: Durability::Quorum,
    }
}

/// All records of a partition.
pub(crate) async fn read_all(log: &KafkaLog, of: &TopicPartition) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    let mut next = log.bounds(of).await.unwrap().first;
    loop {
        let bite = log.read(of, next, 1 << 20).await.unwrap();
        let Some(last) = bite.last() else { return all };
        next = last.offset.next();
        all.extend(bite);
    }
}

/// The text of the record at an offset, if there is one.
pub(crate) fn text_at(records: &[Stored], offset: Offset) -> Option<&str> {
    let found = records.binary_search_by_key(&offset, |record| record.offset).ok()?;
    std::str::from_utf8(records[found].value.as_deref()?).ok()
}
