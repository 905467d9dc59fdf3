//! The walls between our own crates: dependencies point one way. `deny.toml` holds those around vendors.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::tree::{report, root};

/// Which of our crates may use which, in shipped code. A crate that is not listed may use none.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("wasmill-log", &["wasmill-job"]),
    ("wasmill-queue", &["wasmill-job"]),
    ("wasmill-catalog", &["wasmill-egress", "wasmill-job"]),
    ("wasmill-sandbox", &["wasmill-egress", "wasmill-job"]),
    ("wasmill-worker", &["wasmill-job", "wasmill-queue", "wasmill-catalog", "wasmill-sandbox"]),
    ("wasmill-relay", &["wasmill-job", "wasmill-log", "wasmill-queue", "wasmill-catalog"]),
    ("wasmill-http", &["wasmill-job"]),
    ("wasmill-ingest", &["wasmill-job", "wasmill-log", "wasmill-queue", "wasmill-catalog", "wasmill-http"]),
    ("wasmill-console", &["wasmill-job", "wasmill-log", "wasmill-queue", "wasmill-catalog", "wasmill-http"]),
    ("wasmill-sdk", &["wasmill-sdk-macros"]),
    ("wasmill-getrandom", &["wasmill-sdk"]),
    ("wasmill", &["*"]),
    ("wasmill-tests", &["*"]),
    ("wasmill-fuzz", &["wasmill-ingest", "wasmill-job", "wasmill-sandbox"]),
];

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut mistakes = Vec::new();
    for (name, uses) in our_dependencies() {
        for used in uses {
            let permitted = allowed
                .get(name.as_str())
                .is_some_and(|set| set.contains("*") || set.contains(used.as_str()));
            if !permitted {
                mistakes.push(format!("{name} uses {used}"));
            }
        }
    }
    report("these walls are broken (ARCHITECTURE.md, tests/tidy/walls.rs)", &mistakes);
}

/// Crate name to the crates of ours it needs at run time.
fn our_dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let crates: BTreeMap<String, Vec<String>> = packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().unwrap().iter().filter(|dependency| {
                dependency["kind"].is_null() && dependency["name"].as_str().unwrap().starts_with("wasmill")
            });
            let names = uses.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect();
    assert!(crates.len() > 10, "only {} crates found", crates.len());
    crates
}
