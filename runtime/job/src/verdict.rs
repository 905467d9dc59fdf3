//! What becomes of a job, computed from what the sandbox saw. A pure function: no clock, no chance, no store.

use std::time::Duration;

use bytes::Bytes;

use crate::{Attempt, End, Failure, FailureCode, Outcome, RetryPolicy, Stop};

/// What becomes of the job after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is done; the output is kept for a while.
    Complete { output: Bytes },
    /// It is tried again after the pause.
    Retry { pause: Duration, failure: Failure },
    /// It is dead: kept as a dead letter until somebody redrives or purges it.
    Bury { failure: Failure },
    /// The attempt does not count: it goes back to pending.
    Release,
}

/// Decides about the job whose attempt `attempt` (the first is 1) ended as `outcome` tells. `jitter` is a random
/// number in 0..1, for the backoff.
///
/// A handler's own pause is honoured, also beyond the backoff's maximum. A rejection is final; everything else may
/// succeed next time and is tried until the policy's attempts are used up.
pub fn verdict(outcome: &Outcome, attempt: Attempt, policy: &RetryPolicy, jitter: f64) -> Verdict {
    let (failure, after) = match &outcome.end {
        End::Done { output } => return Verdict::Complete { output: output.clone() },
        End::Stopped { stop: Stop::Interrupted, .. } => return Verdict::Release,
        End::Rejected { message } => {
            return Verdict::Bury { failure: Failure::new(FailureCode::Rejected, message.clone()) };
        }
        End::Exited { code, message } => {
            let message = format!("it exited with code {code}: {message}");
            if !policy.exits.include(*code) {
                return Verdict::Bury { failure: Failure::new(FailureCode::Rejected, message) };
            }
            (Failure::new(FailureCode::Retry, message), None)
        }
        End::Retry { message, after } => (Failure::new(FailureCode::Retry, message.clone()), *after),
        End::Stopped { stop, message } => (Failure::new(code_of(*stop), message.clone()), None),
    };
    if attempt.0 >= policy.attempts {
        return Verdict::Bury { failure };
    }
    let pause = after.unwrap_or_else(|| policy.backoff.pause(attempt, jitter));
    Verdict::Retry { pause, failure }
}

fn code_of(stop: Stop) -> FailureCode {
    match stop {
        Stop::Trap => FailureCode::Trap,
        Stop::Fuel => FailureCode::Fuel,
        Stop::Timeout => FailureCode::Timeout,
        Stop::Memory => FailureCode::Memory,
        Stop::Output => FailureCode::Output,
        Stop::Calls => FailureCode::Calls,
        Stop::Host | Stop::Interrupted => FailureCode::Host,
    }
}

#[cfg(test)]
mod tests;
