//! The engine's settings: what a guest may use of WebAssembly, and where its instances come from.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Strategy,
    WasmFeatures,
};

use crate::config::{PagemapScan, SandboxConfig};

/// What the engine was built with, beyond what it can tell itself.
pub(crate) struct Built {
    pub(crate) engine: Engine,
    /// Why instances are not pooled, though they should be.
    pub(crate) not_pooled: Option<wasmtime::Error>,
}

/// Call stack of a guest, in bytes. A trap says so when it is used up. Threads that run guests need as much stack
/// and half a megabyte for the host besides; Rust's default of 2 MiB is enough, and so is wasmtime's for guests that wait.
pub(crate) const STACK_BYTES: usize = 512 << 10;

/// Core instances of one component: the module, its shims, an adapter. Three to five are usual.
const CORE_INSTANCES_MAX: u32 = 16;
/// Memories of one component. The module's is one; adapters share it.
const MEMORIES_MAX: u32 = 4;
/// Tables of one component.
const TABLES_MAX: u32 = 8;
/// Elements of one table: interpreters compiled to Wasm have tens of thousands.
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// The host's bookkeeping of one instance, in bytes.
const INSTANCE_BYTES_MAX: usize = 10 << 20;

/// What a guest may use of WebAssembly: release 3 without what we have no use for, and without what most
/// advisories were about. [`crate::check`] holds uploads to the same list, and to one memory in a module: the engine needs
/// more itself, in the adapters that it makes where one part of a component calls another.
const REFUSED: WasmFeatures = WasmFeatures::MEMORY64
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// Builds the engine. Where the address space is too small for the pool (`ulimit -v`), instances are made on demand.
///
/// # Errors
/// When the machine cannot run compiled Wasm at all.
pub(crate) fn build(config: &SandboxConfig) -> Result<Built> {
    if !config.tuning.pooling {
        return Ok(Built { engine: Engine::new(&on_demand(config))?, not_pooled: None });
    }
    match Engine::new(&pooled(config)) {
        Ok(engine) => Ok(Built { engine, not_pooled: None }),
        Err(reason) => {
            Ok(Built { engine: Engine::new(&without_reservation(config))?, not_pooled: Some(reason) })
        }
    }
}

/// An engine that compiles for the others and runs nothing, so it reserves nothing. Its code is theirs: a test compares.
pub(crate) fn compiler(config: &SandboxConfig) -> Result<Engine> {
    Engine::new(&on_demand(config))
}

fn pooled(config: &SandboxConfig) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(config.instances)
        .total_core_instances(config.instances.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(config.instances.saturating_mul(MEMORIES_MAX))
        .total_tables(config.instances.saturating_mul(TABLES_MAX))
        .total_stacks(config.instances)
        .total_gc_heaps(0)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(usize::try_from(config.memory_bytes_max).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(config.tuning.keep_resident_bytes)
        .table_keep_resident(config.tuning.keep_resident_bytes)
        .pagemap_scan(pagemap_scan(config.pagemap_scan));
    let mut settings = on_demand(config);
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    settings
}

/// For small address spaces: memories grow by moving instead of into a reservation of 4 GiB. Slower code, same limits.
fn without_reservation(config: &SandboxConfig) -> Config {
    let mut settings = on_demand(config);
    settings.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(1 << 20);
    settings
}

fn on_demand(config: &SandboxConfig) -> Config {
    let mut settings = Config::new();
    settings
        .strategy(Strategy::Cranelift)
        .consume_fuel(config.tuning.fuel)
        .epoch_interruption(config.tuning.epochs)
        .cranelift_nan_canonicalization(config.tuning.nan_canonicalization)
        .concurrency_support(false)
        .gc_support(false)
        .shared_memory(false)
        .wasm_features(REFUSED, false)
        .max_wasm_stack(STACK_BYTES)
        .wasm_backtrace_max_frames(None)
        // Modules come and go with revisions, and registering unwind tables grows with their number; nothing of
        // ours unwinds through a guest.
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    settings
}

fn pagemap_scan(wanted: PagemapScan) -> Enabled {
    match wanted {
        PagemapScan::Off => Enabled::No,
        PagemapScan::On => Enabled::Auto,
        PagemapScan::Auto if swaps() => Enabled::No,
        PagemapScan::Auto => Enabled::Auto,
    }
}

/// Whether slots of this engine are reset by a scan.
pub(crate) fn scans_pagemap(engine: &Engine) -> bool {
    engine.get_pooling_config().is_some_and(|pool| match pool.get_pagemap_scan() {
        Enabled::No => false,
        Enabled::Yes => true,
        Enabled::Auto => PoolingAllocationConfig::is_pagemap_scan_available(),
    })
}

/// Whether swap is active. What cannot be known counts as yes.
fn swaps() -> bool {
    // A heading, then a line for each device.
    std::fs::read_to_string("/proc/swaps").map_or(true, |devices| devices.lines().count() > 1)
}

#[cfg(test)]
mod tests;
