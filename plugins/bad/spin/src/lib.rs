//! Never ends, so that tests can see it stopped. `{"calls": true}` spends the time in calls to the host instead of
//! in the guest.

use serde::Deserialize;
use wasmill_sdk::{Failure, context, handler};

/// How to waste the time.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Waste {
    calls: bool,
}

#[handler]
fn spin(waste: Option<Waste>) -> Result<(), Failure> {
    let Waste { calls } = waste.unwrap_or_default();
    loop {
        if calls {
            std::hint::black_box(context::attempt());
        } else {
            std::hint::spin_loop();
        }
    }
}
