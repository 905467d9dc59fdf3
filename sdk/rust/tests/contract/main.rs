//! The contract stays what handlers were built against: `sdk/wit/job.wit` is compatible with the newest file in
//! `sdk/wit/released`, by the rules of semantic versions. And modules import only what their handlers call.
#![allow(clippy::unwrap_used, clippy::panic)]

mod copies;
mod imports;
mod released;
