//! Progress: the floor and what is settled above it.

use wasmill_job::{Offset, Passed, Progress, RecordHash};
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
    let passed = Some(Passed { offset: Offset(92), hash: RecordHash(u64::MAX) });
    let last = Progress { passed, ..progress(90, &[]) };
    for committed in [progress(3, &[]), progress(10, &[(12, 15), (20, 90)]), last] {
        log.commit(&zero, committed.clone()).await.unwrap();
        assert_eq!(log.committed(&zero).await.unwrap(), committed);
        assert_eq!(log.committed(&one).await.unwrap(), Progress::default());
    }
}

pub(crate) async fn of_an_older_epoch_is_not_shown<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (of, other) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    for number in 0..100 {
        append_text(&log, &of, &number.to_string()).await;
    }
    let late = progress(90, &[(95, 97)]);
    log.commit(&of, progress(80, &[])).await.unwrap();
    log.commit(&other, progress(7, &[])).await.unwrap();
    for epoch in 1..=3 {
        log.begin_anew(&of, Offset(2)).await.unwrap();
        let begun = Progress { epoch, ..progress(2, &[]) };
        assert_eq!(log.committed(&of).await.unwrap(), begun);
        // Somebody who was asleep since before.
        for older in 0..epoch {
            log.commit(&of, Progress { epoch: older, ..late.clone() }).await.unwrap();
        }
        assert_eq!(log.committed(&of).await.unwrap(), begun);
        let newer = Progress { epoch, ..progress(4, &[(6, 9)]) };
        log.commit(&of, newer.clone()).await.unwrap();
        assert_eq!(log.committed(&of).await.unwrap(), newer);
    }
    assert_eq!(log.committed(&other).await.unwrap(), progress(7, &[]));
    log.commit(&of, late).await.unwrap();
    let under_test = under_test.crash().await;
    let newest = Progress { epoch: 3, ..progress(4, &[(6, 9)]) };
    assert_eq!(under_test.log().committed(&of).await.unwrap(), newest);
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
