//! Why a module is refused: each reason is a sentence or two, and says what to do.

/// Why a module is refused at deploy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("this is not WebAssembly: a module begins with the bytes 00 61 73 6d, and this with {found}")]
    NotWasm { found: String },
    #[error("this is WebAssembly text; a module is binary: convert it with `wasm-tools parse` first")]
    Text,
    #[error("this is WebAssembly of an unknown layout; only modules (version 1) and components are known")]
    UnknownVersion,
    #[error(
        "this is a precompiled artifact (machine code), which is never accepted: deploy the module itself"
    )]
    Precompiled,
    #[error("the module has {bytes} bytes; at most {max} are allowed: build it for release and strip it")]
    TooLarge { bytes: u64, max: u64 },
    #[error("the module has {found} {what}; at most {max} are allowed")]
    TooComplex { what: &'static str, found: u64, max: u64 },
    #[error("the module is broken or cut off: {reason} (at byte {offset})")]
    Invalid { reason: String, offset: u64 },
    #[error("the module cannot be read; rebuild it with a current toolchain")]
    Unreadable,
    #[error(
        "the module imports `{import}` and so was built for a WASI target, which handlers cannot have yet: build it \
         with `--target wasm32-unknown-unknown`"
    )]
    Wasi { import: String },
    #[error(
        "the module imports `{import}`, which expects JavaScript around it: one of its crates needs its browser \
         feature switched off (often `getrandom`, `uuid` or `chrono`)"
    )]
    JavaScript { import: String },
    #[error("the module imports `{import}`, which no handler can have; there are {known}")]
    UnknownImport { import: String, known: String },
    #[error(
        "the module does not say which world it is for, so it is no handler: build it with the `wasmill-sdk` crate \
         and a function marked #[handler]"
    )]
    NoWorld,
    #[error("the module exports no `handle`, only {found}: mark the handler's function with #[handler]")]
    MissingExport { found: String },
    #[error(
        "the module is for another version of the world `wasmill:job/handler`: {reason}; rebuild it with the current `wasmill-sdk`"
    )]
    WrongWorld { reason: String },
    #[error("the module cannot become a component: {reason}")]
    NotConvertible { reason: String },
}
