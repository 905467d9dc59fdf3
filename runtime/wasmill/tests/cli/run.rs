//! `wasmill run` with real modules.

use crate::wasmill::{prebuilt, wasmill, wasmill_reading};

#[test]
fn one_job_runs_without_a_server() {
    let page = r#"{"url": "https://docs.example/a/", "html": "<title>A mill</title><a href=b>b</a>"}"#;
    let said = wasmill_reading(["run", &prebuilt("unfurl"), "--payload", "-"], page).ok();
    let card: serde_json::Value = said.json();
    assert_eq!(card["title"], "A mill");
    assert_eq!(card["links"][0], "https://docs.example/a/b");
    assert!(said.stdout.ends_with('}'), "redirected output is the handler's, byte for byte");
    assert!(said.stderr.contains("fuel") && said.stderr.contains("peak memory"), "{}", said.stderr);
}

#[test]
fn accounting_comes_as_json() {
    let page = r#"{"html": "<title>A mill</title>"}"#;
    let said = wasmill_reading(["run", &prebuilt("unfurl"), "--payload", "-", "--json"], page).ok();
    let report = said.json();
    assert_eq!(report["end"], "done");
    assert_eq!(report["output"]["title"], "A mill");
    assert!(report["usage"]["fuel"].as_u64().unwrap() > 1_000, "{report}");
    assert!(report["usage"]["memory_peak_bytes"].as_u64().unwrap() >= 65_536, "{report}");
    assert_eq!(said.stderr, "");
}

#[test]
fn limits_hold_here_too() {
    let page = r#"{"html": "<title>A mill</title>"}"#;
    let said = wasmill_reading(["run", &prebuilt("unfurl"), "--payload", "-", "--fuel", "100"], page).code(1);
    assert!(said.stderr.contains("fuel"), "{}", said.stderr);
    let said =
        wasmill_reading(["run", &prebuilt("unfurl"), "--payload", "-", "--memory", "64KiB"], page).code(1);
    assert!(said.stderr.contains("memory"), "{}", said.stderr);
}

#[test]
fn a_rejected_payload_is_a_no() {
    let said = wasmill_reading(["run", &prebuilt("unfurl"), "--payload", "-"], "[1").code(1);
    assert!(said.stderr.contains("can never succeed"), "{}", said.stderr);
}

#[test]
fn what_is_not_a_module_is_refused_with_the_reason() {
    let said = wasmill(["run", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).code(1);
    assert!(said.stderr.contains("WebAssembly"), "{}", said.stderr);
}
