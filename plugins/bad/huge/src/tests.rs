//! The sizes, of outputs and of messages.

use wasmill_sdk::Failure;
use wasmill_sdk::testing::Job;

use super::huge;

#[test]
fn the_answer_is_as_long_as_asked_for() {
    let result = |payload: &str| Job::default().run(huge, payload).result;
    assert_eq!(result(r#"{"bytes": 3}"#), Ok(b"xxx".to_vec()));
    assert_eq!(result(r#"{"bytes": 2, "as": "retry"}"#), Err(Failure::retry("xx")));
    assert_eq!(result(r#"{"bytes": 2, "as": "reject"}"#), Err(Failure::reject("xx")));
}
