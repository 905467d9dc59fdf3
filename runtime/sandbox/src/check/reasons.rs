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
        "the module takes more to be read than any toolchain makes it take: what it declares is nested without an end, or far          too deep"
    )]
    Exhausting,
    #[error("the process that checks modules {reason}")]
    NotChecked { reason: String },
    #[error(
        "the module imports `{import}`, which is no part of WASI 0.2 or 0.1 that handlers have (cli, clocks, filesystem, \
         io, random, sockets): rebuild it with a current toolchain, and make HTTP calls by `wasmill:job/http`"
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
        "the module does not say which world it is for and has no `_start`, so it is neither a handler nor a command \
         program: build it with the `wasmill-sdk` crate and a function marked #[handler]"
    )]
    NoWorld,
    #[error(
        "the module exports no handler and is no command program; it exports {found}. Mark the handler's function with \
         #[handler], or give the program a `main`"
    )]
    MissingExport { found: String },
    #[error(
        "the module can be called in more than one way, so nobody knows which is meant: it exports {found}"
    )]
    TwoHandlers { found: String },
    #[error(
        "the module speaks `{found}`, and this host speaks `{known}`: rebuild it with the current `wasmill-sdk`"
    )]
    OtherVersion { found: String, known: String },
    #[error(
        "the module is for another version of the world `wasmill:job/job-handler`: {reason}; rebuild it with the current `wasmill-sdk`"
    )]
    WrongWorld { reason: String },
    #[error("the module cannot become a component: {reason}")]
    NotConvertible { reason: String },
}
