#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod body;
mod budget;
mod config;
mod connection;
mod edge;
mod host;
mod json;
mod kind;
mod media;
mod near;
mod openapi;
mod pace;
mod problem;
mod server;
mod stream;

pub use access::{Access, CallerName, Needs, Right, Token, TokenHash, protect};
pub use body::{BodyReader, read_body};
pub use budget::{Budget, Busy, Hold};
pub use config::HttpConfig;
pub use edge::finish;
pub use host::{Hosts, guard};
pub use json::{Place, malformed};
pub use kind::Kind;
pub use media::{essence, require, uncompressed};
pub use near::{did_you_mean, near};
pub use openapi::{describe_tokens, openapi_route};
pub use problem::{Problem, ProblemDocument};
pub use server::{Drained, serve};
