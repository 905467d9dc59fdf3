//! What is acknowledged stays.

use wasmill_job::TopicPartition;
use wasmill_log::{Log, Stored};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, read_all, record};

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

async fn partitions(under_test: &impl LogUnderTest) -> Vec<TopicPartition> {
    let (mail, video) = (under_test.topic("mail").await, under_test.topic("video").await);
    vec![at(&mail, 0), at(&mail, 1), at(&video, 0)]
}

pub(crate) async fn reopening_keeps_everything<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let partitions = partitions(&under_test).await;
    let before = fill(&under_test.log(), &partitions).await;
    assert_eq!(before.iter().map(Vec::len).sum::<usize>(), 600);
    under_test.close().await;
    let under_test = under_test.reopen().await;
    assert_eq!(contents(&under_test.log(), &partitions).await, before);
    let known = under_test.log().partitions().await.unwrap();
    assert!(partitions.iter().all(|of| known.contains(of)), "{known:?}");
}

pub(crate) async fn a_crash_keeps_everything_acknowledged<T: LogUnderTest>() {
    let mut under_test = T::fresh().await;
    let partitions = partitions(&under_test).await;
    for _ in 0..3 {
        let before = fill(&under_test.log(), &partitions).await;
        under_test = under_test.crash().await;
        assert_eq!(contents(&under_test.log(), &partitions).await, before);
    }
}

pub(crate) async fn offsets_are_never_given_twice<T: LogUnderTest>() {
    let mut under_test = T::fresh().await;
    let of = at(&under_test.topic("mail").await, 0);
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
