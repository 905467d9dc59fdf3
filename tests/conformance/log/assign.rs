//! What whoever relays is to carry.

use std::num::NonZeroU32;

use wasmill_job::{Partition, Topic, TopicPartition};
use wasmill_log::Log;

use super::LogUnderTest;
use super::records::{append_text, at, topic};

pub(crate) async fn gives_what_is_to_be_carried<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let parked = at(&Topic::parked(&"email.welcome".parse().unwrap()), 1);
    let carried = [at(&topic("mail"), 0), at(&topic("mail"), 1), parked, at(&Topic::dead(), 0)];
    for of in &carried[..3] {
        append_text(&log, of, "a").await;
    }
    let dead = TopicPartition::new(Topic::dead(), Partition(0));
    let assigned = log.assigned().await.unwrap();
    assert!(assigned.contains(&dead), "dead letters are carried before there is one");
    assert_eq!(assigned, carried.into_iter().collect());
}

pub(crate) async fn makes_what_is_ensured<T: LogUnderTest>() {
    let under_test = T::fresh().await;
    let log = under_test.log();
    let parked = Topic::parked(&"email.welcome".parse().unwrap());
    let two = NonZeroU32::new(2).unwrap();
    log.ensure(&parked, two).await.unwrap();
    log.ensure(&parked, two).await.unwrap();
    append_text(&log, &at(&parked, 1), "a").await;
    assert_eq!(log.retention(&parked).await.unwrap(), None, "what is parked stays");
}
