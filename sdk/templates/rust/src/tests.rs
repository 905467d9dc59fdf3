//! What the handler answers, and what it rejects.

use wasmill_sdk::Failure;
use wasmill_sdk::testing::Job;

use super::welcome;

#[test]
fn an_address_is_welcomed() {
    let run = Job::default().run(welcome, r#"{"email": "ada@example.org"}"#);
    assert_eq!(run.result, Ok(br#"{"subject":"Welcome, ada!"}"#.to_vec()));
    assert_eq!(run.log[0].message, "writing to ada@example.org");
}

#[test]
fn what_is_no_address_is_rejected() {
    let run = Job::default().run(welcome, r#"{"email": "nobody"}"#);
    assert_eq!(run.result, Err(Failure::reject("`nobody` is no address")));
}
