//! The panics; a test would not outlive the stack's overflow.
#![allow(clippy::expect_used)]

use wasmill_sdk::testing::Job;

use super::trap;

#[test]
#[should_panic(expected = "this handler always panics")]
fn it_panics() {
    Job::default().run(trap, "").result.expect("never reached");
}

#[test]
#[should_panic(expected = "out of ideas")]
fn it_panics_with_the_message_it_was_given() {
    Job::default().run(trap, r#"{"message": "out of ideas"}"#).result.expect("never reached");
}
