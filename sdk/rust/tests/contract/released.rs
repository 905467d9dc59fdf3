//! `job.wit` against what was released, and that the comparison finds what breaks handlers.

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::semver_check;
use wit_parser::Resolve;

const WORLD: &str = "job-handler";

/// Whether a handler that was built against `before` runs on a host that offers `now`.
fn compatible(before: &str, now: &str) -> Result<(), String> {
    // Two packages of one name and version cannot stand side by side, so the older one is given another version; the
    // comparison looks at no versions. It replaces those in the package's name and in no types.
    let version = version_of(before);
    let before = before.replacen(&format!("wasmill:job@{version}"), "wasmill:job@0.0.1-released", 1);
    let mut resolve = Resolve::default();
    let mut world = |name: &str, text: &str| {
        let package = resolve.push_source(name, text).map_err(|error| format!("{error:#}"))?;
        resolve.select_world(&[package], Some(WORLD)).map_err(|error| format!("{error:#}"))
    };
    let (before, now) = (world("released.wit", &before)?, world("job.wit", now)?);
    semver_check(resolve, before, now).map_err(|error| format!("{error:#}"))
}

/// The version in `package wasmill:job@1.0.0;`.
fn version_of(text: &str) -> semver::Version {
    let (_, rest) = text.split_once("package wasmill:job@").unwrap();
    rest.split_once(';').unwrap().0.parse().unwrap()
}

fn contract() -> String {
    fs::read_to_string(wit().join("job.wit")).unwrap()
}

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// The newest released version: its text, and what its file's name says.
fn newest() -> (String, semver::Version) {
    let versions = fs::read_dir(wit().join("released")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let version: semver::Version = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        (fs::read_to_string(path).unwrap(), version)
    });
    versions.max_by(|a, b| a.1.cmp(&b.1)).unwrap()
}

#[test]
fn the_contract_is_compatible_with_the_newest_released_one() {
    let (released, version) = newest();
    assert_eq!(version_of(&released), version, "a released file has another version than its name");
    let now = version_of(&contract());
    assert!(now >= version && now.major == version.major, "{now} is no later version of {version}");
    if let Err(error) = compatible(&released, &contract()) {
        panic!("handlers built against {version} would not run any more; add an interface instead:\n{error}");
    }
}

/// Changes of the contract: what is replaced, and by what.
type Change = (&'static str, &'static str);

#[test]
fn additions_are_compatible() {
    const ADDITIONS: [Change; 3] = [
        (
            "traceparent: func() -> option<string>;",
            "traceparent: func() -> option<string>;\n tenant: func() -> string;",
        ),
        ("import random;", "import random;\n import kv;"),
        (
            "timeout-ms: func(milliseconds: u64);",
            "timeout-ms: func(milliseconds: u64);\n retries: func(count: u32);",
        ),
    ];
    for (old, new) in ADDITIONS {
        let changed = changed(old, new) + "\ninterface kv { get: func(key: string) -> option<list<u8>>; }\n";
        compatible(&contract(), &changed).unwrap_or_else(|error| panic!("{new}: {error}"));
    }
}

#[test]
fn changes_of_what_stands_there_are_found() {
    const BREAKS: [Change; 7] = [
        // A function goes, another answers something else, or takes something else.
        ("attempt: func() -> u32;", ""),
        ("attempt: func() -> u32;", "attempt: func() -> u64;"),
        ("timeout-ms: func(milliseconds: u64);", "timeout-ms: func(milliseconds: u32);"),
        // A record, a variant and an enum grow.
        ("after-ms: option<u64>,", "after-ms: option<u64>,\n code: u32,"),
        ("reject(string),", "reject(string),\n later(string),"),
        ("enum level { debug,", "enum level { trace, debug,"),
        // An interface goes.
        ("import emit;", ""),
    ];
    for (old, new) in BREAKS {
        assert!(compatible(&contract(), &changed(old, new)).is_err(), "`{old}` to `{new}` was not found");
    }
}

#[test]
fn another_export_is_found() {
    let changed = changed("export handler;", "export handler;\n export warmup: func();");
    assert!(compatible(&contract(), &changed).is_err(), "old modules lack the new export");
}

fn changed(old: &str, new: &str) -> String {
    let contract = contract();
    assert!(contract.contains(old), "`{old}` is not in the contract any more: change the test, too");
    contract.replacen(old, new, 1)
}
