//! Records that are not taken: at once when the buffer is full, with a sentence when they never will be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wasmill_job::Topic;
use wasmill_log::{AppendError, KafkaConfig, Log, ReadError};
use wasmill_tests::{DEADLINE, Kafka, until};

use super::world::{at, config, open, record, topic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_buffer_refuses_at_once() {
    let mut kafka = Kafka::start(1).await;
    let of = at(&topic(&kafka, 1).await, 0);
    let delivery_timeout = Duration::from_secs(120);
    let log = open(KafkaConfig { buffer_records: 100, delivery_timeout, ..config(&kafka, "full") });
    log.append(vec![record(&of, "before")]).await.unwrap();
    kafka.pause(1);
    let waiting = tokio::spawn({
        let (log, of) = (log.clone(), of.clone());
        async move { log.append_each((0..150).map(|_| record(&of, "x")).collect()).await }
    });
    // The buffer is full once a single record is refused, which is to happen at once.
    let probes = AtomicUsize::new(0);
    let began = until("the buffer is full", DEADLINE, || async {
        let began = Instant::now();
        let fate = tokio::time::timeout(Duration::from_millis(500), log.append(vec![record(&of, "y")])).await;
        // One that is not answered was taken in before the buffer was full.
        probes.fetch_add(usize::from(fate.is_err()), Ordering::Relaxed);
        fate.ok().map(|fate| (began, fate))
    })
    .await;
    assert_eq!(began.1, Err(AppendError::Busy));
    assert!(began.0.elapsed() < delivery_timeout / 4);
    kafka.resume(1);
    let fates = waiting.await.unwrap();
    let busy = fates.iter().filter(|fate| **fate == Err(AppendError::Busy)).count();
    let stored = fates.iter().filter(|fate| fate.is_ok()).count();
    let room = 100 - probes.into_inner();
    assert_eq!(stored + busy, 150, "each record has its own fate");
    // The client gives the room of a record back a moment after it has answered: that of the first one may still be taken.
    assert!((room - 1..=room).contains(&stored), "{stored} were stored, and there was room for {room}");
    until("there is room again", DEADLINE, || async { log.append(vec![record(&of, "after")]).await.ok() })
        .await;
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_and_a_missing_partition_are_named() {
    let kafka = Kafka::shared().await;
    let log = open(config(kafka, "missing"));
    let (missing, narrow) = (at(&Topic::from("wasmill.q.nobody.1"), 0), at(&topic(kafka, 1).await, 1));
    for of in [&missing, &narrow] {
        let refused = log.append(vec![record(of, "a")]).await.unwrap_err();
        let AppendError::Refused { reason } = &refused else { panic!("{refused}") };
        assert!(reason.contains(of.topic.as_str()) && reason.contains("wasmill topics apply"), "{reason}");
        let refused = log.bounds(of).await.unwrap_err();
        assert!(
            matches!(&refused, ReadError::Refused { reason } if reason.contains("topics apply")),
            "{refused}"
        );
        let refused = log.read(of, wasmill_job::Offset(0), 1 << 20).await.unwrap_err();
        assert!(
            matches!(&refused, ReadError::Refused { reason } if reason.contains("topics apply")),
            "{refused}"
        );
    }
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_the_topic_does_not_take_is_too_large() {
    let kafka = Kafka::shared().await;
    let topic = topic(kafka, 1).await;
    kafka.set_topic(topic.as_str(), "max.message.bytes", "2000").await;
    let (log, of) = (open(config(kafka, "large")), at(&topic, 0));
    // A broker obeys a setting a moment after it was made.
    let refused = until("the setting is obeyed", DEADLINE, || async {
        log.append(vec![record(&of, vec![7; 5000])]).await.err()
    })
    .await;
    assert!(matches!(refused, AppendError::TooLarge { bytes: 5000, .. }), "{refused}");
    log.append(vec![record(&of, "small")]).await.unwrap();
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_took_is_gone_and_beyond_the_end_is_nothing() {
    let kafka = Kafka::shared().await;
    let log = open(config(kafka, "gone"));
    let parked = Topic::parked(&"gone.type".parse().unwrap());
    log.ensure(&parked, std::num::NonZeroU32::MIN).await.unwrap();
    super::topics::settled(kafka).await;
    let of = at(&parked, 0);
    let records = (0..10).map(|number| record(&of, number.to_string())).collect();
    let positions = log.append(records).await.unwrap();
    let floor = positions[6].offset;
    // A drop that fails fails no commit: a later one tries again.
    until("settled records of parked jobs are dropped", DEADLINE, || async {
        log.commit(&of, wasmill_job::Progress { floor, ..Default::default() }).await.unwrap();
        (log.bounds(&of).await.unwrap().first == floor).then_some(())
    })
    .await;
    for bytes_max in [1, 1 << 20] {
        let gone = log.read(&of, positions[2].offset, bytes_max).await.unwrap_err();
        assert!(matches!(gone, ReadError::Gone { first, .. } if first == floor), "{gone}");
        let end = log.bounds(&of).await.unwrap().next;
        assert_eq!(log.read(&of, wasmill_job::Offset(end.0 + 1000), bytes_max).await.unwrap(), []);
        assert_eq!(log.read(&of, floor, bytes_max).await.unwrap()[0].offset, floor);
    }
    log.close().await;
}
