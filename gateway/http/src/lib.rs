#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod audit;
mod body;
mod budget;
mod caller;
mod config;
mod connection;
mod edge;
mod host;
mod json;
mod kind;
mod media;
mod near;
mod notice;
mod openapi;
mod pace;
mod problem;
mod protect;
mod rule;
mod secret;
mod server;
mod session;
mod stream;

pub use access::{Access, Token};
pub use audit::{Subject, audit};
pub use body::{BodyReader, read_body};
pub use budget::{Budget, Busy, Hold};
pub use caller::Caller;
pub use config::HttpConfig;
pub use edge::finish;
pub use host::{Hosts, guard};
pub use json::{Place, malformed};
pub use kind::Kind;
pub use media::{essence, require, uncompressed};
pub use near::{did_you_mean, near};
pub use openapi::{describe_tokens, openapi_route};
pub use problem::{Problem, ProblemDocument};
pub use protect::protect;
pub use rule::{Need, Rule, Rules};
pub use secret::new_token;
pub use server::{Drained, serve};
pub use session::{close_session, is_https, open_session, page_after, session};
