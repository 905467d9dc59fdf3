//! Crates that ask the crate `getrandom` (0.3 or 0.4) for random numbers get the host's, in a handler that names this
//! crate: `use wasmill_getrandom as _;`. Its job type must be granted `random`. The guest is built with
//! `--cfg getrandom_backend="custom"`; in its `.cargo/config.toml`:
//!
//! ```toml
//! [target.wasm32-unknown-unknown]
//! rustflags = ['--cfg', 'getrandom_backend="custom"']
//! ```
//!
//! Natively it does nothing, and getrandom asks the operating system.
#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

#[cfg(target_arch = "wasm32")]
mod hook;
