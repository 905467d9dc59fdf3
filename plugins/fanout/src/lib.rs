//! Emits child jobs: `{"children": 3, "type": "email.receipt"}`. Each child's payload is `{"number": n}`, or the
//! payload's `payload`. `{"keyed": true}` gives child n the key `n`, `delay_ms` delays each, and `{"fail": true}` asks for
//! a retry afterwards, so that none is published. Answers `{"ids": […]}`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmill_sdk::{Failure, emit, handler};

/// What to emit.
#[derive(Deserialize)]
struct Fan {
    children: u32,
    #[serde(rename = "type")]
    job_type: String,
    payload: Option<Value>,
    #[serde(default)]
    keyed: bool,
    delay_ms: Option<u64>,
    #[serde(default)]
    fail: bool,
}

/// The ids that the children will have, in order.
#[derive(Serialize)]
struct Emitted {
    ids: Vec<String>,
}

#[handler]
fn fanout(fan: Fan) -> Result<Emitted, Failure> {
    let mut ids = Vec::new();
    for number in 0..fan.children {
        let payload = fan.payload.clone().unwrap_or_else(|| json!({ "number": number }));
        let mut child = emit::child(&fan.job_type, &payload)?;
        if fan.keyed {
            child = child.key(&number.to_string());
        }
        if let Some(delay) = fan.delay_ms {
            child = child.delay(Duration::from_millis(delay));
        }
        ids.push(child.submit()?);
    }
    if fan.fail {
        return Err(Failure::retry(format_args!("{} children were emitted and shall not be", ids.len())));
    }
    Ok(Emitted { ids })
}

#[cfg(test)]
mod tests;
