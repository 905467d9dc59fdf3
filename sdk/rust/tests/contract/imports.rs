//! What modules import: of the contract's interfaces those that the handler calls, and nothing else. A module whose
//! imports go beyond its type's grants is not deployed, so an import too many would be a grant too many.

use std::collections::BTreeSet;
use std::path::Path;

use wasmparser::{Parser, Payload};

/// The interfaces that a core module imports.
fn imports(module: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload.unwrap() {
            found.extend(section.into_imports().map(|import| import.unwrap().module.to_owned()));
        }
    }
    found
}

fn prebuilt(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/prebuilt").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The log is the SDK's own: a panic's message goes there.
#[test]
fn a_handler_that_calls_nothing_imports_the_log_alone() {
    for name in ["hello.wasm", "noop.wasm", "unfurl.wasm"] {
        let log_alone = BTreeSet::from(["wasmill:job/log@1.0.0".to_owned()]);
        assert_eq!(imports(&prebuilt(name)), log_alone, "{name}");
    }
}
