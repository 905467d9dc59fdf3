//! Wasmill's queue in Redis beside a peer, in one run on the same cores: bare Redis, BullMQ draining no-op native handlers,
//! and Wasmill draining no-op sandboxed ones. Prints a table; never fails on a slow machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../bare_redis/benchmark.rs"]
mod benchmark;
mod bullmq;
#[path = "../bare_redis/life.rs"]
mod life;
mod ours;
#[path = "../bare_redis/rows.rs"]
mod rows;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores shared by Redis and its clients, 200-byte payloads, Redis fsyncs each second");
    runtime.block_on(async {
        rows::print_all().await;
        let peer = bullmq::print_all().await;
        ours::print_all(peer).await;
    });
}
