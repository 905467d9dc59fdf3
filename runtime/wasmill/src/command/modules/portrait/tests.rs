//! How two modules differ.

use super::*;

fn portrait(module: &str, imports: &[&str], asks: &[&'static str], size_bytes: usize) -> Portrait {
    Portrait {
        module: module.into(),
        digest: module.into(),
        size_bytes,
        component_bytes: size_bytes,
        world: "wasmill:job/job-handler@1.0.0",
        imports: imports.iter().map(|name| (*name).to_owned()).collect(),
        exports: vec!["wasmill:job/handler@1.0.0".into()],
        asks: asks.to_vec(),
        compile_ms: 10,
        code_bytes: 1_000,
    }
}

#[test]
fn what_came_and_what_went_is_told_apart() {
    let before = portrait("a@1.0.0", &["log", "config"], &["config"], 100);
    let now = Portrait { compile_ms: 7, ..portrait("a@1.1.0", &["log", "http"], &["http"], 90) };
    let difference = now.since(&before);
    assert_eq!(difference.against, "a@1.0.0");
    assert_eq!((difference.size_bytes, difference.code_bytes, difference.compile_ms), (-10, 0, -3));
    let changed =
        |added: &str, removed: &str| Changed { added: vec![added.into()], removed: vec![removed.into()] };
    assert_eq!(difference.imports, changed("http", "config"));
    assert_eq!(difference.asks, changed("http", "config"));
    assert!(difference.exports.is_nothing() && difference.world_before.is_none() && !difference.same_bytes);
}

#[test]
fn another_world_is_told() {
    let before = portrait("a@1.0.0", &[], &[], 1);
    let now = Portrait { world: "wasi:cli/command@0.2", ..portrait("a@2.0.0", &[], &[], 1) };
    assert_eq!(now.since(&before).world_before, Some("wasmill:job/job-handler@1.0.0"));
}
