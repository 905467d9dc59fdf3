//! Stops the module dead. It panics, with the payload's `message` if there is one; `{"how": "stack"}` overflows the
//! stack instead.

use std::hint::black_box;

use serde::Deserialize;
use wasmill_sdk::{Failure, handler};

/// What to die of.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Death {
    how: How,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Panic,
    Stack,
}

#[handler]
#[expect(clippy::panic, reason = "it is what this handler is for")]
fn trap(death: Option<Death>) -> Result<u64, Failure> {
    let Death { how, message } = death.unwrap_or_default();
    match how {
        How::Panic => panic!("{}", message.as_deref().unwrap_or("this handler always panics")),
        How::Stack => Ok(deeper(0)),
    }
}

/// Calls itself until the stack is full. The work after the call keeps it from becoming a loop.
#[expect(unconditional_recursion, reason = "it is what this handler is for")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    deeper(frame[0] + 1) + black_box(frame)[1]
}

#[cfg(test)]
mod tests;
