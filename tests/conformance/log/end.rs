//! The end of a log: whoever still holds it is told.

use std::time::Duration;

use wasmill_job::{Offset, Progress};
use wasmill_log::{AppendError, Log, ReadError};

use super::LogUnderTest;
use super::records::{EVERYTHING, append_text, at, record};

pub(crate) async fn a_closed_log_says_so<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    append_text(&log, &of, "a").await;
    under_test.close().await;
    assert_eq!(log.append(vec![record(&of, "b")]).await, Err(AppendError::Closed));
    assert_eq!(log.commit(&of, Progress::default()).await, Err(AppendError::Closed));
    assert_eq!(log.read(&of, Offset(0), EVERYTHING).await, Err(ReadError::Closed));
    assert_eq!(log.bounds(&of).await, Err(ReadError::Closed));
    assert_eq!(log.partitions().await, Err(ReadError::Closed));
    assert_eq!(log.committed(&of).await, Err(ReadError::Closed));
    assert_eq!(log.assigned().await, Err(ReadError::Closed));
}

pub(crate) async fn closing_wakes_those_who_wait<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let (log, of) = (under_test.log(), at(&under_test.topic("mail").await, 0));
    let waiting = tokio::spawn({
        let (log, of) = (log.clone(), of.clone());
        async move { log.arrived(&of, Offset(0)).await }
    });
    under_test.close().await;
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(30), log.arrived(&of, Offset(0))).await.unwrap();
}
