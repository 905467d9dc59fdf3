//! Exit codes of programs of WASI 0.1. The adapter that makes components of them passes on whether a program failed, and not
//! with which code: WASI 0.2's `exit` has no room for it. So a program's `proc_exit` is linked to a function of ours.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{ImportSectionReader, Parser};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::CheckError;

/// The interface, of this host alone: no module imports it by itself.
pub(crate) const INTERFACE: &str = "wasmill:command/exit@1.0.0";
pub(crate) const FUNCTION: &str = "with-code";

const WIT: &str = "package wasmill:command@1.0.0;
    interface exit { with-code: func(code: u32); }
    world program { import exit; }";

/// The program with its `proc_exit` turned into that function.
pub(super) fn with_code(program: &[u8]) -> Result<Vec<u8>, CheckError> {
    let unconvertible = |error: &dyn std::fmt::Display| CheckError::NotConvertible {
        reason: format!("its exit code: {error:#}"),
    };
    let mut module = Module::new();
    ExitRenamed
        .parse_core_module(&mut module, Parser::new(0), program)
        .map_err(|error| unconvertible(&error))?;
    let mut bytes = module.finish();
    let mut resolve = Resolve::default();
    let package = resolve.push_source("exit.wit", WIT).map_err(|error| unconvertible(&error))?;
    let world = resolve.select_world(&[package], None).map_err(|error| unconvertible(&error))?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| unconvertible(&error))?;
    Ok(bytes)
}

/// Copies a module, but for that name.
struct ExitRenamed;

impl Reencode for ExitRenamed {
    type Error = std::convert::Infallible;

    fn parse_import_section(
        &mut self,
        to: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for import in section.into_imports() {
            let mut import = import?;
            if import.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME && import.name == "proc_exit" {
                (import.module, import.name) = (INTERFACE, FUNCTION);
            }
            self.parse_import(to, import)?;
        }
        Ok(())
    }
}
