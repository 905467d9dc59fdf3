//! Watching a mill from the command line: jobs by time, error and id; workers; logs; statistics; the live view.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::mill::{Mill, WITHIN};
use crate::modes::{enqueue, mill_with};
use crate::wasmill::{command, guest, wasmill};

/// A mill with these guests of the tests, each with a job type of its name.
/// What runs until it is cancelled is to run until then on any machine.
const ENDLESS: &str = "limits = { timeout = \"1h\", fuel = 1_000_000_000_000_000 }";

fn mill_with_guests(names: &[&str]) -> (TempDir, Mill) {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    let mut text = String::new();
    for name in names {
        mill.wasmill(["deploy", &guest(name), "--name", &format!("{name}@1.0.0")]).ok();
        text += &format!(
            "[type.{name}]\nhandlers = [ {{ module = \"{name}@1.0.0\" }} ]\nretry = {{ attempts = 1 }}\n{ENDLESS}\n"
        );
    }
    let routes = folder.path().join("routes.toml");
    fs::write(&routes, text).unwrap();
    mill.wasmill(["apply", routes.to_str().unwrap(), "--yes"]).ok();
    (folder, mill)
}

fn until_state(mill: &Mill, job_type: &str, id: &str, state: &str) {
    mill.until(["job", "show", job_type, id, "--json"], |job| job["state"] == state);
}

/// A command that goes on. Killed when it is dropped.
struct Following {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

impl Following {
    fn start(mill: &Mill, args: &[&str]) -> Self {
        let mut command = command();
        command.args(args).args(["--server", &mill.server]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout: Some(stdout) }
    }

    /// Lines until one has this in it.
    #[track_caller]
    fn line(&mut self, text: &str) -> String {
        let mut lines = self.stdout.take().unwrap();
        let (sender, read) = channel();
        let wanted = text.to_owned();
        // On a thread, because a read knows no deadline. It gives them back, so that the test can close them.
        std::thread::spawn(move || {
            let found = lines.by_ref().map_while(Result::ok).find(|line| line.contains(&wanted));
            sender.send((found, lines))
        });
        let (found, lines) =
            read.recv_timeout(WITHIN).unwrap_or_else(|error| panic!("no line with `{text}`: {error}"));
        self.stdout = Some(lines);
        found.unwrap_or_else(|| panic!("it ended before a line with `{text}`"))
    }

    /// Its exit code, once it has ended.
    #[track_caller]
    fn ended(mut self) -> Option<i32> {
        let until = Instant::now() + WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it goes on");
            std::thread::yield_now();
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn jobs_are_listed_by_their_time_and_found_by_their_id() {
    let (_folder, mill) = mill_with("\"live\"");
    let (good, bad) = (enqueue(&mill, "greeting", r#"{"name":"Ada"}"#), enqueue(&mill, "greeting", "7"));
    until_state(&mill, "greeting", &good, "completed");
    until_state(&mill, "greeting", &bad, "dead");
    let list = |args: &[&str]| {
        let said =
            mill.wasmill(["job", "list", "--json"].into_iter().chain(args.iter().copied())).ok().stdout;
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    assert_eq!(list(&["--state", "completed", "--since", "1h"])[0]["id"], good.as_str());
    assert!(list(&["--state", "completed", "--until", "1h"]).is_empty());
    assert!(list(&["--state", "completed", "--since", "2999-01-01T00:00:00Z"]).is_empty());
    assert_eq!(list(&["--state", "dead", "--type", "greeting"])[0]["id"], bad.as_str());
    assert!(list(&["--state", "dead", "--error", "nobody said this"]).is_empty());
    let wrong = mill.wasmill(["job", "list", "--state", "dead", "--since", "soon"]).code(2).stderr;
    assert!(wrong.contains("such as 2h"), "{wrong}");

    let found = mill.wasmill(["job", "find", &good]).ok();
    assert!(found.stdout.contains("greeting") && found.stdout.contains("completed"), "{}", found.stdout);
    assert!(found.stderr.contains(&format!("wasmill job show greeting {good}")), "{}", found.stderr);
    assert_eq!(mill.wasmill(["job", "find", &bad, "--json"]).ok().json()["jobs"][0]["state"], "dead");
    let unknown = mill.wasmill(["job", "find", "0190163d-8694-8001-8000-64c2f1a0b3d5"]).code(1).stderr;
    assert!(unknown.contains("no job has the id 0190163d"), "{unknown}");
}

#[test]
fn workers_are_listed_with_what_they_run() {
    let (_folder, mill) = mill_with_guests(&["spin"]);
    let id = enqueue(&mill, "spin", "{}");
    until_state(&mill, "spin", &id, "in_flight");
    mill.until(["workers", "--json"], |list| list["workers"][0]["running"][0]["id"] == id.as_str());
    let workers = mill.wasmill(["workers"]).ok().stdout;
    let row: Vec<_> = workers.lines().nth(1).unwrap().split_whitespace().collect();
    assert!(row.contains(&mill.pid().to_string().as_str()) && row.last() == Some(&"works"), "{workers}");
    let running = mill.wasmill(["workers", "--running"]).ok().stdout;
    assert!(running.lines().nth(1).unwrap().contains(&id) && running.contains("spin@1.0.0"), "{running}");
    mill.wasmill(["job", "cancel", "spin", &id]).ok();
    mill.until(["workers", "--json"], |list| {
        list["workers"][0]["running"].as_array().is_some_and(Vec::is_empty)
    });
    assert_eq!(mill.wasmill(["workers", "--running"]).ok().stdout, "nothing runs now\n");
}

#[test]
fn logs_tell_what_handlers_wrote_the_newest_last() {
    let (_folder, mill) = mill_with_guests(&["chatty"]);
    assert!(mill.wasmill(["logs", "chatty"]).ok().stderr.contains("no attempt of chatty has ended lately"));
    let ids: Vec<_> = (1..=3)
        .map(|bytes| {
            let id = enqueue(&mill, "chatty", &format!(r#"{{"lines": 2, "bytes": {bytes}}}"#));
            until_state(&mill, "chatty", &id, "completed");
            id
        })
        .collect();
    let told = |args: &[&str]| {
        let args = ["logs", "chatty", "--json"].into_iter().chain(args.iter().copied());
        let said = mill.wasmill(args).ok().stdout;
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let until = Instant::now() + WITHIN;
    while told(&[]).len() < 3 {
        assert!(Instant::now() < until, "the attempts are not told");
    }
    let (all, last) = (told(&[]), told(&["--limit", "1"]));
    assert!(all.iter().zip(&ids).all(|(attempt, id)| attempt["id"] == id.as_str()), "{all:?}");
    assert_eq!((last.len(), &last[0]["id"]), (1, &ids[2].as_str().into()));
    assert_eq!(last[0]["logs"][1]["message"], "xxx");
    let text = mill.wasmill(["logs", "chatty", "--limit", "1"]).ok().stdout;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains(&ids[2]) && lines[0].contains("chatty@1.0.0"), "{text}");
    assert!(lines.len() == 3 && lines[2].ends_with("info  xxx"), "{text}");
}

#[test]
fn logs_are_followed_until_a_signal_or_until_nobody_reads_them() {
    let (_folder, mill) = mill_with_guests(&["chatty"]);
    let mut following = Following::start(&mill, &["logs", "chatty", "--follow"]);
    let mut unread = Following::start(&mill, &["logs", "chatty", "--follow"]);
    let id = enqueue(&mill, "chatty", r#"{"lines": 1, "bytes": 5}"#);
    following.line(&id);
    following.line("xxxxx");
    following.signal("INT");
    assert_eq!(following.ended(), Some(0));
    unread.line(&id);
    unread.stdout = None;
    assert_eq!(unread.ended(), Some(0));
}

#[test]
fn following_survives_a_restart_of_the_mill() {
    let (folder, mut mill) = mill_with_guests(&["chatty"]);
    let mut following = Following::start(&mill, &["logs", "chatty", "--follow"]);
    let id = enqueue(&mill, "chatty", r#"{"lines": 1, "bytes": 5}"#);
    following.line(&id);
    let address = mill.server.trim_start_matches("http://").to_owned();
    mill.signal("TERM");
    mill.wait();
    let mut stderr = BufReader::new(following.child.stderr.take().unwrap()).lines();
    let said = stderr.next().unwrap().unwrap();
    assert!(said.ends_with("Trying again."), "{said}");
    let mut dev = command();
    dev.args(["dev", "--listen", &address, "--data"]).arg(folder.path().join("data"));
    mill = Mill::spawn(dev);
    let id = enqueue(&mill, "chatty", r#"{"lines": 1, "bytes": 7}"#);
    following.line(&id);
    following.line("xxxxxxx");
}

#[test]
fn statistics_tell_what_was_completed() {
    let (_folder, mill) = mill_with("\"live\"");
    // Statistics are of what happens after the mill's first look at its queue, and the page says when that is done.
    let until = Instant::now() + WITHIN;
    while !mill.page("/console").contains("No job has come yet") {
        assert!(Instant::now() < until, "it does not look at its queue");
    }
    let id = enqueue(&mill, "greeting", r#"{"name":"Ada"}"#);
    until_state(&mill, "greeting", &id, "completed");
    let completed = |stats: &Value| {
        let points = stats["points"].as_array().cloned().unwrap_or_default();
        points.iter().filter_map(|point| point["completed"].as_u64()).sum::<u64>()
    };
    mill.until(["stats", "greeting", "--hours", "1", "--json"], |stats| completed(stats) == 1);
    let table = mill.wasmill(["stats", "greeting", "--hours", "1"]).ok().stdout;
    assert!(table.starts_with("TIME") && table.contains("completed, at most 1"), "{table}");
    mill.wasmill(["stats", "--hours", "0"]).code(2);
}

#[test]
fn the_live_view_wants_a_terminal_and_once_does_without() {
    let (_folder, mill) = mill_with("\"paused\"");
    enqueue(&mill, "greeting", r#"{"name":"Ada"}"#);
    mill.until(["status", "--json"], |status| status["types"][0]["pending"] == 1);
    let refused = mill.wasmill(["top"]).code(2).stderr;
    assert!(refused.contains("wants a terminal") && refused.contains("--once"), "{refused}");
    let picture = mill.wasmill(["top", "--once"]).ok().stdout;
    assert!(picture.starts_with(&format!("wasmill top {}\n", mill.server)), "{picture}");
    assert!(picture.contains("→ pending 1 → in flight 0"), "{picture}");
    let row = picture.lines().find(|line| line.starts_with("greeting (paused)")).unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("1"), "{picture}");
    assert!(!picture.contains('\u{1b}'), "{picture}");
    let silent = wasmill(["top", "--once", "--server", "http://127.0.0.1:1"]).code(3).stderr;
    assert!(silent.contains("no answer from http://127.0.0.1:1"), "{silent}");
}
