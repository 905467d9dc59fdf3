//! Jobs by state, and the queue's own check.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wasmill_job::wire::encode_copy;
use wasmill_job::{
    Attempt, CopyOf, IdSource, JobId, Offset, Partition, Progress, Topic, TopicPartition, Verdict,
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
                let new = NewJob { job, dedup_window: Duration::ZERO, max_pending: None };
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
    for query in
        ["", "state=dead", "state=accepted", "state=pending&limit=0", "state=pending&type=a%20b", "stat=x"]
    {
        world.get(&format!("/v1/jobs?{query}")).await.problem(400, "invalid-field");
    }
    let astray = world.get("/v1/jobs?state=pending&after=no%20cursor").await.problem(400, "invalid-field");
    assert_eq!(astray["field"], "after", "{astray}");
    let problem = world.get("/v1/jobs?state=dead").await.problem(400, "invalid-field");
    assert!(problem["detail"].as_str().unwrap().contains("/v1/dead"), "{problem}");
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
