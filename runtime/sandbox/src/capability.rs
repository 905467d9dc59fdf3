//! What handlers can reach beyond their payload, one file each; and the permit that says which of it a job type has.
//! Denied by default: what a permit does not hold is not there.

mod clock;
mod config;
mod context;
pub(crate) mod emit;
pub(crate) mod http;
mod log;
mod permit;
mod random;
pub(crate) mod secrets;
pub(crate) mod wasi;
mod wasi_http;

pub(crate) use emit::Emitted;
pub(crate) use http::Outbound;
pub(crate) use log::add_to_linker as add_log_to_linker;
pub use permit::{Destination, FindDestination, Permit, PermitError};
pub(crate) use wasi_http::WasiHttp;
