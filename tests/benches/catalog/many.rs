//! What 5,000 job types cost: the time of one apply, and the memory of a worker.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;
use wasmill_tests::{Connection, RedisWorld, Setup, until};

use crate::figures::print;

const TYPES: usize = 5_000;

pub(crate) async fn measure() {
    let setup = Setup { workers: 1, telling: false, ..Setup::default() };
    let mut world = RedisWorld::start(&setup).await;
    world.leaves_work();
    world.route("greet", "hello", "").await;
    let job = world.enqueue("greet", &json!({ "name": "Ada" })).await;
    world.reaches(&job, "completed").await;
    let before = resident_kib(world.worker(0).pid());

    let mut text = String::new();
    for number in 0..TYPES {
        writeln!(text, "[type.\"kind.{number}\"]\nhandlers = [{{ module = \"hello@1.0.0\" }}]").unwrap();
    }
    let began = Instant::now();
    world.apply(&text).await;
    let took = began.elapsed();
    let worker = world.worker(0).address();
    until("the worker follows", Duration::from_secs(60), || async {
        let page = Connection::open(worker).await.ok()?.get("/metrics").await.ok()?.text();
        page.contains("\nwasmill_catalog_revision 2\n").then_some(())
    })
    .await;
    // Once it has taken and run a job of the new table, it has built what it needs of it.
    let job = world.enqueue(&format!("kind.{}", TYPES - 1), &json!({ "name": "Bo" })).await;
    world.reaches(&job, "completed").await;
    let after = resident_kib(world.worker(0).pid());
    print("5,000 job types: one apply of all", &format!("{:.2} s", took.as_secs_f64()));
    let grown = (after as f64 - before as f64) / 1024.0;
    let [before, after] = [before, after].map(|kib| kib as f64 / 1024.0);
    print(
        "5,000 job types: a worker's memory",
        &format!("{before:.1} → {after:.1} MiB, grown by {grown:.1}"),
    );
}

/// The resident memory of a process.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
