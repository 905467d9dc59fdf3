//! The time that the test set, and random numbers of the right size.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime};

use serde_json::Value;
use wasmill_sdk::testing::Job;

use super::sampler;

fn sample(seed: u64, payload: &str) -> Value {
    let job = Job { now: SystemTime::UNIX_EPOCH + Duration::from_millis(1_234), seed, ..Job::default() };
    serde_json::from_slice(&job.run(sampler, payload).result.unwrap()).unwrap()
}

#[test]
fn it_answers_the_time_and_as_many_bytes_as_asked_for() {
    let sample = sample(1, r#"{"bytes": 3}"#);
    assert_eq!((&sample["now_ms"], &sample["elapsed_us"]), (&1_234.into(), &0.into()));
    assert_eq!((sample["bytes"].as_str().unwrap().len(), sample["asked"].as_str().unwrap().len()), (6, 32));
}

#[test]
fn numbers_follow_from_the_seed() {
    assert_eq!(sample(1, "")["number"], sample(1, "")["number"]);
    assert_ne!(sample(1, "")["number"], sample(2, "")["number"]);
}
