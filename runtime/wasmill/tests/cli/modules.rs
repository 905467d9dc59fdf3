//! `wasmill modules inspect`, of files and of versions on a server.

use crate::mill::Mill;
use crate::wasmill::{guest, prebuilt, wasmill};

#[test]
fn a_file_is_inspected_without_a_server() {
    let seen = wasmill(["modules", "inspect", &guest("notify"), "--json"]).ok().json();
    assert_eq!(seen["world"], "wasmill:job/job-handler@1.0.0");
    let asks = seen["asks"].as_array().unwrap();
    assert!(asks.contains(&"http".into()) && asks.contains(&"secrets".into()), "{seen}");
    let imports = seen["imports"].as_array().unwrap();
    assert!(imports.contains(&"wasmill:job/http@1.0.0".into()), "{seen}");
    assert_eq!(seen["exports"], serde_json::json!(["wasmill:job/handler@1.0.0"]));
    assert!(seen["code_bytes"].as_u64() > seen["size_bytes"].as_u64(), "{seen}");
    assert!(seen.get("difference").is_none(), "{seen}");
    let told = wasmill(["modules", "inspect", &guest("notify")]).ok().stdout;
    assert!(told.contains("asks for  ") && told.contains("of machine code"), "{told}");
}

#[test]
fn two_files_are_compared() {
    let told = wasmill(["modules", "inspect", &guest("notify"), "--against", &prebuilt("hello")]).ok().stdout;
    assert!(told.contains("+ wasmill:job/http@1.0.0"), "{told}");
    assert!(told.contains("Its route must grant"), "{told}");
    let same =
        wasmill(["modules", "inspect", &prebuilt("hello"), "--against", &prebuilt("hello")]).ok().stdout;
    assert!(same.ends_with("the same bytes\n"), "{same}");
}

#[test]
fn a_version_is_compared_to_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    for (module, version) in [
        (prebuilt("hello"), "greet@1.9.0"),
        (guest("notify"), "greet@1.10.0"),
        (prebuilt("unfurl"), "greet@2.0.0"),
    ] {
        mill.wasmill(["deploy", &module, "--name", version]).ok();
    }
    let seen = mill.wasmill(["modules", "inspect", "greet@1.10.0", "--json"]).ok().json();
    assert_eq!(seen["difference"]["against"], "greet@1.9.0");
    assert!(seen["difference"]["asks"]["added"].as_array().unwrap().contains(&"http".into()), "{seen}");
    let first = mill.wasmill(["modules", "inspect", "greet@1.9.0", "--json"]).ok().json();
    assert!(first.get("difference").is_none(), "{first}");
    let missing = mill.wasmill(["modules", "inspect", "greet@3.0.0"]).code(1);
    assert!(missing.stderr.contains("no module greet@3.0.0"), "{}", missing.stderr);
}

#[test]
fn a_module_gets_another_version_and_a_version_never_moves() {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    mill.wasmill(["deploy", &prebuilt("hello"), "--name", "greet@1.0.0-rc.1"]).ok();
    mill.wasmill(["deploy", &prebuilt("unfurl"), "--name", "greet@2.0.0"]).ok();
    let tagged = mill.wasmill(["modules", "tag", "greet@1.0.0-rc.1", "greet@1.0.0", "--json"]).ok().json();
    assert_eq!(tagged["tag"], "greet@1.0.0");
    let digest = tagged["digest"].as_str().unwrap();
    // By a digest's beginning, and once more: both are fine.
    let said = mill.wasmill(["modules", "tag", &digest[..12], "greet@1.0.0"]).ok().stdout;
    assert!(said.contains("tagged: greet@1.0.0 points to"), "{said}");
    let shown = mill.wasmill(["modules", "show", "greet@1.0.0", "--json"]).ok().json();
    assert_eq!(shown["tags"], serde_json::json!(["greet@1.0.0", "greet@1.0.0-rc.1"]));
    let refused = mill.wasmill(["modules", "tag", "greet@2.0.0", "greet@1.0.0"]).code(1).stderr;
    assert!(refused.contains("for ever"), "{refused}");
    let missing = mill.wasmill(["modules", "tag", "greet@3.0.0", "greet@3.0.1"]).code(1).stderr;
    assert!(missing.contains("there is no module `greet@3.0.0`"), "{missing}");
    mill.wasmill(["modules", "tag", "greet@2.0.0", "greet"]).code(2);
}

#[test]
fn what_is_no_module_and_no_version_is_told() {
    let missing = wasmill(["modules", "inspect", "nothing.wasm"]).code(2);
    assert!(missing.stderr.contains("there is no file nothing.wasm"), "{}", missing.stderr);
    let refused = wasmill(["modules", "inspect", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).code(1);
    assert!(refused.stderr.contains("cannot be a handler"), "{}", refused.stderr);
}
