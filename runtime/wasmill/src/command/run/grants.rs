//! What the handler may reach in `wasmill run`: the options that stand for a route's `grants`.

use std::num::NonZeroU32;
use std::sync::Arc;

use clap::Args;
use wasmill_egress::Egress;
use wasmill_job::{Generation, Grants, Import, JobType, Limits, SecretName, TypePattern};
use wasmill_process::Config;
use wasmill_sandbox::{Destination, Permit};

use crate::failure::{Exit, Failure, Result};
use crate::mill::{egress, secrets};

/// What the handler may reach, as `grants` of a route would say
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// Let it call this service, such as https://api.example.com; may be repeated
    #[arg(long, value_name = "RULE", help_heading = "Grants")]
    http: Vec<String>,
    /// Let it have this secret, from the variable WASMILL_SECRET_NAME; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Grants")]
    secret: Vec<SecretName>,
    /// Give it this setting; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, help_heading = "Grants")]
    config: Vec<(String, String)>,
    /// Let it emit children of this type, or of these types (email.*); may be repeated
    #[arg(long, value_name = "TYPE", help_heading = "Grants")]
    emit: Vec<TypePattern>,
    /// Let it read the clock
    #[arg(long, help_heading = "Grants")]
    clock: bool,
    /// Let it have random numbers
    #[arg(long, help_heading = "Grants")]
    random: bool,
}

impl GrantArgs {
    pub(super) fn permit(&self, job_type: &JobType) -> Result<Permit> {
        let grants = Grants {
            http: self.http.clone(),
            secrets: self.secret.iter().cloned().collect(),
            config: self.config.iter().cloned().collect(),
            emit: self.emit.clone(),
            clock: self.clock,
            random: self.random,
        };
        let find = secrets::finder(&Config::default());
        // Children go nowhere; the ids they are told are made as if each type's queue had one partition.
        let place = Destination {
            generation: Generation(0),
            partitions: NonZeroU32::MIN,
            payload_bytes_max: Limits::default().payload_bytes,
        };
        Permit::new(job_type, &grants, |name| find(name), Arc::new(move |_| Some(place)))
            .map_err(|error| Failure::new(Exit::Usage, format_args!("{error}.")))
    }

    pub(super) fn egress(&self) -> Result<Egress> {
        egress::open(&Config::default())
    }

    /// # Errors
    /// When the module imports what no option grants: then it would not be deployed either.
    pub(super) fn check(&self, file: &str, lacks: impl Iterator<Item = Import>) -> Result<()> {
        let options: Vec<_> = lacks.map(option).collect();
        if options.is_empty() {
            return Ok(());
        }
        let what =
            format_args!("{file} imports what it is not granted; its route would need `grants`.").to_string();
        Err(Failure::new(Exit::No, what).advise(format!("Here, add {}.", options.join(" and "))))
    }
}

/// The option that grants an import.
fn option(import: Import) -> &'static str {
    match import {
        Import::Config => "--config NAME=VALUE",
        Import::Secrets => "--secret NAME",
        Import::Http => "--http https://HOST",
        Import::Emit => "--emit TYPE",
        Import::Clock => "--clock",
        Import::Random => "--random",
        // Every handler's.
        Import::Context | Import::Log | Import::Wasi => "nothing",
    }
}

fn setting(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as region=eu")?;
    Ok((name.to_owned(), value.to_owned()))
}
