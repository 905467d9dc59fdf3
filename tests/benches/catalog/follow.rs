//! How soon a change of the routing table is in force in eight worker processes, from the moment the request is sent.

use std::time::{Duration, Instant};

use wasmill_tests::{Connection, RedisWorld, Setup, until};

use crate::figures::{percentiles, print};

const WORKERS: usize = 8;
const CHANGES: u64 = 30;
const WITHIN: Duration = Duration::from_secs(30);

pub(crate) async fn measure() {
    let setup = Setup { workers: WORKERS, telling: false, ..Setup::default() };
    let world = RedisWorld::start(&setup).await;
    world.route("greet", "hello", "").await;
    let workers: Vec<_> = (0..WORKERS).map(|number| world.worker(number).address()).collect();
    let first = world.get("/v1/catalog").await.json()["revision"].as_u64().unwrap();
    for worker in &workers {
        followed(*worker, first).await;
    }
    let (mut samples, mut slowest) = (Vec::new(), Vec::new());
    for change in 1..=CHANGES {
        let mode = if change % 2 == 1 { "paused" } else { "live" };
        let began = Instant::now();
        let seen: Vec<_> = workers
            .iter()
            .map(|worker| {
                let (worker, revision) = (*worker, first + change);
                tokio::spawn(async move {
                    followed(worker, revision).await;
                    began.elapsed()
                })
            })
            .collect();
        world
            .apply(&format!("[type.greet]\nhandlers = [{{ module = \"hello@1.0.0\" }}]\nmode = \"{mode}\"\n"))
            .await;
        let mut all = Vec::new();
        for one in seen {
            all.push(one.await.unwrap());
        }
        slowest.extend(all.iter().max().copied());
        samples.extend(all);
    }
    print("a change is in force in one of 8 workers", &percentiles(samples));
    print("a change is in force in all 8 workers", &percentiles(slowest));
}

/// Waits until the worker offers what this revision says.
async fn followed(worker: std::net::SocketAddr, revision: u64) {
    let mut connection =
        until("the worker listens", WITHIN, || async { Connection::open(worker).await.ok() }).await;
    loop {
        let page = connection.get("/metrics").await.unwrap().text();
        let line = page.lines().find_map(|line| line.strip_prefix("wasmill_catalog_revision "));
        if line.and_then(|number| number.parse::<f64>().ok()).is_some_and(|at| at >= revision as f64) {
            return;
        }
        // Often enough for the figure, seldom enough not to be the load.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
