//! How fast a relay carries jobs from a real log into a real queue: `cargo bench -p wasmill-relay`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/relay/seam.rs"]
#[allow(dead_code, reason = "what only the tests do")]
mod seam;
#[path = "../tests/relay/world.rs"]
#[allow(dead_code, reason = "what only the tests do")]
mod world;

use std::time::Instant;

use world::{World, eventually};

const JOBS: usize = 200_000;
const APPEND: usize = 1_000;

#[tokio::main]
async fn main() {
    let mut world = World::new().await;
    for _ in 0..JOBS / APPEND {
        world.enqueue("email.welcome", APPEND).await;
    }
    let started = Instant::now();
    let relay = world.relay();
    eventually("all are pending", || async { world.counts("email.welcome").await.pending == JOBS as u64 })
        .await;
    let rate = JOBS as f64 / started.elapsed().as_secs_f64();
    relay.drain().await;
    println!("jobs={JOBS} partitions=2 carried={rate:.0}/s");
}
