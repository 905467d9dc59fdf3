//! The shape of a handler: every import of the contract, and its exports.

use std::sync::OnceLock;

use wit_component::StringEncoding;
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

fn world() -> &'static (Resolve, WorldId) {
    static WORLD: OnceLock<(Resolve, WorldId)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut resolve = Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/wit");
        let (package, _) = resolve.push_dir(wit).expect("the contract");
        let world = resolve.select_world(&[package], Some("job-handler")).expect("its world");
        (resolve, world)
    })
}

/// A core module with all imports and exports of a handler, and nothing in it.
pub(crate) fn shape() -> Vec<u8> {
    static SHAPE: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || {
        let (resolve, world) = world();
        wit_component::dummy_module(resolve, *world, ManglingAndAbi::Standard32)
    };
    SHAPE.get_or_init(make).clone()
}

/// The module, with the contract in it as toolchains put it there.
pub(crate) fn with_contract(mut module: Vec<u8>) -> Vec<u8> {
    let (resolve, world) = world();
    wit_component::embed_component_metadata(&mut module, resolve, *world, StringEncoding::UTF8, false)
        .expect("a section more");
    module
}
