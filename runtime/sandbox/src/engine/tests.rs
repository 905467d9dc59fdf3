//! The settings that keep guests in, read back from the engine; and small address spaces.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use wasmtime::{Config, Strategy, WasmFeatures};

use super::*;

fn default_engine() -> Engine {
    let built = build(&SandboxConfig { instances: 2, ..SandboxConfig::default() }).unwrap();
    assert!(built.not_pooled.is_none(), "{:?}", built.not_pooled);
    built.engine
}

#[test]
fn the_settings_that_keep_guests_in() {
    let engine = default_engine();
    assert_eq!(engine.get_strategy(), Some(Strategy::Cranelift));
    assert!(engine.get_consume_fuel());
    assert!(engine.get_epoch_interruption());
    assert!(!engine.get_concurrency_support(), "component async");
    assert!(!engine.get_shared_memory());
    assert!(!engine.get_guest_debug());
    assert_eq!(engine.get_max_wasm_stack(), 512 << 10);
    assert_eq!(engine.get_cranelift_nan_canonicalization(), Some(true));
    assert_eq!(engine.get_cranelift_opt_level(), Some(wasmtime::OptLevel::Speed));
    assert!(engine.get_memory_init_cow());
    assert!(engine.get_signals_based_traps());
}

/// Guards and reservations are the engine's own: leaks between pooled instances needed other ones.
#[test]
fn memories_have_the_default_reservation_and_guards() {
    let (ours, default) = (default_engine(), Engine::new(&Config::new()).unwrap());
    assert_eq!(ours.get_memory_reservation(), default.get_memory_reservation());
    assert_eq!(ours.get_memory_guard_size(), default.get_memory_guard_size());
    assert_eq!(ours.get_guard_before_linear_memory(), default.get_guard_before_linear_memory());
    assert!(ours.get_guard_before_linear_memory());
}

#[test]
fn guests_have_only_the_features_that_uploads_are_checked_for() {
    let of_engine = default_engine().get_wasm_features();
    for refused in REFUSED {
        assert!(!of_engine.contains(refused), "{refused:?}");
    }
    for refused in [
        WasmFeatures::CM_ASYNC,
        WasmFeatures::CM_THREADING,
        WasmFeatures::CM_GC,
        WasmFeatures::CM_ERROR_CONTEXT,
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        WasmFeatures::LEGACY_EXCEPTIONS,
    ] {
        assert!(!of_engine.contains(refused), "{refused:?}");
    }
    assert!(
        !crate::check::features().contains(wasmparser::WasmFeatures::MULTI_MEMORY),
        "uploads have one memory"
    );
    // Two versions of wasmparser: the names are what they share.
    let of_engine: Vec<_> = of_engine.iter_names().map(|(name, _)| name).collect();
    for (name, _) in crate::check::features().iter_names() {
        assert!(of_engine.contains(&name), "uploads may use {name}, which the engine refuses");
    }
}

#[test]
fn the_pool_has_room_for_each_slot_and_no_more() {
    let engine = default_engine();
    let pool = engine.get_pooling_config().unwrap();
    assert_eq!(pool.get_total_component_instances(), 2);
    assert_eq!(pool.get_total_memories(), 2 * pool.get_max_memories_per_component());
    assert_eq!(pool.get_total_tables(), 2 * pool.get_max_tables_per_component());
    assert_eq!(pool.get_total_core_instances(), 2 * pool.get_max_core_instances_per_component());
    assert_eq!(pool.get_max_memory_size(), 1 << 30);
    assert_eq!((pool.get_max_memories_per_module(), pool.get_max_tables_per_module()), (1, 1));
    assert_eq!(pool.get_memory_keep_resident(), 64 << 10);
}

#[test]
fn a_scan_is_off_when_told_so_or_when_something_swaps() {
    assert_eq!(pagemap_scan(PagemapScan::Off), Enabled::No);
    assert_eq!(pagemap_scan(PagemapScan::On), Enabled::Auto);
    assert_eq!(pagemap_scan(PagemapScan::Auto), if swaps() { Enabled::No } else { Enabled::Auto });
}

/// Set for the process that runs under a small address space.
const SMALL: &str = "WASMILL_TEST_SMALL_ADDRESS_SPACE";

#[test]
fn a_small_address_space_gets_instances_on_demand() {
    if std::env::var_os(SMALL).is_some() {
        let built = build(&SandboxConfig { instances: 2, ..SandboxConfig::default() }).unwrap();
        assert!(built.not_pooled.is_some());
        assert!(built.engine.get_pooling_config().is_none());
        assert!(built.engine.get_consume_fuel() && built.engine.get_epoch_interruption());
        let module = wat::parse_str("(module (memory 16 32))").unwrap();
        let module = wasmtime::Module::from_binary(&built.engine, &module).unwrap();
        let mut store = wasmtime::Store::new(&built.engine, ());
        store.set_fuel(1_000).unwrap();
        wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let kilobytes = 2 << 20;
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {kilobytes} && exec \"$0\" --exact \"$1\"")])
        .arg(this)
        .arg("engine::tests::a_small_address_space_gets_instances_on_demand")
        .env(SMALL, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn without_a_pool_the_same_limits_hold() {
    let tuning = crate::config::Tuning { pooling: false, ..crate::config::Tuning::default() };
    let engine = build(&SandboxConfig { tuning, ..SandboxConfig::default() }).unwrap().engine;
    assert!(engine.get_pooling_config().is_none());
    assert!(engine.get_consume_fuel() && engine.get_epoch_interruption());
}

#[test]
fn a_compiler_of_its_own_makes_code_for_the_pool() {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let hash = |engine: &Engine| {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    let config = SandboxConfig { instances: 1, ..SandboxConfig::default() };
    assert_eq!(hash(&compiler(&config).unwrap()), hash(&build(&config).unwrap().engine));
}
