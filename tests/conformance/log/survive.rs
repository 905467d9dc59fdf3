//! What is acknowledged stays.

use wasmill_job::TopicPartition;
use wasmill_log::{Log, Stored};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, read_all, record, topic};

async fn fill(log: &impl Log, partitions: &[TopicPartition]) -> Vec<Vec<Stored>> {
    for batch in 0..20 {
        let records =
            (0..30).map(|part| record(&partitions[part % partitions.len()], format!("{batch}/{part}")));
        log.append(records.collect()).await.unwrap();
    }
    contents(log, partitions).await
}

async fn contents(log: &impl Log, partitions: &[TopicPartition]) -> Vec<Vec<Stored>> {
    let mut contents = Vec::new();
    for of in partitions {
        contents.push(read_all(log, of, EVERYTHING).await);
    }
    contents
}

fn partitions() -> Vec<TopicPartition> {
    vec![at(&topic("mail"), 0), at(&topic("mail"), 1), at(&topic("video"), 0)]
}

pub(crate) async fn reopening_keeps_everything<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let before = fill(&under_test.log(), &partitions()).await;
    assert_eq!(before.iter().map(Vec::len).sum::<usize>(), 600);
    under_test.close().await;
    let under_test = under_test.reopen().await;
    assert_eq!(contents(&under_test.log(), &partitions()).await, before);
    let mut known = under_test.log().partitions().await.unwrap();
    known.sort();
    assert_eq!(known, partitions());
}

pub(crate) async fn a_crash_keeps_everything_acknowledged<T: LogUnderTest>() {
    let mut under_test = T::fresh().await;
    for _ in 0..3 {
        let before = fill(&under_test.log(), &partitions()).await;
        under_test = under_test.crash().await;
        assert_eq!(contents(&under_test.log(), &partitions()).await, before);
    }
}

pub(crate) async fn offsets_are_never_given_twice<T: LogUnderTest>() {
    let mut under_test = T::fresh().await;
    let of = at(&topic("mail"), 0);
    let mut last = None;
    for round in 0..6 {
        let offset = append_text(&under_test.log(), &of, "a").await;
        assert!(last.is_none_or(|last| last < offset));
        last = Some(offset);
        under_test = if round % 2 == 0 {
            under_test.close().await;
            under_test.reopen().await
        } else {
            under_test.crash().await
        };
    }
}
