//! From a core module, as compilers make them, to a component.

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, metadata};

use super::census::broken;
use super::shape::{self, refused_import};
use super::{CheckError, features};

/// The component that `module` becomes, by the world it carries in its custom section.
pub(super) fn component_of(module: &[u8]) -> Result<Vec<u8>, CheckError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(imports) = payload.map_err(broken)? {
            for import in imports.into_imports() {
                let import = import.map_err(broken)?;
                check_import(import.module, import.name)?;
            }
        }
    }
    let (world, _) = metadata::decode(module).map_err(|error| unconvertible(&error))?;
    if world.is_none() {
        return Err(CheckError::NoWorld);
    }
    let encode = || ComponentEncoder::default().validate(false).module(module)?.encode();
    let component = encode().map_err(|error| unconvertible(&error))?;
    wasmparser::Validator::new_with_features(features()).validate_all(&component).map_err(broken)?;
    Ok(component)
}

/// Imports of a core module carry the interface's name; compilers add names of their own that begin otherwise.
fn check_import(module: &str, name: &str) -> Result<(), CheckError> {
    const OF_TOOLCHAINS: [&str; 4] = ["$root", "[export]", "cm32p2", "[resource"];
    if OF_TOOLCHAINS.iter().any(|prefix| module.starts_with(prefix)) || shape::is_ours(module) {
        return Ok(());
    }
    Err(refused_import(&format!("{module}.{name}")))
}

fn unconvertible(error: &impl std::fmt::Display) -> CheckError {
    CheckError::NotConvertible { reason: format!("{error:#}") }
}
