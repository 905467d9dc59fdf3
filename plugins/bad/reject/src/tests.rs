//! The refusals.

use wasmill_sdk::Failure;
use wasmill_sdk::testing::Job;

use super::reject;

#[test]
fn every_job_is_rejected() {
    let result = |payload: &str| Job::default().run(reject, payload).result;
    assert_eq!(result(""), Err(Failure::reject("this handler rejects every job")));
    assert_eq!(result(r#"{"message": "no"}"#), Err(Failure::reject("no")));
}
