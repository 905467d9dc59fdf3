//! Jobs as lists of the server show them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure, Result};
use crate::terminal::print;

/// A page of jobs.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) jobs: Vec<Row>,
    pub(super) next: Option<String>,
}

/// One job.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) job_type: String,
    pub(super) state: String,
    pub(super) attempts: u32,
    pub(super) accepted_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended_at_ms: Option<u64>,
    /// What a newer server says besides: handed on as it came.
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Row {
    /// Prints it as a line of JSON.
    pub(super) fn print(&self) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| Failure::new(Exit::No, error))?;
        print(&format!("{text}\n"))
    }
}
