//! Handlers under test, without a host: a job with all that a handler may reach, per thread. Not there in a guest.
//!
//! A handler is an ordinary function, and most tests call it. [`Job::run`] goes the whole way, from the bytes of a
//! payload to those of the output, and keeps what the handler did:
//!
//! ```
//! use wasmill_sdk::{Failure, context, log, testing::Job};
//!
//! fn patient(_: ()) -> Result<u32, Failure> {
//!     log::info!("attempt {}", context::attempt());
//!     if context::attempt() < 3 { Err(Failure::retry("too early")) } else { Ok(context::attempt()) }
//! }
//!
//! let run = Job { attempt: 3, ..Job::default() }.run(patient, "null");
//! assert_eq!(run.result.unwrap(), b"3");
//! assert_eq!(run.log[0].message, "attempt 3");
//! ```
//!
//! What a job type must be granted is there as soon as the job has it: [`Job::with_config`], [`Job::with_secret`], and
//! [`Http`], which answers requests. Child jobs of any type are taken, unless [`Job::emit_error`] says otherwise; the
//! clock stands still, and random numbers follow from [`Job::seed`].

mod emit;
pub(crate) mod host;
mod http;
mod job;
mod running;

pub use emit::Child;
pub use http::{Http, Request, Response};
pub use job::{Job, Line, Run};

#[cfg(test)]
mod tests;
