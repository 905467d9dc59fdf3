//! What the host does with its own faults, and with a guest's last words.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_panic_of_the_host_is_an_outcome() {
    let outcome = guarded(|| panic!("a bug at {}", 7));
    let End::Stopped { stop, message } = outcome.end else { panic!("{outcome:?}") };
    assert_eq!((stop, message.as_str()), (Stop::Host, "the host failed: a bug at 7"));
    let outcome = guarded(|| std::panic::panic_any(7));
    assert!(matches!(outcome.end, End::Stopped { stop: Stop::Host, .. }), "{outcome:?}");
}

#[test]
fn messages_of_failures_are_cut_and_harmless() {
    let long = "x".repeat(MESSAGE_BYTES + 1);
    let End::Rejected { message } = handled(Err(Failure::Reject(long)), 10) else { panic!() };
    assert_eq!(message, format!("{} …", "x".repeat(MESSAGE_BYTES)));
    let End::Rejected { message } = handled(Err(Failure::Reject("\u{1b}[2J".into())), 10) else { panic!() };
    assert_eq!(message, "\\u{1b}[2J");
}
