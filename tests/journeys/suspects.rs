//! A job that kills its worker: those beside it are suspects with it, each runs alone, and only the guilty one is
//! quarantined.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;
use wasmill_tests::{DEADLINE, World, until};

#[tokio::test]
async fn only_the_job_that_kills_its_worker_is_quarantined() {
    const INNOCENTS: usize = 20;
    let settings = [("WASMILL_WORKER_SLOTS", "21"), ("WASMILL_WORKER_LEASE", "10s")];
    let mut world = World::start_with(None, &[&wasmill_tests::TELLING[..], &settings[..]].concat()).await;
    let slow = "limits = { timeout = \"10m\", fuel = 1_000_000_000_000_000 }";
    for job_type in ["poison", "innocent"] {
        world.route(job_type, "spin", slow).await;
    }
    let poison = world.enqueue("poison", &json!({})).await;
    let mut innocents = Vec::new();
    for _ in 0..INNOCENTS {
        // Slow only in its first attempt.
        innocents.push(world.enqueue("innocent", &json!({ "attempts": 1 })).await);
    }
    for job in innocents.iter().chain([&poison]) {
        assert_eq!(world.runs_in(job).await, world.server().pid(), "no suspects yet");
    }

    // It kills its worker, but not before the queue has written down who held what: its last second is lost with it.
    let marker = "written after the twenty-one were taken";
    let last = world.enqueue("innocent", &json!({ "attempts": 0, "marker": marker })).await;
    until("the queue has written the takes", DEADLINE, || async { stands_in_queue(&world, marker) }).await;
    world.kill();
    world.restart().await;
    let child = world.runs_in(&poison).await;
    assert_ne!(child, world.server().pid(), "a suspect runs in a process of its own");
    // The worker dies once more, of something else: the child goes with it, and the job is not at fault.
    world.kill();
    until("the child ends with its worker", DEADLINE, || async {
        test_kill_process(of(child)).is_err().then_some(())
    })
    .await;

    // It kills the process in which it runs alone.
    world.restart().await;
    let child = world.runs_in(&poison).await;
    kill_process(of(child), Signal::KILL).unwrap();
    let dead = world.reaches(&poison, "dead").await;
    assert_eq!(dead["error"]["code"], "quarantined", "{dead}");
    assert!(dead["error"]["message"].as_str().unwrap().contains("SIGKILL"), "{dead}");
    for innocent in innocents.iter().chain([&last]) {
        world.reaches(innocent, "completed").await;
    }
    world.drained(DEADLINE).await;
    let list = world.get("/v1/dead").await.json();
    let letters = list["letters"].as_array().unwrap_or_else(|| panic!("{list}"));
    assert_eq!(letters.len(), 1, "{list}");
    assert!(list.to_string().contains("\"quarantined\""), "{list}");
    let server = world.server().pid();
    let pids = &world.executions()[2].pids;
    let in_worker =
        innocents.iter().filter_map(|job| pids.get(&job.id)).flatten().filter(|pid| **pid == server);
    assert_eq!(in_worker.count(), 0, "suspects run in no worker: {pids:?}");
    let files = std::fs::read_dir(world.data().join("compiled")).unwrap().flatten();
    let compiled = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "cwasm"));
    assert_eq!(compiled.count(), 1, "the child uses what the worker has compiled");
}

/// Whether the files of the queue hold this text.
fn stands_in_queue(world: &World, text: &str) -> Option<()> {
    let holds = |file: std::fs::DirEntry| {
        // A file may have gone since it was listed.
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(text.len()).any(|piece| piece == text.as_bytes())
    };
    std::fs::read_dir(world.data().join("queue")).unwrap().any(|file| holds(file.unwrap())).then_some(())
}

fn of(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}
