//! The attempts that fail, and the one that does not.

use std::time::Duration;

use wasmill_sdk::Failure;
use wasmill_sdk::testing::Job;

use super::flaky;

fn result(attempt: u32, payload: &str) -> Result<Vec<u8>, Failure> {
    Job { attempt, ..Job::default() }.run(flaky, payload).result
}

#[test]
fn it_succeeds_after_its_failures() {
    let payload = r#"{"failures": 2}"#;
    assert_eq!(result(1, payload), Err(Failure::retry("attempt 1 of 2 that fail")));
    assert_eq!(result(2, payload), Err(Failure::retry("attempt 2 of 2 that fail")));
    assert_eq!(result(3, payload), Ok(br#"{"attempt":3}"#.to_vec()));
}

#[test]
fn it_asks_for_the_delay_it_was_given() {
    let expected = Failure::retry("attempt 1 of 1 that fail").after(Duration::from_millis(250));
    assert_eq!(result(1, r#"{"failures": 1, "after_ms": 250}"#), Err(expected));
}
