//! Paths beside a log: what goes into the queue, what into the log, what into both, and what is told when one of them refuses.

use serde_json::json;
use wasmill_catalog::{RouteMode, TypeSpec};
use wasmill_job::{Mode, Path, Percent};

use crate::world::World;

/// The type `hello`, changed.
fn change(world: &World, change: impl Fn(&mut TypeSpec)) {
    world.catalog.send_modify(|catalog| {
        let mut next = (**catalog).clone();
        next.revision.0 += 1;
        change(next.types.get_mut(&"hello".parse().unwrap()).unwrap());
        *catalog = next.into();
    });
}

#[tokio::test]
async fn each_path_is_taken_and_stamped() {
    let world = World::new().await;
    for (path, stored, in_log, in_queue) in
        [(Path::Queue, "redis", 0, 1), (Path::Both, "redis", 1, 2), (Path::Log, "fsync", 2, 2)]
    {
        change(&world, |spec| spec.path = path);
        let answer = world.post(json!({"type": "hello"}).to_string()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["stored"]), (202, &stored.into()));
        assert_eq!(answer.json()["receipt"].is_string(), path != Path::Queue, "{:?}", answer.body);
        let jobs = world.jobs().await;
        assert_eq!(jobs.len(), in_log);
        assert!(jobs.last().is_none_or(|job| job.stamp.path == path));
        assert_eq!(world.queue_counts("hello").await.pending, in_queue);
    }
    world.end().await;
}

#[tokio::test]
async fn a_batch_goes_where_each_of_its_types_goes() {
    let world = World::new().await;
    change(&world, |spec| spec.path = Path::Both);
    let lines = ["small", "hello", "nobody", "hello", "small"]
        .map(|job_type| json!({"type": job_type, "payload": 1}).to_string());
    let answers = world.post_lines(lines.join("\n")).await.lines();
    let stored: Vec<_> = answers.iter().map(|answer| answer["receipt"].is_string()).collect();
    assert_eq!(stored, [true, true, false, true, true]);
    assert_eq!((world.jobs().await.len(), world.queue_counts("hello").await.pending), (4, 2));
    world.end().await;
}

#[tokio::test]
async fn what_the_queue_refuses_is_written_nowhere() {
    let world = World::new().await;
    change(&world, |spec| {
        spec.path = Path::Both;
        spec.flow.max_pending = Some(1);
    });
    assert_eq!(world.post(r#"{"type": "hello"}"#).await.status, 202);
    world.post(r#"{"type": "hello"}"#).await.problem(429, "max-pending");
    assert_eq!((world.jobs().await.len(), world.queue_counts("hello").await.pending), (1, 1));
    world.end().await;
}

#[tokio::test]
async fn a_repeat_is_the_same_job_on_whichever_path_it_comes() {
    let world = World::new().await;
    let keyed = json!({"type": "hello", "idempotency_key": "once"}).to_string();
    let mut ids = Vec::new();
    for path in [Path::Queue, Path::Both, Path::Log] {
        change(&world, |spec| spec.path = path);
        ids.push(world.post(keyed.clone()).await.id());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(world.queue_counts("hello").await.pending, 1);
    world.end().await;
}

#[tokio::test]
async fn a_type_that_is_off_is_refused() {
    let world = World::new().await;
    change(&world, |spec| spec.mode = RouteMode::Off);
    let problem = world.post(r#"{"type": "hello"}"#).await.problem(409, "type-off");
    assert_eq!((&problem["job_type"], &problem["revision"]), (&"hello".into(), &8.into()));
    let answers = world.post_lines("{\"type\": \"hello\"}\n{\"type\": \"small\"}\n").await.lines();
    assert_eq!((&answers[0]["status"], answers[1]["id"].is_string()), (&409.into(), true));
    world.end().await;
}

#[tokio::test]
async fn a_share_of_the_ids_is_stamped_live() {
    let world = World::new().await;
    change(&world, |spec| spec.mode = RouteMode::Part(Percent::new(50).unwrap()));
    let lines = vec![r#"{"type": "hello"}"#; 400];
    assert_eq!(world.post_lines(lines.join("\n")).await.lines().len(), 400);
    let jobs = world.jobs().await;
    let live = jobs.iter().filter(|job| job.stamp.mode == Mode::Live).count();
    assert!((120..280).contains(&live), "{live} of {}", jobs.len());
    assert!(jobs.iter().all(|job| matches!(job.stamp.mode, Mode::Live | Mode::Shadow)));
    world.end().await;
}
