//! The words in which a quarantine is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn a_quarantine_says_how_the_process_died_and_in_which_attempt() {
    let failure = quarantined(Attempt(2), &Death::Signal(9));
    assert_eq!(failure.code, FailureCode::Quarantined);
    assert_eq!(
        failure.message,
        "the process was ended by signal 9 (SIGKILL) while it ran this job and nothing else, in attempt 2; \
         a worker that held it had vanished before"
    );
}
