//! `wasmill enqueue`: one job, or a file of them.

use bytes::Bytes;
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use wasmill_job::{JobId, JobType, Priority};

use crate::batch::{Lines, envelope};
use crate::client::{Call, Server};
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::input::Input;
use crate::terminal::{GREEN, YELLOW, print, print_bytes, styled, tell};

mod file;

/// Enqueue one job, or a file of jobs
///
/// A payload that is JSON travels in the job's envelope, byte for byte; any other goes by the CloudEvents binary
/// binding. With --batch and a TYPE each line of the file is the JSON payload of one job of that type (a line that is
/// a whole job of that type stays as it is); without a TYPE each line is a whole job, as POST /v1/jobs/batch takes it.
#[derive(Debug, Args)]
pub(crate) struct Enqueue {
    /// The job type, such as email.welcome
    #[arg(value_name = "TYPE", required_unless_present = "batch")]
    job_type: Option<JobType>,
    /// The payload: a file, or - for the standard input; without one the job has no payload
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    payload: Option<Input>,
    /// A file of lines (NDJSON), or - for the standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<Input>,
    /// The idempotency key: a repeat with the same key makes no second job. In a batch line N gets KEY/N
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Which jobs of its type it goes before: low, normal, high or urgent [default: normal]
    #[arg(long, value_name = "PRIORITY", value_parser = read_priority)]
    priority: Option<Priority>,
    /// Print the server's answer as JSON; for a batch, the summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// What the server says about a job it stored.
#[derive(Debug, Deserialize)]
struct Stored {
    id: JobId,
    /// The queue had it already.
    #[serde(default)]
    duplicate: bool,
}

impl Enqueue {
    pub(crate) async fn run(self) -> Result<()> {
        let server = self.target.server()?;
        match (self.batch, self.job_type) {
            (Some(batch), Some(job_type)) => {
                let lines = Lines::Payloads { job_type, key: self.key, priority: self.priority };
                file::enqueue(&server, batch, lines, self.json).await
            }
            (Some(_), None) if self.key.is_some() => {
                Err(Failure::new(Exit::Usage, "--key needs a TYPE: whole jobs carry their own keys.")
                    .advise("Put an idempotency_key into each line, or name the TYPE and send payloads."))
            }
            (Some(_), None) if self.priority.is_some() => Err(Failure::new(
                Exit::Usage,
                "--priority needs a TYPE: whole jobs carry their own priorities.",
            )
            .advise("Put a priority into each line, or name the TYPE and send payloads.")),
            (Some(batch), None) => file::enqueue(&server, batch, Lines::Jobs, self.json).await,
            (None, Some(job_type)) => {
                let payload = self.payload.map(|input| input.read()).transpose()?;
                let call = call_for(&job_type, payload, self.key, self.priority)?;
                one(&server, &job_type, call, self.json).await
            }
            (None, None) => Err(Failure::new(Exit::Usage, "the TYPE is missing.")),
        }
    }
}

async fn one(server: &Server, job_type: &JobType, call: Call, json: bool) -> Result<()> {
    let answer = server.success(call).await?;
    if json {
        return print_bytes(&answer.body);
    }
    let stored: Stored = answer.read()?;
    let word = if stored.duplicate { styled(YELLOW, "known") } else { styled(GREEN, "stored") };
    print(&format!("{word} {}\n", stored.id))?;
    tell(&format!("Look at it: wasmill job show {job_type} {}", stored.id));
    Ok(())
}

/// A priority by its name.
fn read_priority(text: &str) -> std::result::Result<Priority, &'static str> {
    let named = Priority::FIRST_TO_LAST.into_iter().find(|priority| priority.as_str() == text);
    named.ok_or("write low, normal, high or urgent")
}

/// The request for one job, in the binding that leaves the payload's bytes alone.
///
/// # Errors
/// When the payload is not JSON and a priority is wanted: the other binding has no place for it.
fn call_for(
    job_type: &JobType,
    payload: Option<Bytes>,
    key: Option<String>,
    priority: Option<Priority>,
) -> Result<Call> {
    let call = Call::post("/v1/jobs");
    Ok(match payload {
        None => call.body("application/json", envelope(job_type, None, key.as_deref(), priority)),
        Some(payload) if serde_json::from_slice::<&RawValue>(&payload).is_ok() => {
            call.body("application/json", envelope(job_type, Some(&payload), key.as_deref(), priority))
        }
        Some(_) if priority.is_some() => {
            let why = "a payload that is not JSON travels as a CloudEvent, which carries no priority.";
            return Err(Failure::new(Exit::Usage, why).advise("Leave --priority out, or send JSON."));
        }
        Some(payload) => {
            let call = call
                .header("ce-specversion", "1.0")
                .header("ce-type", job_type.as_str())
                .header("ce-source", "wasmill-cli")
                .body("application/octet-stream", payload);
            match key {
                // Quoted, as the IETF draft has it: then quotes of the key's own survive.
                Some(key) => call.header("idempotency-key", format!("\"{key}\"")),
                None => call,
            }
        }
    })
}
