//! The calls of `sdk/wit/job.wit` as Rust, generated; and the section that tells the host this module's world.
//! The one place in the crate with `unsafe`, and none of it is written by hand.
//!
//! A module's imports are those of the calls that it really makes: what nobody calls is not linked.
#![allow(unsafe_code, reason = "generated calls across the module's boundary")]
#![allow(unreachable_pub, missing_docs, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit",
    world: "job-handler",
    pub_export_macro: true,
    export_macro_name: "export_handler",
    default_bindings_module: "wasmill_sdk::bindings",
});
