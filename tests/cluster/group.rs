//! Members of the relays' group share the partitions, and take over from one another.

use std::collections::BTreeSet;
use std::time::Duration;

use wasmill_job::TopicPartition;
use wasmill_log::{KafkaConfig, KafkaLog, Log, ReadError};
use wasmill_tests::{DEADLINE, Kafka, until};

use super::world::{config, open, topic};

async fn own(log: &KafkaLog, topic: &wasmill_job::Topic) -> BTreeSet<TopicPartition> {
    let assigned = log.assigned().await.unwrap();
    assigned.into_iter().filter(|of| of.topic == *topic).collect()
}

fn member(kafka: &Kafka, group: &str, instance_id: Option<&str>) -> KafkaConfig {
    let session_timeout = Duration::from_secs(6);
    KafkaConfig { instance_id: instance_id.map(str::to_owned), session_timeout, ..config(kafka, group) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_share_and_one_takes_over_when_the_other_leaves() {
    // A broker of its own: topics of other tests would make the group share anew again and again.
    let kafka = &Kafka::start(1).await;
    let topic = topic(kafka, 4).await;
    let (one, two) = (open(member(kafka, "share", None)), open(member(kafka, "share", None)));
    until("the first has all", DEADLINE, || async { (own(&one, &topic).await.len() == 4).then_some(()) })
        .await;
    until("they share", DEADLINE, || async {
        let (first, second) = (own(&one, &topic).await, own(&two, &topic).await);
        (!first.is_empty()
            && !second.is_empty()
            && first.len() + second.len() == 4
            && first.is_disjoint(&second))
        .then_some(())
    })
    .await;
    let seen = own(&two, &topic).await;
    let changed = tokio::spawn({
        let (two, seen) = (two.clone(), two.assigned().await.unwrap());
        async move { two.reassigned(&seen).await }
    });
    one.close().await;
    until("the other has all", DEADLINE, || async { (own(&two, &topic).await.len() == 4).then_some(()) })
        .await;
    tokio::time::timeout(DEADLINE, changed).await.unwrap().unwrap();
    assert!(seen.len() < 4);
    two.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_topic_is_found() {
    // A broker of its own: topics of other tests would make the group share anew again and again.
    let kafka = &Kafka::start(1).await;
    let log = open(member(kafka, "found", None));
    log.assigned().await.unwrap();
    let topic = topic(kafka, 2).await;
    until("the new topic is assigned", DEADLINE, || async {
        (own(&log, &topic).await.len() == 2).then_some(())
    })
    .await;
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_with_the_same_name_puts_the_first_out() {
    // A broker of its own: topics of other tests would make the group share anew again and again.
    let kafka = &Kafka::start(1).await;
    let topic = topic(kafka, 2).await;
    let one = open(member(kafka, "fenced", Some("relay-1")));
    until("the first has all", DEADLINE, || async { (own(&one, &topic).await.len() == 2).then_some(()) })
        .await;
    let two = open(member(kafka, "fenced", Some("relay-1")));
    let refused = until("the first is put out", DEADLINE, || async {
        // Asking the second joins it.
        two.assigned().await.unwrap();
        one.assigned().await.err()
    })
    .await;
    assert!(matches!(&refused, ReadError::Refused { reason } if reason.contains("instance_id")), "{refused}");
    until("the second has all", DEADLINE, || async { (own(&two, &topic).await.len() == 2).then_some(()) })
        .await;
    one.close().await;
    two.close().await;
}
