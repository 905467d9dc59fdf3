//! Settings of the job type, as its route says (`grants.config`). They are no secrets: they stand in the catalog.
//!
//! ```
//! use wasmill_sdk::{Failure, config, testing::Job};
//!
//! fn subject(_: ()) -> Result<String, Failure> {
//!     let brand = config::require("brand")?;
//!     Ok(format!("Welcome to {brand}!"))
//! }
//!
//! let run = Job::default().with_config("brand", "Wasmill").run(subject, "");
//! assert_eq!(run.result.unwrap(), br#""Welcome to Wasmill!""#);
//! assert!(Job::default().run(subject, "").result.unwrap_err().message().contains("no setting `brand`"));
//! ```

use crate::Failure;
use crate::host::config as host;

/// The value of a setting; none if the route has no such setting.
pub fn get(name: &str) -> Option<String> {
    host::get(name)
}

/// The value of a setting; a reject that names it, if the route has no such setting. (After the route is mended the
/// dead letters can be redriven.)
pub fn require(name: &str) -> Result<String, Failure> {
    get(name).ok_or_else(|| Failure::reject(format_args!("the route has no setting `{name}`")))
}

/// The names of all settings, in order.
pub fn names() -> Vec<String> {
    host::names()
}
