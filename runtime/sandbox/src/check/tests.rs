//! What is refused at deploy and why; and that nothing whatever makes the check itself fail.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

use super::*;
use crate::world::{HANDLER, WIT, WORLD};

const LIMITS: CheckLimits = CheckLimits { module_bytes: 1 << 20 };

fn world_of(wit: &str, name: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    (resolve, world)
}

/// A core module that has the shape of the world, and no content.
fn dummy_of(wit: &str, name: &str) -> Vec<u8> {
    let (resolve, world) = world_of(wit, name);
    let mut module =
        wit_component::dummy_module(&resolve, world, ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

fn handler() -> Vec<u8> {
    dummy_of(WIT, WORLD)
}

fn component_of(module: &[u8]) -> Vec<u8> {
    wit_component::ComponentEncoder::default().module(module).unwrap().encode().unwrap()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    check(bytes, &LIMITS).unwrap_err().to_string()
}

#[test]
fn a_core_module_becomes_a_component() {
    let module = handler();
    let component = check(&module, &LIMITS).unwrap();
    assert_eq!(component.digest(), ModuleDigest::of(&module), "named by what was uploaded");
    let all = ["clock", "config", "context", "emit", "http", "log", "random", "secrets"];
    let mut imports = component.imports().to_vec();
    imports.sort();
    assert_eq!(imports, all.map(|name| format!("wasmill:job/{name}@1.0.0")));
    assert_eq!(component.exports(), [HANDLER]);
    assert_eq!(component.speaks(), Speaks::Handler);
    assert_eq!(component.asks().count(), 6, "all but context and log");
    assert_ne!(component.bytes(), module);
}

#[test]
fn a_component_stays_as_it_is() {
    let bytes = component_of(&handler());
    let component = check(&bytes, &LIMITS).unwrap();
    assert_eq!(component.bytes(), bytes);
    assert_eq!(component.digest(), ModuleDigest::of(&bytes));
}

#[test]
fn the_contract_reads() {
    assert!(shape::World::ours().is_ok());
}

#[test]
fn what_is_refused_and_why() {
    let other_world =
        dummy_of("package acme:jobs@1.0.0; world worker { export run: func() -> string; }", "worker");
    let other_handle =
        dummy_of("package acme:jobs@1.0.0; world worker { export handle: func() -> string; }", "worker");
    let more = WIT
        .replace("    import log;", "    import log;\n    import extra;")
        .replace("/// A program", "interface extra { launch: func(); }\n/// A program");
    let newer = WIT.replace("wasmill:job@1.0.0", "wasmill:job@2.0.0");
    let fd_write = |module| {
        wat(&format!(
            r#"(module (import "{module}" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#
        ))
    };
    let (wasi, older_wasi) = (fd_write("wasi_snapshot_preview1"), fd_write("wasi_unstable"));
    let of_wasi = |package: &str, interface: &str| {
        let wit = format!(
            "package {package}; interface {interface} {{ get: func() -> u32; }}
             world command {{ import {interface}; export handle: func(payload: list<u8>) -> list<u8>; }}"
        );
        dummy_of(&wit, "command")
    };
    let newer_wasi = of_wasi("wasi:cli@0.3.0", "stdout");
    let more_wasi = of_wasi("wasi:threads@0.2.0", "spawn");
    let before = of_wasi("wasi:cli@0.2.0", "stdout");
    let both = dummy_of(
        "package wasi:cli@0.2.0; interface run { run: func() -> result; }
         world both { export run; export wasmill:job/handler@1.0.0; }
         package wasmill:job@1.0.0 { interface handler { handle: func(); } }",
        "both",
    );
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "nothing",
            vec![],
            "not WebAssembly: a module begins with the bytes 00 61 73 6d, and this with nothing at all",
        ),
        ("a script", b"#!/bin/sh".to_vec(), "and this with 23 21 2f 62"),
        ("text", b"\n (module)".to_vec(), "WebAssembly text; a module is binary"),
        (
            "a header cut off",
            b"\0asm\x01".to_vec(),
            "broken or cut off: it ends inside its header (at byte 5)",
        ),
        ("a layout of the future", b"\0asm\x02\0\0\0".to_vec(), "unknown layout"),
        ("no world", wat("(module)"), "does not say which world it is for"),
        ("a library for wasip1", wasi, "does not say which world it is for and has no `_start`"),
        ("an older WASI", older_wasi, "imports `wasi_unstable.fd_write`, which is no part of WASI"),
        (
            "a newer WASI",
            component_of(&newer_wasi),
            "imports `wasi:cli/stdout@0.3.0`, which is no part of WASI",
        ),
        (
            "threads of WASI",
            component_of(&more_wasi),
            "imports `wasi:threads/spawn@0.2.0`, which is no part of WASI",
        ),
        (
            "the contract before 1.0",
            component_of(&before),
            "speaks `wasmill:job@0.1.0`, and this host speaks",
        ),
        ("two ways to be called", component_of(&both), "can be called in more than one way"),
        (
            "wasm-bindgen",
            wat(r#"(module (import "__wbindgen_placeholder__" "x" (func)))"#),
            "expects JavaScript around it",
        ),
        (
            "C without a library",
            wat(r#"(module (import "env" "puts" (func)))"#),
            "imports `env.puts`, which no handler can have; there are `wasmill:job/context@1.0.0`, `wasmill:job/log@1.0.0`, `wasmill:job/config@1.0.0`",
        ),
        (
            "another world, a module",
            other_world.clone(),
            "exports no handler and is no command program; it exports `run`",
        ),
        (
            "another world, a component",
            component_of(&other_world),
            "exports no handler and is no command program; it exports `run`",
        ),
        ("nothing exported", wat("(component)"), "it exports nothing"),
        ("another handle", other_handle, "speaks `wasmill:job@0.1.0`"),
        (
            "more than the world",
            dummy_of(&more, WORLD),
            "imports `wasmill:job/extra@1.0.0.launch`, which no handler can have",
        ),
        (
            "more than the world, a component",
            component_of(&dummy_of(&more, WORLD)),
            "imports `wasmill:job/extra@1.0.0`, which no handler can have",
        ),
        ("a newer world", dummy_of(&newer, WORLD), "imports `wasmill:job/context@2.0.0"),
        ("64-bit memory", wat("(module (memory i64 1))"), "memory64"),
        ("two memories", wat("(module (memory 1) (memory 1))"), "multiple memories"),
        ("shared memory", wat("(module (memory 1 1 shared))"), "threads"),
        ("garbage collection", wat("(module (type (struct)))"), "gc"),
        ("exceptions", wat("(module (tag))"), "exceptions"),
        ("too large", vec![0; (1 << 20) + 1], "has 1048577 bytes; at most 1048576 are allowed"),
    ];
    for (name, bytes, reason) in cases {
        let said = refusal(&bytes);
        assert!(said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn machine_code_is_never_accepted() {
    let engine = wasmtime::Engine::default();
    let code = engine.precompile_component(&component_of(&handler())).unwrap();
    assert!(matches!(check(&code, &LIMITS), Err(CheckError::Precompiled)));
    let code = engine.precompile_module(&wat("(module)")).unwrap();
    assert!(matches!(check(&code, &LIMITS), Err(CheckError::Precompiled)));
}

#[test]
fn what_a_compiler_would_choke_on_is_refused() {
    let functions = wat(&format!("(module {})", "(func)".repeat(100_001)));
    assert_eq!(refusal(&functions), "the module has 100001 functions; at most 100000 are allowed");
    let long = wat(&format!("(module (func {}))", "nop ".repeat(1 << 20)));
    let limits = CheckLimits { module_bytes: 2 << 20 };
    let said = check(&long, &limits).unwrap_err().to_string();
    assert!(said.contains("bytes in one function; at most 1048576 are allowed"), "{said}");
    let nested = wat(&format!("(component {})", "(core module)".repeat(65)));
    assert_eq!(refusal(&nested), "the module has 65 modules inside it; at most 64 are allowed");
    let deep = wat(&format!("{}{}", "(component ".repeat(66), ")".repeat(66)));
    assert_eq!(refusal(&deep), "the module has 65 modules inside it; at most 64 are allowed");
}

/// Types inside types, deep enough to fill the stack of whoever follows them by calling itself.
#[test]
fn types_of_great_depth_do_no_harm() {
    for depth in [100, 1_000, 30_000, 200_000] {
        let chain: String = (1..depth).map(|at| format!("(type (list {}))", at - 1)).collect();
        let last = depth - 1;
        let component =
            format!(r#"(component (type (list u8)) {chain} (import "f" (func (param "a" {last}))))"#);
        let limits = CheckLimits { module_bytes: 32 << 20 };
        let refused = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || check(&wat(&component), &limits).unwrap_err())
            .unwrap()
            .join()
            .unwrap();
        assert_ne!(refused, CheckError::Unreadable, "{depth}");
    }
}

#[test]
fn no_beginning_of_a_handler_is_something_else() {
    for whole in [handler(), component_of(&handler())] {
        for bytes in 0..whole.len() {
            match check(&whole[..bytes], &LIMITS) {
                // Cut between sections, and only those that nobody needs are missing.
                Ok(component) => assert_eq!(component.exports(), [HANDLER], "{bytes} bytes"),
                Err(error) => assert_ne!(error, CheckError::Unreadable, "{bytes} bytes"),
            }
        }
    }
}

/// Found by the property below: with one letter changed an interface belongs to another package, and two packages name each
/// other, which a decoder follows until its stack ends, and with it the process.
#[test]
fn packages_that_name_each_other_are_refused() {
    let whole = handler();
    for (name, renamed) in [
        (&b"wasmill:job/handler@1.0.0"[..], &b"wqsmill:job/handler@1.0.0"[..]),
        (b"wasmill:job/http@1.0.0", b"w-smill:job/http@1.0.0"),
        (b"wasmill:job/http@1.0.0", b"wasmill:job/http@1.0.9"),
    ] {
        let mut bytes = whole.clone();
        // The last of them stands in the contract; before it there may be one among the module's own names.
        let at = whole.windows(name.len()).rposition(|found| found == name).unwrap();
        bytes[at..at + name.len()].copy_from_slice(renamed);
        assert!(check(&bytes, &LIMITS).is_err(), "{}", String::from_utf8_lossy(renamed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_refused(bytes: Vec<u8>) {
        prop_assert!(check(&bytes, &LIMITS).is_err());
    }

    #[test]
    fn garbage_behind_a_good_header_is_refused(component: bool, garbage in prop::collection::vec(any::<u8>(), 0..200)) {
        let header: &[u8] = if component { b"\0asm\x0d\0\x01\0" } else { b"\0asm\x01\0\0\0" };
        prop_assert!(check(&[header, &garbage].concat(), &LIMITS).is_err());
    }

    /// Either the change did no harm, or it is refused; never a panic that gets out.
    #[test]
    fn a_changed_handler_is_a_handler_or_refused(component: bool, at: prop::sample::Index, byte: u8) {
        let mut bytes = if component { component_of(&handler()) } else { handler() };
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(passed) = check(&bytes, &LIMITS) {
            prop_assert!(passed.exports().iter().any(|export| export == HANDLER));
        }
    }
}
