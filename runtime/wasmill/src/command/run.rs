//! `wasmill run`: one job through one module, here, without a server.

mod grants;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use bytesize::ByteSize;
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;
use wasmill_job::{
    Attempt, Child, Clock, End, Generation, IdSource, Job, JobType, Limits, LogLine, Mode, Outcome,
    Partition, Path, RetryPolicy, Revision, Stamp, SystemClock, Usage,
};
use wasmill_sandbox::{Call, CheckLimits, Interrupt, Sandbox, SandboxConfig, check};

use crate::demo::spread::short;
use crate::failure::{Exit, Failure, Result};
use crate::input::Input;
use crate::terminal::{DIM, GREEN, RED, calls, log_line, print, print_output, styled, tell};
use grants::GrantArgs;

/// Run one job through a module on this machine, under the limits of a worker
///
/// The output goes to the standard output, logs and accounting to the standard error. No server is needed, and
/// nothing is stored.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The module
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The payload: a file, or - for the standard input; without one it is empty
    #[arg(long, value_name = "FILE")]
    payload: Option<Input>,
    /// The job type the handler is told
    #[arg(long = "type", value_name = "TYPE", default_value = "run")]
    job_type: JobType,
    /// All memories and tables together [default: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// Wall time [default: 30s]
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Fuel, about one unit per Wasm instruction [default: 10000000000]
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Which attempt the handler is told it is
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    attempt: u32,
    #[command(flatten)]
    grants: GrantArgs,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// An outcome as JSON.
#[derive(Debug, Serialize)]
struct Report<'o> {
    /// `done`, `retry`, `rejected`, `exited` or `stopped`.
    end: &'static str,
    /// The output when it is JSON, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'o RawValue>,
    /// The output when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'o str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    /// The jobs it emitted. A worker would publish them with the job's completion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildReport<'o>>,
    logs: &'o [LogLine],
    usage: Usage,
    /// Check and compilation, which a server does once, at deploy.
    compile_us: u128,
}

/// An emitted job as JSON.
#[derive(Debug, Serialize)]
struct ChildReport<'o> {
    id: String,
    #[serde(rename = "type")]
    job_type: &'o JobType,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'o RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    delay_ms: u128,
}

impl Run {
    pub(crate) fn run(self) -> Result<()> {
        let limits = self.limits();
        let payload = self.payload.as_ref().map(Input::read).transpose()?.unwrap_or_default();
        let file = self.file.display().to_string();
        let bytes = std::fs::read(&self.file).map_err(|error| Failure::unreadable(&file, &error))?;
        let began = Instant::now();
        let refused =
            |why: &dyn std::fmt::Display| Failure::new(Exit::No, format_args!("{file} cannot run: {why}"));
        let component = check(&bytes, &CheckLimits::default()).map_err(|error| refused(&error))?;
        let config = SandboxConfig { instances: 1, memory_bytes_max: 4 << 30, ..SandboxConfig::default() };
        let permit = self.grants.permit(&self.job_type)?;
        let sandbox = Sandbox::with_egress(config, self.grants.egress()?).map_err(|error| refused(&error))?;
        let artifact = sandbox.compile(&component).map_err(|error| refused(&error))?;
        let handler = sandbox.load(&artifact).map_err(|error| refused(&error))?;
        let compile = began.elapsed();
        self.grants.check(&file, permit.lacks(&handler))?;

        let job = self.job(payload);
        let max_attempts = RetryPolicy::default().attempts.max(self.attempt);
        let call = Call { job: &job, attempt: Attempt(self.attempt), max_attempts, permit: &permit };
        let outcome = sandbox.run(&handler, &call, &limits, &Interrupt::new());
        if self.json {
            report(&outcome, compile)?;
        } else {
            narrate(&outcome, &limits, compile)?;
        }
        verdict_of(&outcome.end)
    }

    fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            memory_bytes: self.memory.unwrap_or(default.memory_bytes),
            timeout: self.timeout.unwrap_or(default.timeout),
            fuel: self.fuel.unwrap_or(default.fuel),
            ..default
        }
    }

    fn job(&self, payload: Bytes) -> Job {
        let now = SystemClock.now();
        Job {
            id: IdSource::default().next(now, 0, Generation(0), Partition(0)),
            job_type: self.job_type.clone(),
            payload,
            accepted_at: now,
            stamp: Stamp { revision: Revision(0), path: Path::Log, mode: Mode::Live },
            priority: wasmill_job::Priority::Normal,
            idempotency_key: None,
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        }
    }
}

fn size(text: &str) -> std::result::Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| "write a number and a unit, such as 64MiB".into())
}

/// Everything as one object.
fn report(outcome: &Outcome, compile: Duration) -> Result<()> {
    let mut report = Report {
        end: "done",
        output: None,
        output_base64: None,
        message: None,
        retry_after_ms: None,
        exit_code: None,
        children: outcome.children.iter().map(ChildReport::of).collect(),
        logs: &outcome.logs,
        usage: outcome.usage,
        compile_us: compile.as_micros(),
    };
    match &outcome.end {
        End::Done { output } => {
            report.output = serde_json::from_slice(output).ok();
            report.output_base64 = report.output.is_none().then(|| STANDARD.encode(output));
        }
        End::Retry { message, after } => {
            (report.end, report.message) = ("retry", Some(message.as_str()));
            report.retry_after_ms = after.map(|after| after.as_millis());
        }
        End::Rejected { message } => (report.end, report.message) = ("rejected", Some(message.as_str())),
        End::Exited { code, message } => {
            (report.end, report.message) = ("exited", Some(message.as_str()));
            report.exit_code = Some(*code);
        }
        End::Stopped { message, .. } => (report.end, report.message) = ("stopped", Some(message.as_str())),
    }
    let text = serde_json::to_string(&report).map_err(|error| Failure::new(Exit::No, error))?;
    print(&format!("{text}\n"))
}

impl<'o> ChildReport<'o> {
    fn of(child: &'o Child) -> Self {
        let payload = serde_json::from_slice(&child.payload).ok();
        let payload_base64 = payload.is_none().then(|| STANDARD.encode(&child.payload));
        let (id, job_type, delay_ms) = (child.id.to_string(), &child.job_type, child.delay.as_millis());
        Self { id, job_type, payload, payload_base64, delay_ms }
    }
}

/// Logs, output and accounting for people.
fn narrate(outcome: &Outcome, limits: &Limits, compile: Duration) -> Result<()> {
    for line in &outcome.logs {
        tell(&log_line(line));
    }
    if let End::Done { output } = &outcome.end {
        print_output(output)?;
    }
    for child in &outcome.children {
        let later =
            if child.delay.is_zero() { String::new() } else { format!(", {} later", short(child.delay)) };
        tell(&format!("emitted {} with {} bytes{later}", child.job_type, child.payload.len()));
    }
    let Usage { fuel, wall_us, memory_peak_bytes, cpu_us, imports } = outcome.usage;
    let accounting = format!(
        "time {} (processor {})  fuel {fuel} of {}  peak memory {} of {}  (check and compile {}, once per deploy)",
        short(Duration::from_micros(wall_us)),
        short(Duration::from_micros(cpu_us)),
        limits.fuel,
        ByteSize(memory_peak_bytes).display().iec(),
        ByteSize(limits.memory_bytes).display().iec(),
        short(compile),
    );
    let end = match &outcome.end {
        End::Done { .. } => styled(GREEN, "completed"),
        _ => styled(RED, "not completed"),
    };
    tell(&format!("{end}  {}", styled(DIM, accounting)));
    if imports.calls() > 0 {
        tell(&styled(DIM, format_args!("called  {}", calls(&imports))));
    }
    Ok(())
}

/// What the exit code tells.
fn verdict_of(end: &End) -> Result<()> {
    let failed = |what: String| Err(Failure::new(Exit::No, what));
    match end {
        End::Done { .. } => Ok(()),
        End::Retry { message, after: Some(after) } => {
            failed(format!("the handler wants to try again after {}: {message}", short(*after)))
        }
        End::Retry { message, after: None } => failed(format!("the handler wants to try again: {message}")),
        End::Rejected { message } => {
            failed(format!("the handler says this job can never succeed: {message}"))
        }
        End::Exited { code, message } => failed(format!("the program exited with code {code}: {message}")),
        End::Stopped { message, .. } => failed(format!("the handler was stopped: {message}")),
    }
}
