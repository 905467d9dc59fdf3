//! What the pages of the console cost when 2,000,000 jobs of 1,000 types wait: the time of each page and its size, and the cores that
//! fifty open pages take, on the embedded stores, on Redis, and on Redis behind Kafka and a relay. Beside each figure that of a request
//! that does nothing, in the same run. `cargo bench --workspace --bench console -- redis` runs one part; `WASMILL_BENCH_JOBS` says how
//! many jobs. Prints tables, and on the standard error how far it is; never fails on a slow machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../cluster/cpu.rs"]
#[expect(dead_code, reason = "shared with other benches, each of which uses a part")]
mod cpu;
#[path = "../figures.rs"]
#[expect(dead_code, reason = "shared with other benches, each of which uses a part")]
mod figures;
mod load;
mod pages;
mod streams;

use wasmill_tests::{ClusterSetup, ClusterWorld, LogKind, RedisWorld, Role, Setup, World};

/// The parts, in the order in which they run.
const PARTS: [&str; 3] = ["embedded", "redis", "cluster"];

#[tokio::main]
async fn main() {
    // Cargo adds `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    assert!(asked.iter().all(|part| PARTS.contains(&part.as_str())), "the parts are {PARTS:?}");
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|one| one == part);
    if wanted("embedded") {
        let mut world = World::start().await;
        world.leaves_work();
        load::route(&world).await;
        let pid = world.server().pid();
        measure("embedded", &world, pid).await;
    }
    if wanted("redis") {
        let setup = Setup { log: LogKind::None, workers: 0, telling: false, ..Setup::default() };
        let mut world = RedisWorld::start(&setup).await;
        world.leaves_work();
        load::route(&world).await;
        let pid = world.front().pid();
        measure("redis", &world, pid).await;
    }
    if wanted("cluster") {
        // Leases as in production: a bench measures no faults.
        let setup = ClusterSetup { workers: 0, lease_s: 30, telling: false, ..ClusterSetup::default() };
        let mut world = ClusterWorld::start(&setup).await;
        world.leaves_work();
        load::route(&world).await;
        world.make_topics();
        world.followed().await;
        let pid = world.process(Role::Gateway, 0).pid();
        measure("cluster", &world, pid).await;
    }
}

/// Everything on one mill that has its routes, whose gateway is process `pid`.
async fn measure(name: &str, mill: &wasmill_tests::Mill, pid: u32) {
    load::fill(name, mill).await;
    pages::measure(name, mill).await;
    streams::measure(name, mill, pid).await;
}
