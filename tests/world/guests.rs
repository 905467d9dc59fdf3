//! The guests that `plugins/build` made.

use std::path::{Path, PathBuf};

/// The bytes of a guest module by name.
///
/// # Panics
/// When it has not been built.
pub fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("WASMILL_GUESTS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/target/guests"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run plugins/build first", path.display()))
}
