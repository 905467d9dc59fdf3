#![doc = include_str!("../README.md")]
// In a guest one fenced module, `bindings`, is generated code that needs `unsafe`.
#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
pub mod clock;
pub mod config;
pub mod context;
pub mod emit;
mod export;
mod failure;
mod host;
pub mod http;
pub mod log;
mod payload;
pub mod random;
mod run;
pub mod secrets;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use failure::Failure;
pub use payload::{FromPayload, IntoOutput, Raw};
pub use wasmill_sdk_macros::handler;

/// What the macros expand to. Not part of the interface: any version may change it.
#[doc(hidden)]
pub mod __private {
    pub use crate::run::run;
    #[cfg(target_arch = "wasm32")]
    pub use crate::run::run_in_guest;
}
