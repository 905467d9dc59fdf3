//! Topics as they should be: compared, made, changed where that may be, and left to a person where not.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::OnceCell;
use wasmill_job::Topic;
use wasmill_log::{KafkaLog, Log, TopicDifference, TopicError, TopicPlan};
use wasmill_tests::{DEADLINE, Kafka, until};

use super::world::{config, open};

/// Makes the topic of progress on the shared broker, once.
pub(crate) async fn settled(kafka: &Kafka) {
    static MADE: OnceCell<()> = OnceCell::const_new();
    let topic = Topic::settled();
    let make = || kafka.create_topic(topic.as_str(), 4, 1, &[("cleanup.policy", "compact")]);
    MADE.get_or_init(make).await;
}

fn plan(name: &str, partitions: u32) -> TopicPlan {
    TopicPlan {
        topic: Topic::from(name),
        partitions: NonZeroU32::new(partitions).unwrap(),
        replication: 1,
        min_insync: 1,
        retention: Some(Duration::from_secs(3600)),
        compacted: false,
    }
}

/// Waits until the broker shows what its controller has made.
async fn until_as_planned(log: &KafkaLog, plans: &[TopicPlan]) {
    until("the topics are as planned", DEADLINE, || async {
        log.compare(plans).await.unwrap().is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn are_made_and_then_differ_in_nothing() {
    let kafka = Kafka::shared().await;
    let log = open(config(kafka, "plans"));
    let compacted = TopicPlan { retention: None, compacted: true, ..plan("wasmill.q.compacted.1", 2) };
    let plans = [plan("wasmill.q.planned.1", 3), compacted, plan("wasmill.parked.planned", 1)];
    let found = log.compare(&plans).await.unwrap();
    assert!(found.iter().all(|found| matches!(found, TopicDifference::Missing { .. })), "{found:?}");
    assert_eq!(log.apply(&plans).await.unwrap(), found);
    until_as_planned(&log, &plans).await;
    assert_eq!(log.apply(&plans).await.unwrap(), []);
    assert_eq!(log.retention(&plans[0].topic).await.unwrap(), Some(Duration::from_secs(3600)));
    assert_eq!(log.retention(&plans[1].topic).await.unwrap(), None);

    let changed = TopicPlan { retention: Some(Duration::from_secs(60)), ..plans[0].clone() };
    kafka.set_topic(changed.topic.as_str(), "segment.ms", "600000").await;
    let differences = log.apply(std::slice::from_ref(&changed)).await.unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!(
        differences[0].to_string(),
        "the topic wasmill.q.planned.1 has retention.ms = 3600000, and should have 60000"
    );
    until_as_planned(&log, &[changed]).await;

    let wider = plan("wasmill.parked.planned", 2);
    let differences = log.apply(std::slice::from_ref(&wider)).await.unwrap();
    assert!(
        matches!(differences[..], [TopicDifference::Narrow { found: 1, wanted: 2, .. }]),
        "{differences:?}"
    );
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_queues_never_change_their_partitions() {
    let kafka = Kafka::shared().await;
    let log = open(config(kafka, "fixed"));
    log.apply(&[plan("wasmill.q.fixed.1", 2)]).await.unwrap();
    let refused = log.apply(&[plan("wasmill.q.fixed.1", 4), plan("wasmill.q.other.1", 1)]).await.unwrap_err();
    assert!(matches!(&refused, TopicError::NeedsPerson(TopicDifference::Fixed { .. })), "{refused}");
    assert!(refused.to_string().contains("generation"), "{refused}");
    let other = log.compare(&[plan("wasmill.q.other.1", 1)]).await.unwrap();
    assert!(matches!(other[..], [TopicDifference::Missing { .. }]), "nothing was done: {other:?}");
    let own = TopicPlan { retention: None, compacted: true, ..plan("wasmill.dead", 1) };
    kafka.create_topic("wasmill.dead", 3, 1, &[]).await;
    let refused = log.apply(&[own]).await.unwrap_err().to_string();
    assert!(refused.contains("auto.create.topics.enable") && !refused.contains("generation"), "{refused}");
    let copies = TopicPlan { replication: 3, ..plan("wasmill.q.copies.1", 1) };
    let refused = log.apply(&[copies]).await.unwrap_err();
    assert!(matches!(refused, TopicError::TooFewBrokers { replication: 3, .. }), "{refused}");
    log.close().await;
}
