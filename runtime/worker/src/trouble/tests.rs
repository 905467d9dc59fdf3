//! Pauses between tries.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn pauses_double_up_to_a_limit_and_jitter_only_shortens_them() {
    assert_eq!(pause(0, 0.0), Duration::from_millis(20));
    assert_eq!(pause(1, 0.0), Duration::from_millis(40));
    assert_eq!(pause(0, 1.0), Duration::from_millis(10));
    assert_eq!(pause(u32::MAX, 0.0), PAUSE_MAX);
}

#[test]
fn it_begins_with_a_failed_try_and_ends_with_an_answer() {
    let error = QueueError::Unavailable { reason: "being rebuilt".into() };
    let mut trouble = Trouble::new("testing");
    assert!(!trouble.is_on());
    let first = trouble.met(&error, 0.0);
    assert!(trouble.met(&error, 0.0) > first);
    assert!(trouble.is_on());
    trouble.over();
    assert!(!trouble.is_on());
    assert_eq!(trouble.met(&error, 0.0), first);
}
