//! Brokers that die: what was answered stays, and what cannot be confirmed is said to be unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use wasmill_job::Durability;
use wasmill_log::{Append, AppendError, KafkaConfig, Log};
use wasmill_tests::{DEADLINE, Kafka, until};

use super::world::{at, config, open, read_all, record, text_at, topic};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_position_is_readable_after_a_kill() {
    let mut kafka = Kafka::start(1).await;
    let of = at(&topic(&kafka, 1).await, 0);
    let log = open(config(&kafka, "killed"));
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let appending: Vec<_> = (0..4)
        .map(|appender| {
            let (log, of) = (log.clone(), of.clone());
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for round in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let texts: Vec<_> = (0..20).map(|part| format!("{appender}/{round}/{part}")).collect();
                    let records = texts.iter().map(|text| record(&of, text.clone())).collect();
                    for (text, fate) in texts.into_iter().zip(log.append_each(records).await) {
                        match fate {
                            Ok(position) => kept.push((position, text)),
                            Err(AppendError::Unknown { .. } | AppendError::Busy) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                    answered.store(kept.len(), Ordering::SeqCst);
                }
                kept
            })
        })
        .collect();
    let more = |than: usize| {
        let answered = Arc::clone(&answered);
        async move {
            until("appends are answered", DEADLINE, || {
                let now = answered.load(Ordering::SeqCst);
                async move { (now > than).then_some(now) }
            })
            .await
        }
    };
    for _ in 0..2 {
        let before = more(answered.load(Ordering::SeqCst)).await;
        kafka.kill(1);
        kafka.start_again(1).await;
        more(before + 100).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut kept = Vec::new();
    for appender in appending {
        kept.extend(appender.await.unwrap());
    }
    let stored = read_all(&log, &of).await;
    for (position, text) in &kept {
        assert_eq!(text_at(&stored, position.offset), Some(&**text), "{position}");
    }
    assert!(stored.is_sorted_by(|a, b| a.offset < b.offset));
    log.close().await;
}

/// So that the test does not have to wait long for what cannot come.
const DELIVERED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_leader_the_outcome_is_unknown() {
    let mut kafka = Kafka::start(1).await;
    let of = at(&topic(&kafka, 1).await, 0);
    let log = open(KafkaConfig { delivery_timeout: DELIVERED_WITHIN, ..config(&kafka, "leaderless") });
    until("appends arrive", DEADLINE, || async { log.append(vec![record(&of, "before")]).await.ok() }).await;
    kafka.kill(1);
    for durability in [Durability::Quorum, Durability::Leader] {
        let began = std::time::Instant::now();
        let unknown = log.append(vec![Append { durability, ..record(&of, "lost?") }]).await.unwrap_err();
        assert!(matches!(unknown, AppendError::Unknown { .. }), "{unknown}");
        assert!(began.elapsed() < DEADLINE, "the delivery timeout ends it");
    }
    kafka.start_again(1).await;
    let after = until("appends go on by themselves", DEADLINE, || async {
        log.append(vec![record(&of, "after")]).await.ok()
    })
    .await;
    assert_eq!(text_at(&read_all(&log, &of).await, after[0].offset), Some("after"));
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_goes_on_after_its_broker_came_back() {
    let mut kafka = Kafka::start(1).await;
    let of = at(&topic(&kafka, 1).await, 0);
    let log = open(config(&kafka, "reader"));
    for text in ["a", "b"] {
        log.append(vec![record(&of, text)]).await.unwrap();
    }
    let first = log.read(&of, wasmill_job::Offset(0), 1 << 20).await.unwrap();
    kafka.kill(1);
    kafka.start_again(1).await;
    let third =
        until("appends go on", DEADLINE, || async { log.append(vec![record(&of, "c")]).await.ok() }).await;
    let next = first.last().unwrap().offset.next();
    let read = until("the reader goes on", DEADLINE, || async {
        let read = log.read(&of, next, 1 << 20).await.ok()?;
        read.iter().any(|record| record.offset == third[0].offset).then_some(read)
    })
    .await;
    assert_eq!(text_at(&read, third[0].offset), Some("c"));
    log.close().await;
}
