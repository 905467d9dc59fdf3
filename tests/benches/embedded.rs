//! What the embedded profile does, measured from outside: the real binary on a fresh folder, this process as the load
//! generator on the same cores. Prints a table; never fails on a slow machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod bare;
mod drain;
mod enqueue;
mod figures;
mod idle;
mod latency;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "embedded profile, {cores} cores shared by the server (all roles) and the load generator, 200-byte payloads"
    );
    runtime.block_on(async {
        idle::measure().await;
        enqueue::batches("paused").await;
        enqueue::batches("live").await;
        enqueue::singles("paused").await;
        enqueue::singles("live").await;
        drain::measure().await;
        latency::measure().await;
    });
}
