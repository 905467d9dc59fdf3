//! One job as the server shows it, and as people read it.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytesize::ByteSize;
use serde::Deserialize;
use serde_json::value::RawValue;
use wasmill_job::{LogLine, Usage};

use crate::demo::spread::short;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, calls, log_line, print_output, styled};

/// The answer of `GET /v1/jobs/{type}/{id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct JobView {
    id: String,
    #[serde(rename = "type")]
    job_type: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    pub(crate) accepted_at_ms: u64,
    due_at_ms: Option<u64>,
    pub(crate) ended_at_ms: Option<u64>,
    module: Option<String>,
    mode: Option<String>,
    output: Option<Box<RawValue>>,
    output_base64: Option<String>,
    error: Option<JobError>,
    #[serde(default)]
    pub(crate) logs: Vec<LogLine>,
    pub(crate) usage: Option<Usage>,
    #[serde(default)]
    pub(crate) earlier: Vec<EarlierAttempt>,
}

/// A failed attempt before the last one.
#[derive(Debug, Deserialize)]
pub(crate) struct EarlierAttempt {
    pub(crate) attempt: u32,
    ended_at_ms: u64,
    module: Option<String>,
    error: JobError,
    /// The end of its log.
    pub(crate) logs: Vec<LogLine>,
    usage: Usage,
}

/// Why an attempt failed.
#[derive(Debug, Deserialize)]
struct JobError {
    code: String,
    message: String,
}

impl JobView {
    /// The handler's output, byte for byte; `None` when there is none.
    pub(crate) fn output(&self) -> Result<Option<Vec<u8>>> {
        if let Some(json) = &self.output {
            return Ok(Some(json.get().as_bytes().to_vec()));
        }
        let decoded = self.output_base64.as_ref().map(|text| STANDARD.decode(text)).transpose();
        decoded.map_err(|error| {
            Failure::new(Exit::No, format_args!("the server's output is no Base64: {error}"))
        })
    }

    /// Prints the output and nothing else.
    pub(crate) fn print_output(&self) -> Result<()> {
        match self.output()? {
            Some(output) => print_output(&output),
            None => Err(Failure::new(Exit::No, format_args!("the job is {} and has no output.", self.state))),
        }
    }

    /// The job for people.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{} {value}", styled(DIM, format_args!("{name:<9}")));
        };
        line("job", &self.id);
        line("type", &self.job_type);
        line("state", &self.styled_state());
        line("attempts", &self.attempts.to_string());
        line("accepted", &moment(self.accepted_at_ms));
        if let Some(due) = self.due_at_ms {
            line("due", &moment(due));
        }
        if let Some(ended) = self.ended_at_ms {
            let took = short(Duration::from_millis(ended.saturating_sub(self.accepted_at_ms)));
            line("ended", &format!("{} ({took} after it was accepted)", moment(ended)));
        }
        if let Some(module) = &self.module {
            line("module", module);
        }
        let is_shadow = self.mode.as_deref() == Some("shadow");
        if is_shadow {
            line("mode", "shadow: completed without being executed");
        }
        if let Some(usage) = self.usage.as_ref().filter(|_| !is_shadow) {
            let [time, processor] = [usage.wall_us, usage.cpu_us].map(|us| short(Duration::from_micros(us)));
            let memory = ByteSize(usage.memory_peak_bytes);
            let used = format!(
                "{time} (processor {processor}), fuel {}, peak memory {}",
                usage.fuel,
                memory.display().iec()
            );
            line("used", &used);
            if usage.imports.calls() > 0 {
                line("called", &calls(&usage.imports));
            }
        }
        if let Some(error) = &self.error {
            line("error", &format!("{}: {}", styled(RED, &error.code), error.message));
        }
        if let Some(output) = self.readable_output().filter(|_| !is_shadow) {
            line("output", &output);
        }
        if !self.logs.is_empty() {
            let _ = writeln!(text, "{}", styled(DIM, "logs of the last attempt"));
        }
        for log in &self.logs {
            let _ = writeln!(text, "  {}", log_line(log));
        }
        for earlier in self.earlier.iter().rev() {
            earlier.render(&mut text);
        }
        text
    }

    fn styled_state(&self) -> String {
        let style = match self.state.as_str() {
            "completed" => GREEN,
            "dead" => RED,
            "scheduled" | "parked" | "cancelled" => YELLOW,
            _ => BOLD,
        };
        styled(style, &self.state)
    }

    /// JSON as it is; what is no JSON only by its size, because it may be anything.
    fn readable_output(&self) -> Option<String> {
        if let Some(json) = &self.output {
            return Some(json.get().to_owned());
        }
        let bytes = self.output().ok()??.len();
        Some(format!("{bytes} bytes that are not JSON; --output prints them"))
    }
}

impl EarlierAttempt {
    /// A few lines for people.
    fn render(&self, text: &mut String) {
        let Self { attempt, ended_at_ms, module, error, logs, usage } = self;
        let ran = module.as_ref().map(|module| format!(" of {module}")).unwrap_or_default();
        let took = short(Duration::from_micros(usage.wall_us));
        let head = format!("attempt {attempt}{ran} failed at {} after {took}", moment(*ended_at_ms));
        let _ = writeln!(text, "{}", styled(DIM, head));
        let _ = writeln!(text, "  {}: {}", styled(RED, &error.code), error.message);
        for log in logs {
            let _ = writeln!(text, "  {}", log_line(log));
        }
    }
}

/// A moment in UTC.
pub(crate) fn moment(at_ms: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(at_ms));
    // `humantime` knows the years up to 9999; later ones would be a mistake of the server's clock.
    const LAST_MS: u64 = 253_402_300_799_999;
    match time.filter(|_| at_ms <= LAST_MS) {
        Some(time) => humantime::format_rfc3339_millis(time).to_string(),
        None => format!("{at_ms} ms"),
    }
}

#[cfg(test)]
mod tests;
