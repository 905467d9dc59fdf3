//! What whoever relays is to carry.

use std::num::NonZeroU32;
use std::time::Duration;

use wasmill_job::{Partition, Topic, TopicPartition};
use wasmill_log::Log;

use super::LogUnderTest;
use super::records::{append_text, at};

/// A share that never comes fails the case instead of stopping the suite.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) async fn gives_what_is_to_be_carried<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let (mail, parked) = (under_test.topic("mail").await, under_test.parked());
    let two = NonZeroU32::new(2).unwrap();
    log.ensure(&parked, two).await.unwrap();
    let dead = TopicPartition::new(Topic::dead(), Partition(0));
    let carried = [at(&mail, 0), at(&mail, 1), at(&parked, 1), dead];
    for of in &carried[..3] {
        append_text(&log, of, "a").await;
    }
    let whole = async {
        loop {
            let assigned = log.assigned().await.unwrap();
            if carried.iter().all(|of| assigned.contains(of)) {
                return assigned;
            }
            // A log that nobody shares never says that it changed, and has no reason to.
            log.reassigned(&assigned).await;
        }
    };
    let assigned = tokio::time::timeout(DEADLINE, whole).await.unwrap();
    let known = |of: &TopicPartition| {
        of.topic.is_queue() || of.topic.parked_type().is_some() || of.topic == Topic::dead()
    };
    assert!(assigned.iter().all(known), "{assigned:?}");
}

pub(crate) async fn makes_what_is_ensured<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let parked = under_test.parked();
    let two = NonZeroU32::new(2).unwrap();
    log.ensure(&parked, two).await.unwrap();
    log.ensure(&parked, two).await.unwrap();
    append_text(&log, &at(&parked, 1), "a").await;
    assert_eq!(log.retention(&parked).await.unwrap(), None, "what is parked stays");
    log.ensure(&parked, NonZeroU32::new(3).unwrap()).await.unwrap();
    append_text(&log, &at(&parked, 2), "b").await;
}
