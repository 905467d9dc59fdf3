//! Lines for the job's log. They are kept with the job's last attempt, up to the type's limit in bytes; what goes
//! beyond is dropped, and the log says so.
//!
//! ```
//! use wasmill_sdk::log;
//! let (name, attempt) = ("Ada", 2);
//! log::info!("greeting {name}");
//! log::warn!("attempt {attempt}");
//! ```

use crate::host::log as host;

#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __warn as warn};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes one line. The host escapes control characters.
#[cfg(target_arch = "wasm32")]
pub fn write(level: Level, message: &str) {
    let level = match level {
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::write(level, message);
}

/// Writes one line. The host escapes control characters.
#[cfg(not(target_arch = "wasm32"))]
pub fn write(level: Level, message: &str) {
    host::write(level, message);
}

/// Writes a line for whoever looks for a mistake. Takes what `format!` takes.
#[macro_export]
#[doc(hidden)]
macro_rules! __debug {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($line)+)) };
}

/// Writes a line about what was done. Takes what `format!` takes.
#[macro_export]
#[doc(hidden)]
macro_rules! __info {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($line)+)) };
}

/// Writes a line about something that should not be so, and does not stop the job. Takes what `format!` takes.
#[macro_export]
#[doc(hidden)]
macro_rules! __warn {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($line)+)) };
}

/// Writes a line about what stops the job. Takes what `format!` takes.
#[macro_export]
#[doc(hidden)]
macro_rules! __error {
    ($($line:tt)+) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($line)+)) };
}
