#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod allow_list;
mod allowance;
mod config;
mod connect;
mod connection;
mod egress;
mod error;
mod headers;
mod message;
mod method;
mod network;
mod origin;
mod outgoing;
mod pool;
mod receive;
mod resolve;
mod rule;
mod target;

pub use address::{AddressKind, Reach};
pub use allow_list::{AllowList, Denied};
pub use allowance::{Allowance, Spent};
pub use config::{ConfigError, EgressConfig, Limits};
pub use egress::Egress;
pub use error::{EgressError, Part};
pub use message::{HeaderText, Request, Response};
pub use method::Method;
pub use network::{DeniedTarget, DeniedTargetError, Network};
pub use origin::{Host, InvalidUrl, Origin, Scheme};
pub use resolve::{Addresses, Resolve, SystemResolver, TableResolver};
pub use rule::{HostPattern, Rule, RuleError};
pub use target::Target;
