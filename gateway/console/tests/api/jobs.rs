//! Jobs by state, and the queue's own check.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wasmill_job::wire::encode_copy;
use wasmill_job::{
    Attempt, CopyOf, Failure, FailureCode, IdSource, JobId, Offset, Partition, Progress, Topic,
    TopicPartition, Verdict,
};
use wasmill_log::{Append, Log, ParkedCopy, parked_copies};
use wasmill_queue::{Entry, NewJob, Push, Pushed, Queue};

use crate::world::{World, job_record};

impl World {
    /// Parks so many jobs, over two partitions, as a relay does whose queue has no room for them.
    pub(crate) async fn park(&self, count: u64) -> Vec<JobId> {
        let (mut ids, mut parked) = (IdSource::default(), Vec::new());
        for number in 0..count {
            let partition = Partition(u32::try_from(number % 2).unwrap());
            let (lane, offset) = (self.lane(partition), Offset(number / 2));
            let job = self.job(&mut ids, 0, partition);
            let of = CopyOf { origin: lane.at(offset), attempts: Attempt(0), due_at: None };
            let value = encode_copy(&job, &of).unwrap();
            let topic = Topic::parked(&job.job_type);
            self.log.append(vec![Append { value: Some(value), ..job_record(topic, &job) }]).await.unwrap();
            self.queue.resume(&lane, &Progress::default()).await.unwrap();
            let entries = vec![Entry::Parked { offset, job_type: job.job_type.clone() }];
            let push = Push { lane, from: offset, to: offset.next(), passed: None, entries };
            assert_eq!(self.queue.push(push).await.unwrap(), Pushed::whole());
            parked.push(job.id);
        }
        parked
    }

    /// Takes back the first copies of the first partition.
    async fn bring_back(&self, count: usize) -> Vec<JobId> {
        let lane = TopicPartition::new(Topic::parked(&"hello".parse().unwrap()), Partition(0));
        let from = self.queue.resume(&lane, &Progress::default()).await.unwrap();
        let found = parked_copies(&self.log, &lane, from, 1 << 20).await.unwrap();
        let copies = found.copies.into_iter().take(count);
        let entries: Vec<_> = copies
            .map(|ParkedCopy { offset, job, of }| {
                let new = NewJob::new(job, Duration::ZERO);
                Entry::Copy { offset, new, of }
            })
            .collect();
        let back = entries.iter().map(|entry| match entry {
            Entry::Copy { new, .. } => new.job.id,
            other => panic!("no copy but {other:?}"),
        });
        let back = back.collect();
        let push = Push { lane, from, to: Offset(from.0 + count as u64), passed: None, entries };
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::whole());
        back
    }

    /// The ids of all jobs that a query lists, and how many pages it took.
    async fn listed(&self, query: &str) -> (BTreeSet<String>, usize) {
        let (mut ids, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let page = self.get(&format!("/v1/jobs?{query}{after}")).await.json();
            pages += 1;
            for job in page["jobs"].as_array().unwrap() {
                assert!(ids.insert(job["id"].as_str().unwrap().to_owned()), "{job} comes twice");
            }
            match page.get("next") {
                Some(next) => after = format!("&after={}", next.as_str().unwrap()),
                None => return (ids, pages),
            }
        }
    }
}

#[tokio::test]
async fn jobs_are_listed_by_state_in_pages() {
    let world = World::without_log().await;
    let ids: BTreeSet<_> = world.enqueue(25).await.iter().map(ToString::to_string).collect();
    let (pending, pages) = world.listed("state=pending&limit=10").await;
    assert_eq!(pending, ids);
    assert!(pages >= 3, "{pages}");
    let done = world.settle(5, &Verdict::Complete { output: Bytes::new() }).await;
    let done: BTreeSet<_> = done.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(world.listed("state=completed&type=hello").await.0, done);
    assert_eq!(world.listed("state=pending&type=hello").await.0, &ids - &done);
    assert!(world.listed("state=pending&type=other").await.0.is_empty());
    for state in ["scheduled", "in_flight", "cancelled"] {
        assert!(world.listed(&format!("state={state}")).await.0.is_empty(), "{state}");
    }
    let row = &world.get("/v1/jobs?state=completed&limit=1").await.json()["jobs"][0];
    assert_eq!(
        (&row["type"], &row["state"], &row["attempts"], &row["accepted_at_ms"]),
        (&"hello".into(), &"completed".into(), &1.into(), &1_000.into())
    );
    assert!(row["ended_at_ms"].is_u64(), "{row}");
    world.end().await;
}

#[tokio::test]
async fn parked_jobs_are_listed_from_the_log() {
    let world = World::with_hello().await;
    assert!(world.listed("state=parked").await.0.is_empty());
    let ids: BTreeSet<_> = world.park(25).await.iter().map(ToString::to_string).collect();
    let (parked, pages) = world.listed("state=parked&limit=10").await;
    assert_eq!(parked, ids);
    assert!(pages >= 3, "{pages}");
    assert_eq!(world.listed("state=parked&type=hello").await.0, ids);
    assert!(world.listed("state=parked&type=other").await.0.is_empty());
    assert!(world.listed("state=pending").await.0.is_empty());
    let row = &world.get("/v1/jobs?state=parked&limit=1").await.json()["jobs"][0];
    assert_eq!(
        (&row["type"], &row["state"], &row["attempts"], &row["accepted_at_ms"]),
        (&"hello".into(), &"parked".into(), &0.into(), &1_000.into())
    );

    // Those that came back are where they are now.
    let back: BTreeSet<_> = world.bring_back(5).await.iter().map(ToString::to_string).collect();
    assert_eq!(back.len(), 5);
    assert_eq!(world.listed("state=pending").await.0, back);
    assert_eq!(world.listed("state=parked&limit=7").await.0, &ids - &back);
    let astray = world.get("/v1/jobs?state=parked&after=no%20cursor").await.problem(400, "invalid-field");
    assert_eq!(astray["field"], "after", "{astray}");
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let world = World::new().await;
    for query in [
        "",
        "state=accepted",
        "state=pending&limit=0",
        "state=pending&type=a%20b",
        "stat=x",
        "id=x",
        "state=pending&since_ms=x",
        "state=dead&since_ms=5&until_ms=5",
    ] {
        world.get(&format!("/v1/jobs?{query}")).await.problem(400, "invalid-field");
    }
    let astray = world.get("/v1/jobs?state=pending&after=no%20cursor").await.problem(400, "invalid-field");
    assert_eq!(astray["field"], "after", "{astray}");
    world.end().await;
}

#[tokio::test]
async fn dead_jobs_are_listed_by_their_error() {
    let world = World::without_log().await;
    world.enqueue(130).await;
    let trap = Failure::new(FailureCode::Trap, "Index 17 out of range");
    let trapped = world.settle(3, &Verdict::Bury { failure: trap }).await;
    let trapped: BTreeSet<_> = trapped.iter().map(|job| job.id.to_string()).collect();
    let rejected = Failure::new(FailureCode::Rejected, "no <such> user");
    world.settle(120, &Verdict::Bury { failure: rejected }).await;
    let (all, pages) = world.listed("state=dead&limit=50").await;
    assert_eq!((all.len(), pages), (123, 3));
    for query in ["error=INDEX%2017", "error=trap&type=hello", "error=trap&since_ms=1000&until_ms=1001"] {
        assert_eq!(world.listed(&format!("state=dead&{query}")).await.0, trapped, "{query}");
    }
    for query in ["error=nothing", "type=other", "until_ms=1000", "since_ms=1001"] {
        assert!(world.listed(&format!("state=dead&{query}")).await.0.is_empty(), "{query}");
    }
    let row = &world.get("/v1/jobs?state=dead&error=trap").await.json()["jobs"][0];
    assert_eq!(row["error"], json!({"code": "trap", "message": "Index 17 out of range"}));
    assert!(row["ended_at_ms"].is_u64() && row["state"] == "dead", "{row}");
    world.end().await;
}

#[tokio::test]
async fn waiting_jobs_are_found_by_what_went_wrong() {
    let world = World::without_log().await;
    world.enqueue(100).await;
    let verdict = |message: &str| Verdict::Retry {
        pause: Duration::from_secs(3_600),
        failure: Failure::new(FailureCode::Retry, message),
    };
    world.settle(70, &verdict("the bank is closed")).await;
    let tired = world.settle(2, &verdict("The printer is TIRED")).await;
    let tired: BTreeSet<_> = tired.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(world.listed("state=scheduled&error=printer%20is%20tired").await.0, tired);
    assert_eq!(world.listed("state=scheduled&error=closed&limit=7").await.0.len(), 70);
    assert!(world.listed("state=pending&error=closed").await.0.is_empty());
    assert_eq!(world.listed("state=scheduled&since_ms=1000&until_ms=1001").await.0.len(), 72);
    assert!(world.listed("state=scheduled&since_ms=1001").await.0.is_empty());
    let row = &world.get("/v1/jobs?state=scheduled&error=tired").await.json()["jobs"][0];
    assert_eq!(row["error"]["message"], "The printer is TIRED", "{row}");
    world.end().await;
}

#[tokio::test]
async fn one_job_is_found_by_its_id() {
    let world = World::guarded().await;
    let dead = world.bury(1).await;
    let found = async |who: &str, query: &str| {
        world.call_as(who, "GET", &format!("/v1/jobs?{query}")).await.json()["jobs"].clone()
    };
    let row = &found("admin", &format!("id={}", dead[0])).await[0];
    assert_eq!((&row["id"], &row["state"]), (&dead[0].clone().into(), &"dead".into()));
    // Everything else is ignored, and a token for its type finds it without naming that.
    let query = format!("id={}&state=pending&since_ms=9&until_ms=1", dead[0]);
    assert_eq!(found("hello", &query).await[0]["id"], dead[0].as_str());
    let none = "id=0190163d-8694-8001-8000-64c2f1a0b3d5";
    assert_eq!(found("admin", none).await, json!([]));
    world.end().await;
}

#[tokio::test]
async fn a_token_finds_no_job_of_others() {
    let world = World::guarded().await;
    let mut ids = IdSource::default();
    let mut job = world.job(&mut ids, 0, Partition(0));
    job.job_type = "mail".parse().unwrap();
    world.log.append(vec![job_record(world.lane(Partition(0)).topic, &job)]).await.unwrap();
    world.relay().await;
    let path = format!("/v1/jobs?id={}", job.id);
    let count = |found: serde_json::Value| found["jobs"].as_array().unwrap().len();
    assert_eq!(count(world.call_as("admin", "GET", &path).await.json()), 1);
    assert_eq!(count(world.call_as("hello", "GET", &path).await.json()), 0);
    world.end().await;
}

#[tokio::test]
async fn the_page_looks_for_jobs_like_this() {
    let world = World::without_log().await;
    world.enqueue(60).await;
    let failure = Failure::new(FailureCode::Rejected, "no <such> user");
    let dead = world.settle(55, &Verdict::Bury { failure }).await;
    // All were accepted one second after 1970 began.
    let asked = "state=dead&error=SUCH&since=1970-01-01T00:00&until=1970-01-01T00:01:00";
    let page = world.page(&format!("/console/jobs?{asked}")).await;
    assert!(page.contains("rejected: <bdi>no &lt;such&gt; user</bdi>"), "{page}");
    assert!(page.contains("Accepted from (UTC)") && page.contains("value=\"1970-01-01T00:00\""), "{page}");
    let next = page.split("<a href=\"").find(|part| part.contains("rel=\"next\"")).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    assert!(next.contains("error=SUCH") && next.contains("since=1970-01-01T00%3A00"), "{next}");
    let shown = |page: &str| dead.iter().filter(|job| page.contains(&job.id.to_string())).count();
    assert_eq!((shown(&page), shown(&world.page(&next).await)), (50, 5));
    let none = world.page("/console/jobs?state=dead&since=1970-01-01T00:01").await;
    assert!(none.contains("No job that is dead is like this."), "{none}");
    assert_eq!(world.get("/console/jobs?since=yesterday").await.status, 400);
    world.end().await;
}

#[tokio::test]
async fn the_queue_checks_itself() {
    let world = World::without_log().await;
    world.enqueue(3).await;
    let answer = world.call("POST", "/v1/queue/check", &[], "").await;
    assert_eq!(answer.json(), json!({"jobs": 3, "faults": []}));
    world.end().await;
}
