//! Random numbers from the host's own source, fit for keys, for job types that are granted it (`grants.random`).
//!
//! ```
//! use wasmill_sdk::{Failure, random, testing::Job};
//!
//! fn dice(_: ()) -> Result<u64, Failure> {
//!     Ok(random::number() % 6 + 1)
//! }
//!
//! let rolled = |seed| Job { seed, ..Job::default() }.run(dice, "").result;
//! assert_eq!(rolled(1), rolled(1));
//! ```
//!
//! Crates that ask the crate `getrandom` get theirs from here by way of `wasmill-getrandom`, which lies beside this one.

use crate::host::random as host;

/// As much as the host gives in one call.
const CALL_BYTES_MAX: usize = 64 << 10;

/// So many random bytes. Each 64 KiB are one call to the host.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    fill(&mut bytes);
    bytes
}

/// Fills `target` with random bytes. Each 64 KiB are one call to the host.
pub fn fill(target: &mut [u8]) {
    for part in target.chunks_mut(CALL_BYTES_MAX) {
        // A part is at most 64 KiB, for which the host answers exactly as many bytes as were asked for.
        let count = u32::try_from(part.len()).unwrap_or(u32::MAX);
        part.copy_from_slice(&host::bytes(count));
    }
}

/// 64 random bits.
pub fn number() -> u64 {
    host::number()
}
