//! What a component imports and exports, against the contract and what toolchains add to it.

use wasmill_job::Import;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem};

use super::{CheckError, Speaks, exit};
use crate::world::{HANDLER, PROGRAM, WIT, WORLD};

/// What a component imports and exports.
pub(super) struct Shape {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) speaks: Speaks,
}

/// The world of handlers as a type.
pub(super) struct World {
    resolve: Resolve,
    id: WorldId,
}

/// What toolchains link against whether a handler uses it or not. All of it is inert but streams, clocks and
/// randomness; see [`crate::capability::wasi`].
const TOLERATED: [&str; 7] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];
/// Their release: every 0.2 is compatible with every other.
const TOLERATED_VERSION: &str = "@0.2.";
/// Handlers of any version, and those of the version before the first.
const ANY_HANDLER: &str = "wasmill:job/handler@";
const BEFORE_1_0: &str = "handle";

/// The shape of a component that can be a handler.
pub(super) fn of(component: &[u8]) -> Result<Shape, CheckError> {
    let world = World::ours()?;
    let decoded = wit_component::decode(component).map_err(|error| wrong(&error))?;
    let DecodedWasm::Component(resolve, id) = decoded else {
        return Err(CheckError::WrongWorld { reason: "it holds interface definitions and no code".into() });
    };
    let found = World { resolve, id };
    let mut imports = found.imports();
    imports.retain(|import| import != exit::INTERFACE);
    let known = world.imports();
    let has_wasi = imports.iter().any(|import| is_tolerated(import));
    if let Some(unknown) = imports.iter().find(|import| !known.contains(import) && !is_tolerated(import)) {
        return Err(refused_import(unknown));
    }
    let exports = found.exports();
    let speaks = spoken(&exports)?;
    // With WASI in it, the world of the toolchain is larger than ours; then linking is what compares types.
    if speaks == Speaks::Handler && !has_wasi {
        wit_component::targets(&world.resolve, world.id, component, false).map_err(|error| wrong(&error))?;
    }
    let mut called = found.called();
    called.retain(|import| import != exit::INTERFACE);
    Ok(Shape { imports: called, exports, speaks })
}

/// How it is called: the one of our exports that it has.
fn spoken(exports: &[String]) -> Result<Speaks, CheckError> {
    let handlers: Vec<_> = exports.iter().filter(|export| export.starts_with(ANY_HANDLER)).collect();
    let is_program = exports.iter().any(|export| export.starts_with(PROGRAM));
    match (handlers.as_slice(), is_program) {
        ([handler], false) if *handler == HANDLER => Ok(Speaks::Handler),
        ([other], false) => Err(CheckError::OtherVersion { found: (*other).clone(), known: HANDLER.into() }),
        ([], true) => Ok(Speaks::Program),
        ([], false) if exports.iter().any(|export| export == BEFORE_1_0) => {
            Err(CheckError::OtherVersion { found: "wasmill:job@0.1.0".into(), known: HANDLER.into() })
        }
        ([], false) => Err(CheckError::MissingExport { found: listed(exports) }),
        _ => Err(CheckError::TwoHandlers { found: listed(exports) }),
    }
}

/// Whether an interface belongs to the world of handlers.
pub(super) fn is_ours(interface: &str) -> bool {
    World::ours().is_ok_and(|world| world.imports().iter().any(|import| import == interface))
}

/// Whether an interface is one of WASI that modules may have.
pub(super) fn is_tolerated(interface: &str) -> bool {
    interface.contains(TOLERATED_VERSION) && TOLERATED.iter().any(|start| interface.starts_with(start))
}

/// What a route must grant to a module with this import; `None` for what needs no grant.
pub(crate) fn needed_grant(import: &str) -> Option<Import> {
    let name = import.strip_prefix("wasmill:job/")?.split('@').next()?;
    let granted =
        [Import::Config, Import::Secrets, Import::Http, Import::Emit, Import::Clock, Import::Random];
    granted.into_iter().find(|import| import.as_str() == name)
}

/// Why an import is refused.
pub(super) fn refused_import(import: &str) -> CheckError {
    let import = import.to_owned();
    if import.starts_with("wasi:") || import.starts_with("wasi_") {
        CheckError::Wasi { import }
    } else if import.starts_with("__wbindgen") || import.starts_with("wbg") {
        CheckError::JavaScript { import }
    } else {
        let known = World::ours().map(|world| listed(&world.called())).unwrap_or_default();
        CheckError::UnknownImport { import, known }
    }
}

impl World {
    /// The contract. It cannot fail, and a test holds that; an error is simpler here than a proof.
    pub(super) fn ours() -> Result<Self, CheckError> {
        let mut resolve = Resolve::default();
        let package = resolve.push_source("job.wit", WIT).map_err(|error| wrong(&error))?;
        let id = resolve.select_world(&[package], Some(WORLD)).map_err(|error| wrong(&error))?;
        Ok(Self { resolve, id })
    }

    fn imports(&self) -> Vec<String> {
        let world = &self.resolve.worlds[self.id];
        let names = world.imports.iter().filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
        names.map(|(key, _)| self.resolve.name_world_key(key)).collect()
    }

    /// The imports with functions in them; the others only give names to types.
    fn called(&self) -> Vec<String> {
        let world = &self.resolve.worlds[self.id];
        let called = world.imports.iter().filter(|(_, item)| match item {
            WorldItem::Interface { id, .. } => !self.resolve.interfaces[*id].functions.is_empty(),
            WorldItem::Function(_) => true,
            WorldItem::Type { .. } => false,
        });
        called.map(|(key, _)| self.resolve.name_world_key(key)).collect()
    }

    fn exports(&self) -> Vec<String> {
        let world = &self.resolve.worlds[self.id];
        world.exports.keys().map(|key| self.resolve.name_world_key(key)).collect()
    }
}

fn wrong(error: &impl std::fmt::Display) -> CheckError {
    CheckError::WrongWorld { reason: format!("{error:#}") }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".into();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
