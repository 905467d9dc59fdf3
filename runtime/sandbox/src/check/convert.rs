//! From a core module, as compilers make them, to a component.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, metadata};

use super::census::broken;
use super::shape::{self, refused_import};
use super::{CheckError, exit, features};

/// What a program of WASI 0.1 begins with.
const START: &str = "_start";

/// The component that `module` becomes: by the world it carries in its custom section, or as a command program.
pub(super) fn component_of(module: &[u8]) -> Result<Vec<u8>, CheckError> {
    let Seen { has_wasi, has_start } = look_at(module)?;
    let (world, _) = metadata::decode(module).map_err(|error| unconvertible(&error))?;
    if world.is_none() && !has_start {
        return Err(CheckError::NoWorld);
    }
    let with_exit_code = if has_start { Some(exit::with_code(module)?) } else { None };
    let module = with_exit_code.as_deref().unwrap_or(module);
    let encode = || {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(false).module(module)?;
        if has_wasi || has_start {
            let adapter = if has_start {
                WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
            } else {
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
            };
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?;
        }
        encoder.encode()
    };
    let component = encode().map_err(|error| unconvertible(&error))?;
    wasmparser::Validator::new_with_features(features()).validate_all(&component).map_err(broken)?;
    Ok(component)
}

/// What decides about the adapter.
#[derive(Default)]
struct Seen {
    /// It imports WASI 0.1.
    has_wasi: bool,
    /// It is a program.
    has_start: bool,
}

fn look_at(module: &[u8]) -> Result<Seen, CheckError> {
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(broken)?;
                    seen.has_wasi |= import.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                    check_import(import.module, import.name)?;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    seen.has_start |= export.map_err(broken)?.name == START;
                }
            }
            _ => {}
        }
    }
    Ok(seen)
}

/// Imports of a core module carry the interface's name; compilers add names of their own that begin otherwise.
fn check_import(module: &str, name: &str) -> Result<(), CheckError> {
    const OF_TOOLCHAINS: [&str; 5] =
        ["$root", "[export]", "cm32p2", "[resource", WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME];
    if OF_TOOLCHAINS.iter().any(|prefix| module.starts_with(prefix))
        || shape::is_ours(module)
        || shape::is_tolerated(module)
    {
        return Ok(());
    }
    Err(refused_import(&format!("{module}.{name}")))
}

fn unconvertible(error: &impl std::fmt::Display) -> CheckError {
    CheckError::NotConvertible { reason: format!("{error:#}") }
}
