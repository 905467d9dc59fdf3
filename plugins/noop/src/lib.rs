//! The cheapest possible handler, for benchmarks: takes any payload, reads none of it, answers no bytes.

use wasmill_sdk::{Failure, Raw, handler};

#[handler]
fn noop(_: Raw) -> Result<Raw, Failure> {
    Ok(Raw::default())
}
