//! Never ends, so that tests can see it stopped. `{"calls": true}` spends the time in calls to the host instead of
//! in the guest; `{"attempts": 1}` does so in its first attempt only, and answers at once in later ones.

use serde::Deserialize;
use wasmill_sdk::{Failure, context, handler};

/// How to waste the time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Waste {
    calls: bool,
    attempts: Option<u32>,
}

#[handler]
fn spin(waste: Option<Waste>) -> Result<(), Failure> {
    let Waste { calls, attempts } = waste.unwrap_or_default();
    if attempts.is_some_and(|attempts| context::attempt() > attempts) {
        return Ok(());
    }
    loop {
        if calls {
            std::hint::black_box(context::attempt());
        } else {
            std::hint::spin_loop();
        }
    }
}
