//! What a component imports and exports, against the world of handlers.

use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem};

use super::CheckError;
use crate::world::{EXPORT, WIT, WORLD};

/// What a component imports and exports.
pub(super) struct Shape {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// The world of handlers as a type.
pub(super) struct World {
    resolve: Resolve,
    id: WorldId,
}

/// The shape of a component that is of the world of handlers.
pub(super) fn of(component: &[u8]) -> Result<Shape, CheckError> {
    let world = World::ours()?;
    let decoded = wit_component::decode(component).map_err(|error| wrong(&error))?;
    let DecodedWasm::Component(resolve, id) = decoded else {
        return Err(CheckError::WrongWorld { reason: "it holds interface definitions and no code".into() });
    };
    let found = World { resolve, id };
    let known = world.imports();
    if let Some(unknown) = found.imports().into_iter().find(|import| !known.contains(import)) {
        return Err(refused_import(&unknown));
    }
    let exports = found.exports();
    if !exports.iter().any(|export| export == EXPORT) {
        return Err(CheckError::MissingExport { found: listed(&exports) });
    }
    wit_component::targets(&world.resolve, world.id, component, false).map_err(|error| wrong(&error))?;
    Ok(Shape { imports: found.called(), exports })
}

/// Whether an interface belongs to the world of handlers.
pub(super) fn is_ours(interface: &str) -> bool {
    World::ours().is_ok_and(|world| world.imports().iter().any(|import| import == interface))
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
    match names {
        [] => "nothing".into(),
        _ => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
