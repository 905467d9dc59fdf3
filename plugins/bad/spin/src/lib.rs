//! Never ends, so that tests can see it stopped. `{"calls": true}` spends the time in calls to the host instead of
//! in the guest; `{"rounds": 1000}` ends after so many turns after all, to keep a slot busy for a while.

use serde::Deserialize;
use wasmill_sdk::{Failure, context, handler};

/// How to waste the time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Waste {
    calls: bool,
    rounds: Option<u64>,
}

#[handler]
fn spin(waste: Option<Waste>) -> Result<(), Failure> {
    let Waste { calls, rounds } = waste.unwrap_or_default();
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
