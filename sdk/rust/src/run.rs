//! One job through a handler: payload to argument, the call, answer to output.

use crate::{Failure, FromPayload, IntoOutput};

/// Runs `handler` on `payload`.
pub fn run<A, O, E>(handler: fn(A) -> Result<O, E>, payload: Vec<u8>) -> Result<Vec<u8>, Failure>
where
    A: FromPayload,
    O: IntoOutput,
    E: Into<Failure>,
{
    let argument = A::from_payload(payload)?;
    handler(argument).map_err(Into::into)?.into_output()
}

/// Runs `handler` on `payload` and answers as the host expects it. A panic is written to the job's log as an
/// error before it stops the module: its message would be lost otherwise, since a trap has none.
#[cfg(target_arch = "wasm32")]
pub fn run_in_guest<A, O, E>(
    handler: fn(A) -> Result<O, E>,
    payload: Vec<u8>,
) -> Result<Vec<u8>, crate::host::failures::Failure>
where
    A: FromPayload,
    O: IntoOutput,
    E: Into<Failure>,
{
    std::panic::set_hook(Box::new(|panic| {
        crate::log::write(crate::log::Level::Error, &panic.to_string());
    }));
    run(handler, payload).map_err(Into::into)
}

#[cfg(target_arch = "wasm32")]
impl From<Failure> for crate::host::failures::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry { message, after } => {
                let after_ms = after.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
                Self::Retry(crate::host::failures::Retry { message, after_ms })
            }
            Failure::Reject { message } => Self::Reject(message),
        }
    }
}
