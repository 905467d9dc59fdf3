//! Pauses and states of trouble.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn pauses_double_up_to_a_limit_and_jitter_only_shortens_them() {
    assert_eq!(pause(0, 0.0), Duration::from_millis(20));
    assert_eq!(pause(1, 0.0), Duration::from_millis(40));
    assert_eq!(pause(0, 1.0), Duration::from_millis(10));
    assert_eq!(pause(7, 0.0), PAUSE_MAX);
    assert_eq!(pause(u32::MAX, 0.0), PAUSE_MAX);
}

#[test]
fn trouble_begins_changes_and_ends() {
    let unavailable = Hindrance::Queue(QueueError::Unavailable { reason: "being rebuilt".into() });
    let mut trouble = Trouble::new("testing");
    assert!(!trouble.is_on());
    let first = trouble.met(&unavailable, 0.0);
    let second = trouble.met(&Hindrance::Full, 0.0);
    assert!(trouble.is_on());
    assert!(second > first, "a change of reason is no progress");
    trouble.over();
    assert!(!trouble.is_on());
    assert_eq!(trouble.met(&unavailable, 0.0), first);
}
