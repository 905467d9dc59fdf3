//! What a broker is made of: the jars in the cache, and the files in `tests/kafka` that the script for people uses too.

use std::path::{Path, PathBuf};

/// What every node runs with.
pub(super) const PROPERTIES: &str = include_str!("../../kafka/server.properties");
const JAVA_ARGUMENTS: &str = include_str!("../../kafka/java.args");
const LOGGING: &str = include_str!("../../kafka/log4j2.properties");
const POM: &str = include_str!("../../kafka/pom.xml");

/// The folder with the jars of the version that `tests/kafka/pom.xml` names.
///
/// # Panics
/// When they are not there.
fn cache() -> PathBuf {
    let (_, behind) = POM.split_once("<kafka.version>").unwrap();
    let (version, _) = behind.split_once('<').unwrap();
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    let folder = cache.join("wasmill/kafka").join(version);
    let whole = folder.join("jars").is_dir() && folder.join("bootstrap.checkpoint").is_file();
    assert!(whole, "Kafka {version} is not in {}: run tests/kafka/run --fetch", folder.display());
    folder
}

/// What a cluster's metadata begin with, as Kafka's own `StorageTool` writes it. It is the same for every cluster.
pub(super) fn bootstrap() -> PathBuf {
    cache().join("bootstrap.checkpoint")
}

/// Writes the files that [`java`] names.
pub(super) fn lay_out(folder: &Path) {
    std::fs::write(folder.join("java.args"), JAVA_ARGUMENTS).unwrap();
    std::fs::write(folder.join("log4j2.properties"), LOGGING).unwrap();
}

/// The arguments of `java` before the main class, for a cluster in this folder.
pub(super) fn java(folder: &Path) -> Vec<String> {
    let cache = cache();
    vec![
        format!("@{}", folder.join("java.args").display()),
        // Half of the start's time. The JVM does without it if it does not fit.
        format!("-XX:SharedArchiveFile={}", cache.join("classes.jsa").display()),
        format!("-Dlog4j2.configurationFile={}", folder.join("log4j2.properties").display()),
        "-cp".into(),
        format!("{}/jars/*", cache.display()),
    ]
}
