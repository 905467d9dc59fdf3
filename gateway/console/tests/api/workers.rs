//! What workers tell: who they are, what they run, what ended lately; as the API and the pages show it, to whoever may see what.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use wasmill_job::{Attempt, Clock, Generation, IdSource, JobId, Partition, Revision, SystemClock, UnixMs};
use wasmill_queue::{Ended, Queue, Running, WorkerId, WorkerReport};

use crate::pages::text;
use crate::world::World;

const FIRST: u64 = 0x0123_4567_89ab_cdef;
const SECOND: u64 = 0xfedc_ba98_7654_3210;
/// Reports are kept for longer than any test runs.
const KEEP: Duration = Duration::from_secs(3_600);

fn id(number: u64) -> JobId {
    IdSource::default().next(UnixMs(1), number, Generation(0), Partition(0))
}

fn running(job_type: &str, since: UnixMs) -> Running {
    let (job_type, module) = (job_type.parse().unwrap(), "hello@1.0.0".parse().unwrap());
    Running { id: id(1), job_type, module, attempt: Attempt(2), since }
}

/// Attempts with these numbers, the first of which ended at `at`, and each later one a millisecond after that before it.
fn ended(job_type: &str, numbers: std::ops::RangeInclusive<u64>, at: u64) -> Vec<Ended> {
    let first = *numbers.start();
    let one = |number| Ended {
        number,
        at: UnixMs(at + number - first),
        id: id(number),
        job_type: job_type.parse().unwrap(),
        attempt: Attempt(1),
        module: Some("hello@1.0.0".parse().unwrap()),
        result: "done".into(),
        run_us: 1_234,
    };
    numbers.map(one).collect()
}

/// A worker that tells nothing yet.
fn worker(id: u64, host: &str) -> WorkerReport {
    let now = SystemClock.now();
    WorkerReport {
        worker: WorkerId(id),
        host: host.into(),
        pid: 123,
        version: "0.1.0".into(),
        started_at: UnixMs(now.0 - 60_000),
        told_at: now,
        revision: Revision(1),
        slots: 4,
        held: 6,
        is_draining: false,
        running: Vec::new(),
        running_more: 0,
        latencies: BTreeMap::new(),
        ended: Vec::new(),
    }
}

impl World {
    async fn tell(&self, report: WorkerReport) {
        self.queue.report(report, KEEP).await.unwrap();
    }

    async fn attempts(&self, query: &str) -> Value {
        let answer = self.get(&format!("/v1/attempts{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        answer.json()
    }
}

/// The numbers of what was answered.
fn numbers(answer: &Value) -> Vec<u64> {
    answer["attempts"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn workers_are_listed_with_what_they_run() {
    let world = World::with_hello().await;
    assert_eq!(world.get("/v1/workers").await.json(), json!({"workers": []}));
    let second = WorkerReport { is_draining: true, ..worker(SECOND, "mill-b") };
    let first = WorkerReport {
        running: vec![running("hello", UnixMs(7_000))],
        running_more: 3,
        ..worker(FIRST, "mill-a")
    };
    let (started, told) = (first.started_at.0, first.told_at.0);
    world.tell(second).await;
    world.tell(first).await;
    let answer = world.get("/v1/workers").await.json();
    assert_eq!(
        answer["workers"][0],
        json!({
            "worker": "0123456789abcdef", "host": "mill-a", "pid": 123, "version": "0.1.0",
            "started_at_ms": started, "told_at_ms": told, "revision": 1, "slots": 4, "held": 6, "draining": false,
            "running": [{
                "id": id(1).to_string(), "type": "hello", "module": "hello@1.0.0", "attempt": 2, "since_ms": 7_000,
            }],
            "running_more": 3,
        })
    );
    let second = &answer["workers"][1];
    assert_eq!((&second["host"], &second["draining"]), (&"mill-b".into(), &true.into()));
    assert_eq!(answer["workers"].as_array().unwrap().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn what_ended_is_followed_over_all_workers_and_what_was_missed_is_counted() {
    let world = World::with_hello().await;
    let nothing = world.attempts("").await;
    assert_eq!((&nothing["attempts"], &nothing["missed"]), (&json!([]), &0.into()));
    world.tell(WorkerReport { ended: ended("hello", 16..=17, 2_000), ..worker(FIRST, "mill-a") }).await;
    world.tell(WorkerReport { ended: ended("hello", 1..=1, 1_000), ..worker(SECOND, "mill-b") }).await;
    let newest = world.attempts("").await;
    assert_eq!((numbers(&newest), &newest["missed"]), (vec![1, 16, 17], &0.into()));
    assert_eq!(
        newest["attempts"][2],
        json!({
            "number": 17, "at_ms": 2_001, "type": "hello", "id": id(17).to_string(), "attempt": 1,
            "module": "hello@1.0.0", "result": "done", "run_us": 1_234, "worker": "0123456789abcdef",
        })
    );
    assert_eq!(numbers(&world.attempts("?limit=1").await), [17]);

    let after = |answer: &Value| format!("?limit=2&after={}", answer["next"].as_str().unwrap());
    let same = world.attempts(&after(&newest)).await;
    assert_eq!((numbers(&same), &same["next"]), (vec![], &newest["next"]));
    // 18 to 20 ended and were told of in no report that was looked at.
    let mut lost = ended("hello", 21..=23, 3_000);
    lost[2] = Ended { module: None, result: "lost".into(), run_us: 0, ..lost[2].clone() };
    world.tell(WorkerReport { ended: lost, ..worker(FIRST, "mill-a") }).await;
    let next = world.attempts(&after(&newest)).await;
    assert_eq!((numbers(&next), &next["missed"]), (vec![21, 22], &3.into()));
    let last = world.attempts(&after(&next)).await;
    assert_eq!((numbers(&last), &last["missed"]), (vec![23], &0.into()));
    assert_eq!((&last["attempts"][0]["result"], last["attempts"][0].get("module")), (&"lost".into(), None));
    world.end().await;
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_refused() {
    let world = World::with_hello().await;
    for (query, field) in [
        ("after=17", "after"),
        ("after=", "after"),
        ("after=1.xyz-1", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("type=no%20type", "type"),
    ] {
        let problem = world.get(&format!("/v1/attempts?{query}")).await.problem(400, "invalid-field");
        assert_eq!(problem["field"], field, "{query}");
    }
    world.get("/v1/attempts?since=1").await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn a_token_for_some_job_types_sees_what_runs_and_ended_of_those() {
    let world = World::guarded().await;
    let mut both = ended("hello", 1..=1, 1_000);
    both.extend(ended("mail", 2..=3, 2_000));
    world
        .tell(WorkerReport {
            running: vec![running("hello", UnixMs(1_000)), running("mail", UnixMs(2_000))],
            running_more: 1,
            ended: both,
            ..worker(FIRST, "mill-a")
        })
        .await;
    let own = world.call_as("hello", "GET", "/v1/workers").await.json();
    let seen = &own["workers"][0];
    assert_eq!(
        (seen["running"].as_array().unwrap().len(), &seen["running"][0]["type"]),
        (1, &"hello".into())
    );
    assert_eq!((&seen["running_more"], &seen["held"]), (&2.into(), &6.into()), "numbers are of all");
    let own = world.call_as("hello", "GET", "/v1/attempts").await;
    assert_eq!(numbers(&own.json()), [1]);
    assert_eq!(numbers(&world.call_as("admin", "GET", "/v1/attempts").await.json()), [1, 2, 3]);
    assert_eq!(numbers(&world.call_as("admin", "GET", "/v1/attempts?type=mail").await.json()), [2, 3]);
    world.call_as("hello", "GET", "/v1/attempts?type=mail").await.problem(403, "type-forbidden");
    for path in ["/console/workers", "/console/types/hello"] {
        let page = text(&world.call_as("hello", "GET", path).await);
        assert!(page.contains("hello@1.0.0") && !page.contains("mail"), "{path}: {page}");
    }
    assert!(text(&world.call_as("admin", "GET", "/console/workers").await).contains("mail"));
    // Whoever may not look into jobs gets no links to them.
    let job = format!("/console/jobs/hello/{}", id(1));
    assert!(text(&world.call_as("operator", "GET", "/console/workers").await).contains(&job));
    assert!(!text(&world.call_as("reader", "GET", "/console/workers").await).contains(&job));
    world.end().await;
}

#[tokio::test]
async fn the_page_tells_who_works_who_drains_who_is_silent_and_who_is_behind() {
    let world = World::with_hello().await;
    let told = SystemClock.now();
    world
        .tell(WorkerReport {
            // A clock that goes before the console's: never silent, however slow this test is.
            told_at: UnixMs(told.0 + 600_000),
            // Two hours, five minutes, and some.
            running: vec![running("hello", UnixMs(told.0 - 7_510_000))],
            ended: ended("hello", 1..=1, told.0),
            ..worker(FIRST, "mill-a")
        })
        .await;
    world
        .tell(WorkerReport {
            is_draining: true,
            revision: Revision(0),
            told_at: UnixMs(told.0 - 8_000),
            ..worker(SECOND, "mill-b")
        })
        .await;
    let page = world.page("/console/workers").await;
    for part in [">working<", ">draining<", ">silent for ", ">behind 1<", "2h 5m", "1.2 ms", ">done<"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains(&format!("href=\"/console/jobs/hello/{}\"", id(1))), "{page}");
    assert_eq!(page.matches(">behind ").count(), 1, "{page}");
    let of_type = world.page("/console/types/hello").await;
    assert!(of_type.contains("2h 5m") && of_type.contains(">done<"), "{of_type}");
    world.end().await;
}

/// The script asks for these parts anew, and puts each in the place of the one before.
#[tokio::test]
async fn the_page_has_the_parts_that_follow_before_there_is_a_worker_too() {
    let world = World::with_hello().await;
    let parts = ["data-fresh=\"workers\"", "data-fresh=\"running\"", "data-fresh=\"ended\""];
    let empty = world.page("/console/workers").await;
    assert!(empty.contains("No worker tells of itself") && !empty.contains("Runs now"), "{empty}");
    world.tell(worker(FIRST, "mill-a")).await;
    let some = world.page("/console/workers").await;
    assert!(some.contains("mill-a") && some.contains("Runs now") && some.contains("Ended lately"), "{some}");
    for page in [&empty, &some] {
        for part in parts {
            assert_eq!(page.matches(part).count(), 1, "{part}: {page}");
        }
        // A mark would hold them back until the overview has something else to say.
        assert!(!page.contains("data-mark") && page.contains("As of "), "{page}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_a_worker_calls_itself_is_text() {
    let world = World::with_hello().await;
    let hostile = "<script>alert(1)</script>\u{202e}mill\u{0}\"'";
    let mut odd = ended("hello", 1..=1, 1_000);
    odd[0].result = hostile.into();
    let report = worker(FIRST, hostile);
    world.tell(WorkerReport { version: hostile.into(), ended: odd, ..report }).await;
    for path in ["/console/workers", "/console/types/hello"] {
        let page = world.page(path).await;
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{path}: {page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'), "{path}: {page}");
    }
    assert_eq!(world.get("/v1/workers").await.json()["workers"][0]["host"], hostile);
    world.end().await;
}

#[tokio::test]
async fn many_workers_are_a_page_all_the_same() {
    let world = World::with_hello().await;
    let now = SystemClock.now();
    for number in 0..300 {
        let running = (0..4).map(|slot| running("hello", UnixMs(now.0 - number - slot))).collect();
        let report = worker(number << 32, &format!("mill-{number}"));
        world.tell(WorkerReport { running, ended: ended("hello", 1..=256, 1_000), ..report }).await;
    }
    // `page` holds it against the largest size.
    let page = world.page("/console/workers").await;
    assert!(page.contains("of 300.") && page.contains("And 1,100 more."), "{page}");
    assert_eq!(world.get("/v1/workers").await.json()["workers"].as_array().unwrap().len(), 300);
    assert_eq!(numbers(&world.attempts("?limit=1000").await).len(), 1_000);
    world.end().await;
}
