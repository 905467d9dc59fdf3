//! The time, for job types that are granted it (`grants.clock`). The time of the job itself and what is left of its
//! deadline are in [`context`](crate::context), for everyone.
//!
//! ```
//! use std::time::SystemTime;
//! use wasmill_sdk::{Failure, clock, testing::Job};
//!
//! fn today(_: ()) -> Result<u64, Failure> {
//!     Ok(clock::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / 86_400)
//! }
//!
//! let job = Job { now: SystemTime::UNIX_EPOCH, ..Job::default() };
//! assert_eq!(job.run(today, "").result.unwrap(), b"0");
//! ```

use std::time::{Duration, SystemTime};

use crate::host::clock as host;

/// The time of day, to the millisecond. (`SystemTime::now` of the standard library is not there in a guest.)
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(host::now_ms())
}

/// The time since some moment, to the microsecond; never goes back. Two of them make a span.
pub fn monotonic() -> Duration {
    Duration::from_micros(host::monotonic_us())
}
