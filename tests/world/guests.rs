//! The guests that `plugins/build` made, and where `tests/run` keeps what it installed and built.

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

/// The folder where `tests/run` keeps what it installed for tests.
///
/// # Panics
/// When there is no home folder.
pub fn installed() -> PathBuf {
    let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
    caches.join("wasmill")
}
