//! Log lines on standard error: for people on a terminal, JSON for machines.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use super::TelemetryError;
use crate::config::{LogFormat, TelemetryConfig};

/// Starts the log of this process, on standard error: standard output belongs to what a command prints. Records of
/// dependencies that use the `log` crate come along.
///
/// # Errors
/// When the level does not read, or a log was started before.
pub fn start_logs(config: &TelemetryConfig) -> Result<(), TelemetryError> {
    let terminal = std::io::stderr().is_terminal();
    let subscriber = subscriber(config, terminal, std::io::stderr)?;
    subscriber.try_init().map_err(|_| TelemetryError::Twice("logs"))
}

fn subscriber<W>(
    config: &TelemetryConfig,
    terminal: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = config.filter().map_err(TelemetryError::Level)?;
    let human = match config.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    if human {
        return Ok(Box::new(builder.with_ansi(terminal).finish()));
    }
    Ok(Box::new(builder.json().flatten_event(true).with_current_span(true).with_span_list(false).finish()))
}

#[cfg(test)]
mod tests;
