//! Progress: the floor and what is settled above it.

use wasmill_job::{Offset, Progress};
use wasmill_log::Log;

use super::LogUnderTest;
use super::records::{append_text, at};

fn progress(floor: u64, settled: &[(u64, u64)]) -> Progress {
    let mut progress = Progress { floor: Offset(floor), ..Progress::default() };
    for (start, end) in settled {
        progress.settle(Offset(*start)..Offset(*end));
    }
    progress
}

pub(crate) async fn is_nothing_at_first<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    assert_eq!(log.committed(&of).await.unwrap(), Progress::default());
    append_text(&log, &of, "a").await;
    assert_eq!(log.committed(&of).await.unwrap(), Progress::default());
}

pub(crate) async fn is_what_was_committed_last<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (zero, one) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    for number in 0..100 {
        append_text(&log, &zero, &number.to_string()).await;
    }
    for committed in [progress(3, &[]), progress(10, &[(12, 15), (20, 90)]), progress(90, &[])] {
        log.commit(&zero, committed.clone()).await.unwrap();
        assert_eq!(log.committed(&zero).await.unwrap(), committed);
        assert_eq!(log.committed(&one).await.unwrap(), Progress::default());
    }
}

pub(crate) async fn makes_a_partition_known<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 5);
    log.commit(&of, progress(0, &[])).await.unwrap();
    assert_eq!(log.partitions().await.unwrap(), [of]);
}

pub(crate) async fn survives_reopening_and_crash<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let of = at(&under_test.topic("mail").await, 0);
    for number in 0..30 {
        append_text(&under_test.log(), &of, &number.to_string()).await;
    }
    let committed = progress(7, &[(9, 11), (20, 25)]);
    under_test.log().commit(&of, committed.clone()).await.unwrap();
    let under_test = under_test.crash().await;
    assert_eq!(under_test.log().committed(&of).await.unwrap(), committed);
    under_test.close().await;
    let under_test = under_test.reopen().await;
    assert_eq!(under_test.log().committed(&of).await.unwrap(), committed);
}
