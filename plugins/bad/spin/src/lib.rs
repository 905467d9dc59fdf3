//! Never ends, so that tests can see it stopped. `{"calls": true}` spends the time in calls to the host instead of
//! in the guest. `{"rounds": 1000}` ends after so many turns after all, to keep a slot busy for a while; `{"attempts": 1}`
//! spins in its first attempt only, and answers at once in later ones.

use serde::Deserialize;
use wasmill_sdk::{Failure, context, handler};

/// How to waste the time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Waste {
    calls: bool,
    rounds: Option<u64>,
    attempts: Option<u32>,
}

#[handler]
fn spin(waste: Option<Waste>) -> Result<(), Failure> {
    let Waste { calls, rounds, attempts } = waste.unwrap_or_default();
    if attempts.is_some_and(|attempts| context::attempt() > attempts) {
        return Ok(());
    }
    let mut turns = 0;
    while rounds.is_none_or(|rounds| turns < rounds) {
        turns += 1;
        if calls {
            std::hint::black_box(context::attempt());
        } else {
            // Also keeps the compiler from seeing that an end does nothing.
            std::hint::black_box(turns);
        }
    }
    Ok(())
}
