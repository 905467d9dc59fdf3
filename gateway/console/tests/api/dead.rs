//! Dead letters: listed, redriven, purged, by id and by thousands, and again after a crash.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wasmill_job::{Job, Partition, Revision, Topic};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::world::{World, job_record};

impl World {
    pub(crate) async fn dead_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("/v1/dead?limit=1000{after}")).await.json();
            let letters = page["letters"].as_array().unwrap().clone();
            ids.extend(letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()));
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = format!("&after={next}"),
                None => return ids,
            }
        }
    }
}

#[tokio::test]
async fn letters_are_listed_in_pages() {
    let world = World::with_hello().await;
    let ids = world.bury(25).await;
    assert_eq!(world.dead_ids().await, ids);
    let first = world.get("/v1/dead?limit=10&type=hello").await.json();
    assert_eq!(first["letters"].as_array().unwrap().len(), 10);
    let letter = &first["letters"][0];
    assert_eq!(letter["id"], ids[0]);
    assert_eq!(
        (&letter["type"], &letter["code"], &letter["message"]),
        (&"hello".into(), &"rejected".into(), &"<no>".into())
    );
    assert_eq!(
        (&letter["attempts"], &letter["died_at_ms"], &letter["payload_bytes"]),
        (&3.into(), &2_000.into(), &3.into())
    );
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("/v1/dead?limit=10&after={next}")).await.json();
    assert_eq!(second["letters"][0]["id"], ids[10]);
    assert_eq!(world.get("/v1/dead?type=other").await.json(), json!({"letters": []}));
    for query in ["limit=0", "limit=1001", "limit=x", "type=a%20b", "tipe=hello"] {
        world.get(&format!("/v1/dead?{query}")).await.problem(400, "invalid-field");
    }
    world.end().await;
}

#[tokio::test]
async fn a_redriven_job_is_pending_again_and_its_letter_is_gone() {
    let world = World::with_hello().await;
    let ids = world.bury(3).await;
    let answer = world.post("/v1/dead/redrive", &json!({"ids": [ids[1], ids[1], "nobody"]})).await;
    let expected = json!({"redriven": 1, "waiting": 0, "refused": 0, "refusals": [], "unknown": ["nobody"]});
    assert_eq!(answer.json(), expected);
    let jobs = world.jobs().await;
    let [Job { id, redrives: 1, stamp, payload, .. }] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!((id.to_string(), stamp.revision), (ids[1].clone(), Revision(1)));
    assert!(payload.starts_with(b"<") && payload.ends_with(b">"));
    world.relay().await;
    assert_eq!(world.dead_ids().await, [ids[0].clone(), ids[2].clone()]);
    assert_eq!(world.queue.counts().await.unwrap()[&"hello".parse().unwrap()].pending, 1);
    world.end().await;
}

#[tokio::test]
async fn thousands_are_redriven_page_by_page() {
    let world = World::with_hello().await;
    let ids = world.bury(2_345).await;
    let answer = world.post("/v1/dead/redrive", &json!({"all": true, "type": "hello"})).await.json();
    assert_eq!((&answer["redriven"], &answer["refused"]), (&2_345.into(), &0.into()), "{answer}");
    let redriven: BTreeSet<_> = world.jobs().await.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(redriven, ids.into_iter().collect());
    world.relay().await;
    assert!(world.dead_ids().await.is_empty());
    assert_eq!(world.queue.check().await.unwrap().faults, [""; 0]);
    world.end().await;
}

#[tokio::test]
async fn a_redrive_can_be_repeated_after_a_crash() {
    let world = World::with_hello().await;
    world.bury(10).await;
    // The answer was lost, and the relay has not passed the tombstones: the letters are still shown.
    world.post("/v1/dead/redrive", &json!({"all": true})).await;
    let again = world.post("/v1/dead/redrive", &json!({"all": true})).await.json();
    assert_eq!(again["redriven"], 10);
    assert_eq!(world.jobs().await.len(), 20);
    world.relay().await;
    let counts = world.queue.counts().await.unwrap()[&"hello".parse().unwrap()];
    assert_eq!((counts.pending, counts.duplicates, counts.dead), (10, 10, 0));
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_redriven_is_named_and_can_be_purged() {
    let world = World::with_hello().await;
    let ids = world.bury(1).await;
    // A letter of a type that the catalog does not know, and one that is no job.
    let page = world.queue.dead(wasmill_queue::DeadQuery { max: 1, ..Default::default() }).await.unwrap();
    let mut stranger = (*page.letters[0]).clone();
    let mut garbage = stranger.clone();
    let job = stranger.job.as_mut().unwrap();
    job.job_type = "gone".parse().unwrap();
    job.id =
        wasmill_job::IdSource::default().next(wasmill_job::UnixMs(9), 9, job.id.generation(), Partition(0));
    garbage.raw = Some("garbage".into());
    garbage.job = None;
    let record = |letter: &wasmill_job::DeadLetter| Append {
        topic: Topic::dead(),
        partition: Partition(0),
        key: Some(letter.record_key().into()),
        value: Some(wasmill_job::wire::encode_dead(letter).unwrap()),
        durability: wasmill_job::Durability::Quorum,
    };
    world.log.append(vec![record(&stranger), record(&garbage)]).await.unwrap();
    world.relay().await;

    let answer = world.post("/v1/dead/redrive", &json!({"all": true})).await.json();
    assert_eq!((&answer["redriven"], &answer["refused"]), (&1.into(), &2.into()), "{answer}");
    let refused: BTreeSet<_> = answer["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| refusal["id"].as_str().unwrap())
        .collect();
    assert_eq!(refused, [stranger.key().as_str(), garbage.key().as_str()].into());
    world.relay().await;
    assert_eq!(world.dead_ids().await.len(), 2);
    assert!(!world.dead_ids().await.contains(&ids[0]));

    world.post("/v1/dead/purge", &json!({"all": true})).await.problem(400, "invalid-field");
    let by_id = world.post("/v1/dead/purge", &json!({"ids": [garbage.key()], "confirm": true})).await.json();
    assert_eq!(by_id, json!({"purged": 1, "waiting": 0, "unknown": []}));
    world.relay().await;
    let rest =
        world.post("/v1/dead/purge", &json!({"all": true, "type": "gone", "confirm": true})).await.json();
    assert_eq!(rest["purged"], 1);
    world.relay().await;
    assert!(world.dead_ids().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_letter_that_the_log_does_not_have_yet_waits() {
    let world = World::with_hello().await;
    let id = bury_unpaid(&world).await;
    for path in ["/v1/dead/redrive", "/v1/dead/purge"] {
        let answer = world.post(path, &json!({"ids": [id], "confirm": true})).await.json();
        assert_eq!(answer["waiting"], 1, "{answer}");
    }
    let owed = world.queue.owed(10).await.unwrap();
    world.queue.paid(owed.iter().map(|debt| debt.id).collect()).await.unwrap();
    let answer = world.post("/v1/dead/redrive", &json!({"ids": [id]})).await.json();
    assert_eq!((&answer["redriven"], &answer["waiting"]), (&1.into(), &0.into()), "{answer}");
    world.end().await;
}

/// Runs a job into a rejection; its letter is owed to the log.
async fn bury_unpaid(world: &World) -> String {
    use wasmill_job::{Failure, FailureCode, IdSource, Mode, Path, Stamp, UnixMs, Verdict};
    use wasmill_queue::{AttemptRecord, Offer, Take, TypeOffer, WorkerId};

    let catalog = world.catalog.current();
    let queue = "default".parse().unwrap();
    let generation = catalog.queues[&queue].current.generation;
    let job = Job {
        id: IdSource::default().next(UnixMs(5), 5, generation, Partition(0)),
        job_type: "hello".parse().unwrap(),
        payload: "x".into(),
        accepted_at: UnixMs(5),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    world.log.append(vec![job_record(Topic::queue(&queue, generation), &job)]).await.unwrap();
    world.relay().await;
    let types = [(job.job_type.clone(), TypeOffer::default())].into_iter().collect();
    let offer = std::sync::Arc::new(Offer { types, ..Offer::default() });
    let lease = std::time::Duration::from_secs(60);
    let claims =
        world.queue.take(Take { worker: WorkerId(1), request: 1, max: 1, lease, offer }).await.unwrap();
    let failure = Failure::new(FailureCode::Rejected, "no");
    let settle = |claim: wasmill_queue::Claim| {
        claim.settle(Verdict::Bury { failure: failure.clone() }, AttemptRecord::default())
    };
    world.queue.settle(claims.into_iter().map(settle).collect()).await.unwrap();
    job.id.to_string()
}

#[tokio::test]
async fn what_is_not_clear_is_refused() {
    let world = World::with_hello().await;
    world.bury(1).await;
    for body in [
        json!({}),
        json!({"type": "hello"}),
        json!({"ids": []}),
        json!({"ids": ["x"], "all": true}),
        json!({"all": true, "type": "a b"}),
        json!({"all": true, "filter": "x"}),
        json!({"ids": "x"}),
    ] {
        let mut confirmed = body.clone();
        confirmed["confirm"] = true.into();
        world.post("/v1/dead/redrive", &body).await.problem(400, "invalid-field");
        world.post("/v1/dead/purge", &confirmed).await.problem(400, "invalid-field");
    }
    assert_eq!(world.dead_ids().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_closed_log_leaves_every_letter_where_it_is() {
    let world = World::with_hello().await;
    world.bury(2).await;
    world.log.clone().close().await;
    let problem = world.post("/v1/dead/redrive", &json!({"all": true})).await.problem(503, "shutting-down");
    assert_eq!(problem["redriven"], 0);
    assert_eq!(world.dead_ids().await.len(), 2);
    world.end().await;
}
