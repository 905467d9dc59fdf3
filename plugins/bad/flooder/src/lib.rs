//! Emits more children, or larger ones, than it may: `{"type": "t", "children": 1000, "bytes": 80}`, each payload so many
//! bytes long. It stops at the first that is refused and answers `{"taken": n, "why": "…"}`: how many were taken, and what
//! the host said then.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, emit, handler};

/// How much to emit.
#[derive(Deserialize)]
struct Flood {
    #[serde(rename = "type")]
    job_type: String,
    children: u64,
    #[serde(default)]
    bytes: usize,
}

/// How much was taken.
#[derive(Serialize)]
struct Taken {
    taken: u64,
    why: Option<String>,
}

#[handler]
fn flooder(flood: Flood) -> Result<Taken, Failure> {
    let payload = vec![b'x'; flood.bytes];
    for taken in 0..flood.children {
        if let Err(error) = emit::child_of_bytes(&flood.job_type, &payload).submit() {
            return Ok(Taken { taken, why: Some(error.to_string()) });
        }
    }
    Ok(Taken { taken: flood.children, why: None })
}

#[cfg(test)]
mod tests;
