//! Waiting for records.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use wasmill_job::{Offset, TopicPartition};
use wasmill_log::Log;

use super::LogUnderTest;
use super::records::{append_text, at};

/// A waiter that was never woken fails the case instead of stopping the suite.
const DEADLINE: Duration = Duration::from_secs(30);

type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Looks once whether `waiting` is done, and leaves it waiting.
async fn is_done(waiting: &mut Waiting<'_>) -> bool {
    poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready())).await
}

/// Begins to wait for a record that is not there. A log may wake too often, a slow one even at once; but then there is nothing to
/// read, and it is waited anew.
async fn begin_to_wait<'a>(log: &'a impl Log, of: &'a TopicPartition, offset: Offset) -> Waiting<'a> {
    let end = Instant::now() + DEADLINE;
    loop {
        let mut waiting: Waiting<'a> = Box::pin(log.arrived(of, offset));
        if !is_done(&mut waiting).await {
            return waiting;
        }
        assert!(log.read(of, offset, 1).await.unwrap().is_empty());
        assert!(Instant::now() < end, "it does not wait");
    }
}

pub(crate) async fn resolves_at_once_when_the_record_is_there<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let offset = append_text(&log, &of, "a").await;
    tokio::time::timeout(DEADLINE, log.arrived(&of, offset)).await.unwrap();
}

pub(crate) async fn wakes_when_the_record_comes<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let waiting = begin_to_wait(&log, &of, Offset(0)).await;
    append_text(&log, &of, "a").await;
    tokio::time::timeout(DEADLINE, waiting).await.unwrap();
    let next = log.bounds(&of).await.unwrap().next;
    let waiting = begin_to_wait(&log, &of, next).await;
    append_text(&log, &of, "b").await;
    tokio::time::timeout(DEADLINE, waiting).await.unwrap();
}

pub(crate) async fn does_not_wake_for_another_partition<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (zero, one) = (at(&under_test.topic("mail").await, 0), at(&under_test.topic("mail").await, 1));
    let mut waiting = begin_to_wait(&log, &zero, Offset(0)).await;
    append_text(&log, &one, "a").await;
    // It may wake too often; but then there is nothing to read.
    if is_done(&mut waiting).await {
        assert!(log.read(&zero, Offset(0), 1).await.unwrap().is_empty());
    }
}

pub(crate) async fn never_misses_a_record<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let of = at(&under_test.topic("mail").await, 0);
    let waiters: Vec<_> = (0..8)
        .map(|_| {
            let (log, of) = (log.clone(), of.clone());
            tokio::spawn(async move {
                let (mut next, mut seen) = (Offset(0), 0);
                while seen < 200 {
                    log.arrived(&of, next).await;
                    let records = log.read(&of, next, 1).await.unwrap();
                    seen += records.len();
                    next = records.last().map_or(next, |last| last.offset.next());
                }
            })
        })
        .collect();
    for number in 0..200 {
        append_text(&log, &of, &number.to_string()).await;
    }
    for waiter in waiters {
        tokio::time::timeout(DEADLINE, waiter).await.unwrap().unwrap();
    }
}
