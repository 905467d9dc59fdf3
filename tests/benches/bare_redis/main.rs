//! What this machine's Redis can do by itself, and what a job's life costs it with nothing around: the measures that the
//! queue in Redis, and its peers, are read against. Prints a table; never fails on a slow machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod benchmark;
mod life;
mod queue;
mod rows;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("bare Redis, append-only file fsynced each second, 200-byte payloads, client on the same cores");
    runtime.block_on(rows::print_all());
    runtime.block_on(queue::print_all());
}
