//! Unit tests of `places`.

use std::sync::Arc;

use wasmill_job::{JobType, Partition, Topic, TopicPartition};

use super::Places;

fn job_type(name: &str) -> JobType {
    JobType::try_from(Arc::<str>::from(name)).unwrap()
}

fn lane(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.default.1"), Partition(partition))
}

#[test]
fn a_place_is_what_the_shard_told_last() {
    let places = Places::new(2);
    let (mail, sms) = (job_type("mail"), job_type("sms"));
    let (here, there) = (lane(0), lane(1));
    assert_eq!(places.of(0, Some(&here), &mail), [0; 5]);
    places.learn(0, Some(&here), 258, [(mail.clone(), 65_538), (sms.clone(), 3)]);
    places.learn(0, Some(&there), 5, []);
    assert_eq!(places.of(0, Some(&here), &mail), [1, 0, 2, 1, 2]);
    assert_eq!(places.of(0, Some(&there), &sms), [0, 0, 3, 0, 5]);
    // What stands in no log is of lane 0; another shard counts for itself.
    assert_eq!(places.of(0, None, &sms), [0, 0, 3, 0, 0]);
    assert_eq!(places.of(1, Some(&here), &mail), [0; 5]);
    places.learn(0, Some(&here), 1, [(mail.clone(), 0)]);
    assert_eq!(places.of(0, Some(&here), &mail), [0, 0, 0, 0, 1]);
}

#[test]
fn whether_a_lane_is_mixed_is_noted_beside_its_number() {
    let places = Places::new(1);
    let lane = lane(0);
    assert!(!places.is_mixed(0, Some(&lane)));
    places.note_mixed(0, Some(&lane), true);
    places.learn(0, Some(&lane), 7, []);
    assert!(places.is_mixed(0, Some(&lane)) && !places.is_mixed(0, None));
    places.note_mixed(0, Some(&lane), false);
    assert!(!places.is_mixed(0, Some(&lane)));
    assert_eq!(places.of(0, Some(&lane), &job_type("mail")), [0, 0, 0, 0, 7]);
}
