//! A process of its own for one job at a time: what the worker and that process say to each other, and either's side
//! of it.

mod child;
mod process;
mod wire;

pub use child::{ChildError, run_alone};
pub use process::StartAlone;
pub(crate) use process::{Child, Death, NoChild};
pub(crate) use wire::Request;
