#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod admit;
mod batch;
mod cancel;
mod event;
mod group;
mod job_view;
mod key;
mod lines;
mod parked;
mod payload;
mod post;
mod receipt;
mod request;
mod router;
mod routes;
mod search;
mod show;
mod store;
mod trouble;

pub use receipt::{InvalidReceipt, Receipt};
pub use request::{FieldError, JobRequest, RequestError, parse_line};
pub use router::{Durability, IngestConfig, Jobs, Parts, Storage, openapi, openapi_of_one, router};
