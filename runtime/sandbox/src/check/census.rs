//! What is in an upload, counted before anything looks deeper: a compiler's time grows with these.

use wasmparser::{BinaryReaderError, Parser, Payload};
use wasmtime::Engine;

use super::CheckError;

/// What kind of Wasm it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    Component,
}

/// Functions with a body. A Python interpreter has some 20,000.
const FUNCTIONS_MAX: u64 = 100_000;
/// Bytes of one function's body. The largest interpreter loops have about 300 KB.
const FUNCTION_BYTES_MAX: u64 = 1 << 20;
/// Modules and components inside a component. Toolchains make about ten.
const NESTED_MAX: u64 = 64;

/// The layout's version and layer, behind the magic bytes.
const MODULE: [u8; 4] = [1, 0, 0, 0];
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

/// What the first eight bytes say.
pub(super) fn kind(bytes: &[u8]) -> Result<Kind, CheckError> {
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(CheckError::Precompiled);
    }
    match bytes.strip_prefix(b"\0asm") {
        Some(rest) if rest.starts_with(&MODULE) => Ok(Kind::Module),
        Some(rest) if rest.starts_with(&COMPONENT) => Ok(Kind::Component),
        Some(rest) if rest.len() >= 4 => Err(CheckError::UnknownVersion),
        Some(_) => Err(CheckError::Invalid {
            reason: "it ends inside its header".into(),
            offset: bytes.len() as u64,
        }),
        None if is_text(bytes) => Err(CheckError::Text),
        None => Err(CheckError::NotWasm { found: beginning(bytes) }),
    }
}

/// Refuses what would keep a compiler busy for too long.
pub(super) fn take(bytes: &[u8]) -> Result<(), CheckError> {
    let (mut functions, mut nested) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::CodeSectionStart { count, .. } => {
                functions += u64::from(count);
                at_most("functions", functions, FUNCTIONS_MAX)?;
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                at_most("bytes in one function", range.end - range.start, FUNCTION_BYTES_MAX)?;
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                nested += 1;
                at_most("modules inside it", nested, NESTED_MAX)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn at_most(what: &'static str, found: u64, max: u64) -> Result<(), CheckError> {
    if found > max { Err(CheckError::TooComplex { what, found, max }) } else { Ok(()) }
}

pub(super) fn broken(error: BinaryReaderError) -> CheckError {
    CheckError::Invalid { reason: error.message().into(), offset: error.offset() }
}

fn is_text(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"(module") || text.starts_with(b"(component")
}

fn beginning(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing at all".into(),
        _ => bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}
