//! Compacted topics: the newest record of each key is always there.

use std::collections::BTreeMap;

use bytes::Bytes;
use wasmill_job::TopicPartition;
use wasmill_log::Log;

use super::LogUnderTest;
use super::records::{EVERYTHING, at, keyed, read_all, record, texts};

/// What somebody knows who reads the topic from where it begins.
async fn folded(log: &impl Log, of: &TopicPartition) -> BTreeMap<Bytes, Bytes> {
    let mut folded = BTreeMap::new();
    for stored in read_all(log, of, EVERYTHING).await {
        let Some(key) = stored.key else { continue };
        match stored.value {
            Some(value) => drop(folded.insert(key, value)),
            None => drop(folded.remove(&key)),
        }
    }
    folded
}

pub(crate) async fn keeps_the_newest_record_of_each_key<T: LogUnderTest>() {
    let mut under_test = T::fresh().await;
    let of = at(&under_test.dead().await, 0);
    let mut expected = BTreeMap::new();
    for round in 0..6_usize {
        for number in 0..40 {
            let key = format!("key {number}");
            let value = (number % 7 != round).then(|| format!("{number} in round {round}"));
            under_test.log().append(vec![keyed(&of, &key, value.as_deref())]).await.unwrap();
            match value {
                Some(value) => drop(expected.insert(Bytes::from(key), Bytes::from(value))),
                None => drop(expected.remove(key.as_bytes())),
            }
        }
        under_test.compact().await;
        assert_eq!(folded(&under_test.log(), &of).await, expected);
        if round == 3 {
            under_test = under_test.crash().await;
        }
    }
}

pub(crate) async fn leaves_other_topics_alone<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    for value in ["a", "b", "c"] {
        log.append(vec![keyed(&of, "the same", Some(value))]).await.unwrap();
    }
    under_test.compact().await;
    assert_eq!(texts(&read_all(&log, &of, EVERYTHING).await), ["a", "b", "c"]);
}

pub(crate) async fn keeps_records_without_a_key<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.dead().await, 0);
    log.append(vec![record(&of, "a"), record(&of, "b"), record(&of, "a")]).await.unwrap();
    under_test.compact().await;
    assert_eq!(texts(&read_all(&log, &of, EVERYTHING).await), ["a", "b", "a"]);
}
