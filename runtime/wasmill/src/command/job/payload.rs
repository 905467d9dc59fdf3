//! `wasmill job payload`: what a job was posted with.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use wasmill_job::{JobId, JobType};

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::terminal::print_output;

/// Print the payload of a job, byte for byte
///
/// While a job waits, runs or is dead the queue has its payload. Of one that is done the server looks for it in the log, which
/// lets it go some day.
#[derive(Debug, Args)]
pub(super) struct Payload {
    /// The job type
    #[arg(value_name = "TYPE")]
    job_type: JobType,
    /// The job's id
    #[arg(value_name = "ID")]
    id: JobId,
    /// The receipt that came with the id: the log is read where it says, also of a job that is not relayed yet
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<String>,
    /// Write it into this file instead
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Payload {
    pub(super) async fn run(self) -> Result<()> {
        let mut call = Call::get(format!("/v1/jobs/{}/{}/payload", self.job_type, self.id));
        if let Some(receipt) = &self.receipt {
            call = call.query("receipt", receipt);
        }
        let payload = self.target.server()?.success(call).await?.body;
        let Some(file) = self.output else { return print_output(&payload) };
        fs::write(&file, &payload).map_err(|error| {
            Failure::new(Exit::No, format_args!("{} cannot be written: {error}", file.display()))
        })
    }
}
