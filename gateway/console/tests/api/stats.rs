//! What happened over time: found again after a restart, refused where it makes no sense, drawn on pages; and how long jobs took.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use wasmill_job::{Revision, UnixMs, Verdict};
use wasmill_queue::{Latencies, Queue, WorkerId, WorkerReport};

use crate::world::World;

impl World {
    /// A worker tells that it has run so many jobs of the type `hello`, each in 2 ms after 100 ms.
    async fn tells_runs(&self, count: u64) {
        let mut times = Latencies::default();
        for _ in 0..count {
            times.wait_us.record(100_000);
            times.run_us.record(2_000);
        }
        let report = WorkerReport {
            worker: WorkerId(1),
            host: "mill".into(),
            pid: 1,
            version: "1".into(),
            started_at: UnixMs(0),
            told_at: UnixMs(1_000_000),
            revision: Revision(1),
            slots: 1,
            held: 0,
            is_draining: false,
            running: Vec::new(),
            running_more: 0,
            latencies: [("hello".parse().unwrap(), times)].into(),
            ended: Vec::new(),
        };
        self.queue.report(report, Duration::from_secs(60)).await.unwrap();
    }

    /// Five jobs are done after a look at the mill, and seen by the next.
    async fn work(&self) {
        // Told first, so that whichever look sees the jobs sees this, too.
        self.tells_runs(1).await;
        self.enqueue(8).await;
        self.page_that_says("/console", "<b data-live=\"queue.pending\">8</b>").await;
        self.tells_runs(6).await;
        self.settle(5, &Verdict::Complete { output: Bytes::new() }).await;
        // Pending, scheduled, in flight, completed: a look may come between the take and the settling.
        let row = [3, 0, 0, 5].map(|count| format!("<td class=\"n\">{count}</td>")).concat();
        self.page_that_says("/console/types", &row).await;
    }

    async fn points(&self, query: &str) -> Vec<Value> {
        let stats = self.get(&format!("/v1/stats{query}")).await.json();
        assert!(stats.get("trouble").is_none(), "{stats}");
        stats["points"].as_array().unwrap().clone()
    }

    /// The points, once the history is open.
    async fn points_once_open(&self, query: &str) -> Vec<Value> {
        let until = async {
            while self.get(&format!("/v1/stats{query}")).await.json().get("trouble").is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), until).await.unwrap();
        self.points(query).await
    }
}

fn sum(points: &[Value], key: &str) -> u64 {
    points.iter().map(|point| point[key].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn what_happened_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("history");
    let world = World::with_history(&folder).await;
    world.points_once_open("").await;
    world.work().await;
    world.end().await;

    let world = World::with_history(&folder).await;
    for query in ["", "?type=hello", "?minutes=10080&points=7", "?minutes=1440&type=hello"] {
        let points = world.points_once_open(query).await;
        assert_eq!((sum(&points, "completed"), sum(&points, "failed")), (5, 0), "{query} {points:?}");
        let last = points.iter().rfind(|point| point.get("run_ms").is_some()).unwrap();
        assert!(last["minutes"].as_u64().unwrap() >= 1 && last["at_ms"].is_u64(), "{last}");
        let ms = |key: &str| last[key]["p99"].as_f64().unwrap();
        assert!((100.0..113.0).contains(&ms("wait_ms")) && (2.0..2.26).contains(&ms("run_ms")), "{last}");
    }
    let other = world.points("?type=other").await;
    assert!(sum(&other, "completed") == 0 && other.iter().all(|point| point.get("run_ms").is_none()));

    for (path, says) in [
        ("/console", "completed: at most "),
        ("/console?range=7d", "wait p99: at most "),
        ("/console/types/hello?range=24h", "run p99: at most 2.0 ms"),
        ("/console/types/hello", "pending: at most "),
    ] {
        let page = world.page(path).await;
        assert!(page.contains(says), "{path}: {page}");
        assert!(page.contains("<polyline") && page.contains("The same as a table"), "{path}: {page}");
        assert!(page.contains("aria-current=\"true\""), "{path}");
    }
    assert_eq!(world.get("/console?range=1y").await.status, 400);
    assert_eq!(world.get("/console/types/hello?range=%3Cb%3E").await.status, 400);
    world.end().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let world = World::with_hello().await;
    for (query, field) in [
        ("minutes=0", Some("minutes")),
        ("minutes=10081", Some("minutes")),
        ("points=0", Some("points")),
        ("points=1001", Some("points")),
        ("type=a%20b", Some("type")),
        ("minutes=x", None),
        ("hours=1", None),
    ] {
        let problem = world.get(&format!("/v1/stats?{query}")).await.problem(400, "invalid-field");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{problem}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_token_for_some_types_is_told_of_those() {
    let world = World::guarded().await;
    world.call_as("hello", "GET", "/v1/stats").await.problem(403, "type-forbidden");
    world.call_as("hello", "GET", "/v1/stats?type=mail").await.problem(403, "type-forbidden");
    assert_eq!(world.call_as("hello", "GET", "/v1/stats?type=hello").await.status, 200);
    let page = world.call_as("hello", "GET", "/console").await;
    let page = crate::pages::text(&page);
    assert!(page.contains("on the page of each of your job types") && !page.contains("<figure"), "{page}");
    let own = crate::pages::text(&world.call_as("hello", "GET", "/console/types/hello").await);
    assert!(own.contains("Lately"), "{own}");
    world.end().await;
}

#[tokio::test]
async fn how_long_jobs_took_is_told_live() {
    let world = World::without_log().await;
    let row = &world.get("/v1/status").await.json()["types"][0];
    assert!(row.get("wait_ms").is_none() && row.get("run_ms").is_none(), "{row}");
    world.work().await;
    let row = &world.get("/v1/status").await.json()["types"][0];
    let run = &row["run_ms"];
    assert!((2.0..2.26).contains(&run["p50"].as_f64().unwrap()) && run["p95"].is_f64(), "{row}");
    assert!((100.0..113.0).contains(&row["wait_ms"]["p99"].as_f64().unwrap()), "{row}");
    let overview = world.page("/console").await;
    assert!(overview.contains("data-live=\"sandbox.run.p99\">2.0 ms</b>"), "{overview}");
    for path in ["/console/types", "/console/types/hello"] {
        let page = world.page(path).await;
        assert!(page.contains("2.0 · 2.0 · 2.0 ms"), "{path}: {page}");
    }
    world.end().await;
}

/// Nothing but the history goes without.
async fn goes_on_without(folder: &Path, says: &str) {
    let world = World::with_history(folder).await;
    world.work().await;
    let page = world.page_that_says("/console", says).await;
    assert!(page.contains("No history is kept at the moment"), "{page}");
    let stats = world.get("/v1/stats").await.json();
    assert_eq!(stats["points"], json!([]));
    assert!(stats["trouble"].as_str().unwrap().contains(says), "{stats}");
    world.end().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_kept_stops_nothing() {
    let above = tempfile::tempdir().unwrap();
    fs::write(above.path().join("file"), b"").unwrap();
    goes_on_without(&above.path().join("file/history"), "cannot be prepared").await;
    // Somebody else has it, and lets go of it.
    let folder = above.path().join("history");
    let first = World::with_history(&folder).await;
    first.points_once_open("").await;
    let second = World::with_history(&folder).await;
    second.page_that_says("/console", "is in use by another process").await;
    first.end().await;
    second.points_once_open("").await;
    second.end().await;
}
