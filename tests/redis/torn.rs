//! The order in which a script's effects are written. Redis may load a file that was torn off inside them with the first ones
//! only: then something may come back that had ended, but no offset may be left that nothing settles any more.

use wasmill_job::{Attempt, Cancel, CopyOf, Job, Offset, UnixMs};
use wasmill_queue::{Entry, Push, Pushed, Queue};
use wasmill_tests::{Answer as Said, DEADLINE, until};

use crate::world::{World, bury, enqueue, lane, new_job, settle};

/// What stands in the append-only file by now.
async fn written(world: &World) -> String {
    until("everything is handed over", DEADLINE, || async {
        (world.redis.info("aof_buffer_length").await == "0").then_some(())
    })
    .await;
    let copy = world.redis.copy_of_data();
    let mut files: Vec<_> =
        std::fs::read_dir(copy.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".incr.aof"));
    files.sort();
    String::from_utf8_lossy(&std::fs::read(files.last().unwrap()).unwrap()).into_owned()
}

/// The commands that change the first shard, each with its key, in the order in which they are written; but for what the shard
/// notes of itself now and then.
fn writes(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<_> = text.split("\r\n").collect();
    let of = |(at, line): (usize, &&'_ str)| line.starts_with("{wasmill:0}:").then_some(at);
    // Between a command and its key stands the key's length.
    let all = lines.iter().enumerate().filter_map(of).map(|at| (lines[at - 2], lines[at]));
    all.filter(|(_, key)| !key.ends_with(":c")).collect()
}

/// The hash of the script that was called last.
async fn script(world: &World) -> Vec<u8> {
    let Said::Array(calls) = world.redis.must(&["SLOWLOG", "GET", "20"]).await else { panic!("a list") };
    let words = calls.into_iter().filter_map(|call| match call {
        Said::Array(call) => match call.into_iter().nth(3) {
            Some(Said::Array(words)) => Some(words),
            _ => None,
        },
        _ => None,
    });
    let hash = |words: Vec<Said>| match &words[..] {
        [Said::Bulk(command), Said::Bulk(hash), ..] if command.eq_ignore_ascii_case(b"evalsha") => {
            Some(hash.clone())
        }
        _ => None,
    };
    words.into_iter().find_map(hash).unwrap()
}

/// One key is written before another one is, which is taken out of or written last.
fn is_before(text: &str, first: &str, then: &str) {
    let place = |key| {
        text.find(&format!("{{wasmill:0}}:{key}\r\n")).unwrap_or_else(|| panic!("{key} is written: {text}"))
    };
    assert!(place(first) < place(then), "{then} is written before {first}: {text}");
}

/// The bits of the first lane are written before this key is.
fn settles_before(text: &str, key: &str) {
    is_before(text, "b:1:0", key);
}

#[tokio::test]
async fn what_ends_is_settled_before_it_is_taken_out() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 3);
    world.push(jobs.clone()).await;

    // A copy of the last one moves it.
    let before = written(&world).await.len();
    let of = CopyOf { origin: lane(0).at(Offset(2)), attempts: Attempt(0), due_at: None };
    let copy = Entry::Copy { offset: Offset(3), new: new_job(jobs[2].clone()), of };
    let push = Push { lane: lane(0), from: Offset(3), to: Offset(4), passed: None, entries: vec![copy] };
    assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
    settles_before(&written(&world).await[before..], "j");

    let before = written(&world).await.len();
    let cancel = Cancel { id: jobs[1].id, job_type: jobs[1].job_type.clone(), at: UnixMs(0) };
    assert!(world.queue.cancel(cancel).await.unwrap());
    let text = &written(&world).await[before..];
    settles_before(text, "j");
    // What is known of it afterwards, too: otherwise it could be neither live nor known.
    is_before(text, "r", "j");

    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let debts = world.queue.owed(9).await.unwrap();
    let before = written(&world).await.len();
    world.queue.paid(debts.into_iter().map(|debt| debt.id).collect()).await.unwrap();
    let text = &written(&world).await[before..];
    settles_before(text, "o");
    // A letter that names a debt that is not there counts as written by half, and is thrown away.
    is_before(text, "di", "od");
    world.check().await;
}

#[tokio::test]
async fn a_letter_goes_when_its_job_is_back() {
    let mut world = World::fresh().await;
    let jobs = world.jobs("a", 1);
    enqueue(&world.queue, jobs.clone()).await;
    let claims = world.take(1).await;
    settle(&world.queue, claims, bury).await;
    let before = written(&world).await.len();
    let again = Job { redrives: 1, ..jobs[0].clone() };
    enqueue(&world.queue, vec![again]).await;
    is_before(&written(&world).await[before..], "j", "d");
    world.check().await;
}

#[tokio::test]
async fn plain_jobs_are_written_as_a_push_that_looks_at_each_writes_them() {
    let mut world = World::fresh().await;
    let first = world.jobs("a", 3);
    world.push(first).await;
    // After a push with something else in it, the next one is looked at job by job, and the one behind that is plain again.
    let at = world.end(&lane(0));
    let stranger = world.job("a");
    let cancel = Cancel { id: stranger.id, job_type: stranger.job_type, at: UnixMs(0) };
    let entries = vec![Entry::Cancel { offset: at, cancel }];
    let push = Push { lane: lane(0), from: at, to: Offset(at.0 + 1), passed: None, entries };
    assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
    world.redis.must(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]).await;
    let (mut seen, mut scripts) = (Vec::new(), Vec::new());
    for number in 1..=2 {
        let jobs = world.jobs("a", 3);
        let entry = |(new, offset)| Entry::Job { offset: Offset(offset), new: new_job(new) };
        let from = Offset(at.0 + 1 + 3 * (number - 1));
        let entries = jobs.into_iter().zip(from.0..).map(entry).collect();
        let push = Push { lane: lane(0), from, to: Offset(from.0 + 3), passed: None, entries };
        let before = written(&world).await.len();
        assert_eq!(world.queue.push(push).await.unwrap(), Pushed::whole());
        scripts.push(script(&world).await);
        let text = written(&world).await;
        is_before(&text[before..], "j", "n:1");
        seen.push(
            writes(&text[before..])
                .iter()
                .map(|(command, key)| format!("{command} {key}"))
                .collect::<Vec<_>>(),
        );
    }
    assert_ne!(scripts[0], scripts[1]);
    assert_eq!(seen[0], seen[1]);
    world.check().await;
}
