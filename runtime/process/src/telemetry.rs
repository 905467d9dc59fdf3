//! What a process tells about itself: log lines and metrics.

mod logs;
mod metrics;
mod usage;

pub use logs::start_logs;
pub use metrics::Metrics;

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the log level is wrong: {0}")]
    Level(String),
    #[error("{0} were started already in this process; start them once")]
    Twice(&'static str),
}
