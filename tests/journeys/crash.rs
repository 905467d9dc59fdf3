//! A process that is killed loses nothing it has acknowledged.

use serde_json::json;
use wasmill_tests::{DEADLINE, World};

#[tokio::test]
async fn a_job_accepted_before_kill_9_completes_after_it() {
    let mut world = World::start().await;
    world.route("waits", "hello", "mode = \"paused\"").await;
    let job = world.enqueue("waits", &json!({ "name": "Ada" })).await;
    world.kill();
    world.restart().await;
    world.apply("[type.waits]\nhandlers = [{ module = \"hello@1.0.0\" }]\n").await;
    world.reaches(&job, "completed").await;
}

#[tokio::test]
async fn what_was_completed_and_settled_in_the_log_does_not_run_again_when_the_queue_is_gone() {
    let mut world = World::start_with(None, &wasmill_tests::TELLING).await;
    world.route("greet", "hello", "").await;
    for n in 0..100 {
        world.enqueue("greet", &json!({ "name": n.to_string() })).await;
    }
    world.drained(DEADLINE).await;
    world.stop().await;
    std::fs::remove_dir_all(world.data().join("queue")).unwrap();
    world.restart().await;
    let last = world.enqueue("greet", &json!({ "name": "last" })).await;
    world.reaches(&last, "completed").await;
    world.drained(DEADLINE).await;
    assert_eq!(world.executions()[1].started.len(), 1, "old jobs ran again");
}

#[tokio::test]
async fn a_damaged_queue_is_set_aside_and_rebuilt() {
    let mut world = World::start().await;
    world.route("waits", "hello", "mode = \"paused\"").await;
    let job = world.enqueue("waits", &json!({ "name": "Ada" })).await;
    world.reaches(&job, "pending").await;
    world.stop().await;
    for file in walk(&world.data().join("queue")) {
        std::fs::write(&file, b"this is not what was written here").unwrap();
    }
    world.restart().await;
    world.reaches(&job, "pending").await;
    assert!(world.log_tail().contains("rebuilt from the log"), "{}", world.log_tail());
    world.leaves_work();
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let mut world = World::start().await;
    let log = world.data().parent().unwrap().join("second.log");
    let mut second = wasmill_tests::Server::spawn(
        world.data(),
        ([127, 0, 0, 1], wasmill_tests::free_port()).into(),
        &log,
        &[],
    );
    let status = second.ended(DEADLINE).await;
    assert!(!status.success());
    let words = std::fs::read_to_string(&log).unwrap();
    assert!(words.contains(&world.server().pid().to_string()) && words.contains("data"), "{words}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
