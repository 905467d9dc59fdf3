//! Seeking by time.

use wasmill_job::{Offset, TopicPartition, UnixMs};
use wasmill_log::{Bounds, Log, ReadError, Stored};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, keyed, read_all};

/// Records of at least so many different moments, a few of each.
async fn moments(log: &impl Log, of: &TopicPartition, at_least: usize) -> Vec<Stored> {
    loop {
        append_text(log, of, "a").await;
        append_text(log, of, "b").await;
        let all = read_all(log, of, EVERYTHING).await;
        let mut moments: Vec<UnixMs> = all.iter().map(|record| record.stored_at).collect();
        moments.dedup();
        if moments.len() >= at_least {
            return all;
        }
    }
}

/// Where reading has to begin for what was stored at this moment or later.
fn expected(all: &[Stored], end: Offset, at: UnixMs) -> Offset {
    all.iter().find(|record| record.stored_at >= at).map_or(end, |record| record.offset)
}

async fn assert_found(log: &impl Log, of: &TopicPartition, all: &[Stored]) {
    let Bounds { first, next } = log.bounds(of).await.unwrap();
    assert!(all.is_sorted_by_key(|record| record.stored_at), "the clock was set back meanwhile");
    for moment in all.iter().flat_map(|record| [record.stored_at, UnixMs(record.stored_at.0 + 1)]) {
        assert_eq!(log.since(of, moment).await.unwrap(), expected(all, next, moment), "of {moment:?}");
    }
    assert_eq!(log.since(of, UnixMs(0)).await.unwrap(), first);
    assert_eq!(log.since(of, UnixMs(all[0].stored_at.0 - 1)).await.unwrap(), first);
}

pub(crate) async fn finds_the_first_record_of_a_moment<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let topic = under_test.topic("mail").await;
    let (of, other) = (at(&topic, 3), at(&topic, 4));
    append_text(&log, &other, "before").await;
    let all = moments(&log, &of, 12).await;
    append_text(&log, &other, "after").await;
    assert_found(&log, &of, &all).await;
}

pub(crate) async fn is_the_end_where_nothing_is_so_late<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    assert_eq!(log.since(&of, UnixMs(0)).await.unwrap(), Offset(0));
    let all = moments(&log, &of, 2).await;
    let later = UnixMs(all[all.len() - 1].stored_at.0 + 3_600_000);
    let next = log.bounds(&of).await.unwrap().next;
    assert_eq!(log.since(&of, later).await.unwrap(), next);
    assert_eq!(log.read(&of, next, EVERYTHING).await.unwrap(), Vec::new());
}

pub(crate) async fn is_the_same_after_a_crash<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let of = at(&under_test.topic("mail").await, 0);
    let all = moments(&under_test.log(), &of, 5).await;
    let under_test = under_test.crash().await;
    assert_found(&under_test.log(), &of, &all).await;
}

pub(crate) async fn leaves_out_nothing_of_a_compacted_topic<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.dead().await, 0);
    for number in 0..40 {
        let key = if number % 10 == 0 { format!("kept {number}") } else { "again".to_owned() };
        log.append(vec![keyed(&of, &key, Some("value"))]).await.unwrap();
    }
    under_test.compact().await;
    let all = read_all(&log, &of, EVERYTHING).await;
    for record in &all {
        let from = log.since(&of, record.stored_at).await.unwrap();
        let read = log.read(&of, from, EVERYTHING).await.unwrap();
        let begins = all.iter().find(|other| other.stored_at >= record.stored_at).unwrap();
        assert_eq!(&read[0], begins);
    }
}

pub(crate) async fn of_a_closed_log_says_so<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    append_text(&log, &of, "a").await;
    under_test.close().await;
    assert_eq!(log.since(&of, UnixMs(0)).await, Err(ReadError::Closed));
}
