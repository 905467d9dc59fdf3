//! Which letters a command means.

use clap::Args;
use serde::Serialize;
use wasmill_job::JobType;

use crate::client::Call;
use crate::failure::{Exit, Failure, Result};

/// Letters of one type or error.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Filter {
    /// Only letters of this type
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    /// Only letters with this failure code, such as trap
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only letters with this error, as `wasmill dead groups` shows it: with # for numbers and ids
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

/// The letters that are redriven or purged.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Which {
    /// The letters, by the ids that the list shows; without ids, all that the options leave
    #[arg(value_name = "ID", conflicts_with = "all")]
    ids: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// All letters
    #[arg(long)]
    all: bool,
    /// Change nothing, and say what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
}

/// The request of a redrive and of a purge.
#[derive(Debug, Serialize)]
pub(super) struct WantedLetters<'w> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    job_type: Option<&'w JobType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'w str>,
    ids: &'w [String],
    all: bool,
    dry_run: bool,
    confirm: bool,
}

/// How much of a message fits into a line of a table, in characters.
const MESSAGE_CHARS: usize = 80;

impl Filter {
    /// Narrows a list.
    pub(super) fn on(&self, mut call: Call) -> Call {
        let job_type = self.job_type.as_ref().map(JobType::as_str);
        for (name, value) in
            [("type", job_type), ("code", self.code.as_deref()), ("error", self.error.as_deref())]
        {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        call
    }

    fn is_empty(&self) -> bool {
        self.job_type.is_none() && self.code.is_none() && self.error.is_none()
    }

    fn describe(&self) -> String {
        let of_type = self.job_type.as_ref().map(|job_type| format!(" of {job_type}"));
        let code = self.code.as_ref().map(|code| format!(" with the code {code}"));
        let error = self.error.as_ref().map(|error| format!(" with the error `{error}`"));
        [of_type, code, error].into_iter().flatten().collect()
    }
}

impl Which {
    /// # Errors
    /// When nothing is named: nobody should throw away everything by leaving something out.
    pub(super) fn require_some(&self) -> Result<()> {
        if self.ids.is_empty() && self.filter.is_empty() && !self.all {
            return Err(Failure::new(Exit::Usage, "no letters are named.")
                .advise("Name them by their ids, or say --type TYPE, --code CODE, --error TEXT or --all."));
        }
        Ok(())
    }

    /// Whether the letters are not named one by one.
    pub(super) fn is_bulk(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The request that says what would become of these letters.
    pub(super) fn preview(&self) -> WantedLetters<'_> {
        WantedLetters { dry_run: true, ..self.wanted(&self.ids) }
    }

    /// The request for the letters that were named.
    pub(super) fn named(&self) -> WantedLetters<'_> {
        self.wanted(&self.ids)
    }

    /// The request for these letters of those that are meant.
    pub(super) fn wanted<'w>(&'w self, ids: &'w [String]) -> WantedLetters<'w> {
        let Filter { job_type, code, error } = &self.filter;
        WantedLetters {
            job_type: job_type.as_ref(),
            code: code.as_deref(),
            error: error.as_deref(),
            ids,
            all: ids.is_empty(),
            dry_run: false,
            confirm: true,
        }
    }

    /// These letters in words, with their number where it is known.
    pub(super) fn describe(&self, count: u64) -> String {
        let more = self.filter.describe();
        match (self.is_bulk(), count) {
            (_, 1) => format!("1 dead letter{more}"),
            (true, count) => format!("all {count} dead letters{more}"),
            (false, count) => format!("{count} dead letters{more}"),
        }
    }
}

/// The first line of a message, not too long.
pub(super) fn shortened(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let whole = line.len() == message.len() && line.chars().count() <= MESSAGE_CHARS;
    if whole { line.to_owned() } else { line.chars().take(MESSAGE_CHARS).chain(['…']).collect() }
}

#[cfg(test)]
mod tests;
