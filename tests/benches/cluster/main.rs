//! What the profile cluster does, measured from outside: the roles as processes of the real binary, a real broker and a real
//! Redis, this process as the load generator, all on the same cores; beside bare clients of Kafka and bare Lua in the same
//! run. Prints a table; never fails on a slow machine. `cargo bench --workspace --bench cluster -- relay` runs one part.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod backlog;
mod bare_consumer;
mod bare_producer;
mod bare_script;
mod cpu;
mod figures;
mod gateway;
mod load;
mod relay;
mod whole;

/// The parts, in the order in which they run.
const PARTS: [&str; 4] = ["gateway", "relay", "whole", "backlog"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    // Cargo adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    assert!(asked.iter().all(|part| PARTS.contains(&part.as_str())), "the parts are {PARTS:?}");
    println!(
        "profile cluster, {cores} cores shared by all processes and the load generator, 200-byte payloads, one broker, one \
         Redis"
    );
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|one| one == part);
    runtime.block_on(async {
        if wanted("gateway") {
            gateway::measure().await;
        }
        if wanted("relay") {
            relay::measure().await;
        }
        if wanted("whole") {
            whole::measure().await;
        }
        if wanted("backlog") {
            backlog::measure().await;
        }
    });
}
