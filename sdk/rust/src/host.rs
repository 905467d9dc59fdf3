//! The other side of every call: in a guest the host, natively the stand-ins of `testing`, with the same signatures.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::wasmill::job::*;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::*;
