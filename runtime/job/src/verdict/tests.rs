//! Unit tests of `verdict`.

use super::*;
use crate::RetriedExits;

fn judge(end: End, attempt: u32) -> Verdict {
    verdict(
        &Outcome::bare(end),
        Attempt(attempt),
        &RetryPolicy { attempts: 3, ..RetryPolicy::default() },
        0.5,
    )
}

fn stopped(stop: Stop) -> End {
    End::Stopped { stop, message: "why".into() }
}

#[test]
fn a_result_completes_at_any_attempt() {
    let output = Bytes::from_static(b"{}");
    for attempt in [1, 3, 99] {
        assert_eq!(
            judge(End::Done { output: output.clone() }, attempt),
            Verdict::Complete { output: output.clone() }
        );
    }
}

#[test]
fn a_failed_attempt_is_retried_with_backoff_until_attempts_are_used_up() {
    let fail = || End::Retry { message: "busy".into(), after: None };
    let failure = Failure::new(FailureCode::Retry, "busy");
    let retry = |seconds| Verdict::Retry { pause: Duration::from_secs(seconds), failure: failure.clone() };
    assert_eq!(judge(fail(), 1), retry(1));
    assert_eq!(judge(fail(), 2), retry(2));
    assert_eq!(judge(fail(), 3), Verdict::Bury { failure: failure.clone() });
    assert_eq!(judge(fail(), 4), Verdict::Bury { failure });
}

#[test]
fn a_handlers_own_pause_is_honoured() {
    let after = Duration::from_secs(86_400);
    let Verdict::Retry { pause, .. } = judge(End::Retry { message: String::new(), after: Some(after) }, 1)
    else {
        panic!("not retried");
    };
    assert_eq!(pause, after);
}

#[test]
fn a_rejection_is_final() {
    let failure = Failure::new(FailureCode::Rejected, "no such user");
    assert_eq!(judge(End::Rejected { message: "no such user".into() }, 1), Verdict::Bury { failure });
}

#[test]
fn every_stop_is_a_failure_with_its_code_but_an_interruption_counts_for_nothing() {
    let codes = [
        (Stop::Trap, FailureCode::Trap),
        (Stop::Fuel, FailureCode::Fuel),
        (Stop::Timeout, FailureCode::Timeout),
        (Stop::Memory, FailureCode::Memory),
        (Stop::Output, FailureCode::Output),
        (Stop::Calls, FailureCode::Calls),
        (Stop::Host, FailureCode::Host),
    ];
    for (stop, code) in codes {
        let Verdict::Retry { failure, .. } = judge(stopped(stop), 1) else {
            panic!("{stop:?} is not retried")
        };
        assert_eq!(failure, Failure::new(code, "why"));
        assert!(matches!(judge(stopped(stop), 3), Verdict::Bury { .. }));
    }
    assert_eq!(judge(stopped(Stop::Interrupted), 1), Verdict::Release);
    assert_eq!(judge(stopped(Stop::Interrupted), 99), Verdict::Release);
}

#[test]
fn a_command_program_is_tried_again_after_a_temporary_failure_and_else_only_if_the_route_says_so() {
    let judge = |code, exits| {
        let end = End::Exited { code, message: "no such file".into() };
        let policy = RetryPolicy { attempts: 3, exits, ..RetryPolicy::default() };
        verdict(&Outcome::bare(end), Attempt(1), &policy, 0.5)
    };
    let failure = |code, number| Failure::new(code, format!("it exited with code {number}: no such file"));
    let again = |number| Verdict::Retry {
        pause: Duration::from_secs(1),
        failure: failure(FailureCode::Retry, number),
    };
    assert_eq!(judge(75, RetriedExits::Temporary), again(75));
    assert_eq!(
        judge(1, RetriedExits::Temporary),
        Verdict::Bury { failure: failure(FailureCode::Rejected, 1) }
    );
    assert_eq!(judge(1, RetriedExits::All), again(1));
    assert_eq!(judge(75, RetriedExits::All), again(75));
}
