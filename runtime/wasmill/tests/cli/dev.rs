//! `wasmill dev`: a day in the life of a mill, and what keeps one from starting.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use tempfile::TempDir;

use crate::mill::Mill;
use crate::wasmill::{prebuilt, wasmill};

const ROUTES: &str = "\
[type.greeting]
handlers = [ { module = \"hello@1.0.0\" } ]
";

/// A folder with the routes, and a mill that has the module.
fn mill_with_module() -> (TempDir, Mill, String) {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    let deployed = mill.wasmill(["deploy", &prebuilt("hello"), "--name", "hello@1.0.0"]).ok();
    assert!(deployed.stdout.starts_with("deployed hello@1.0.0"), "{}", deployed.stdout);
    let routes = folder.path().join("routes.toml");
    fs::write(&routes, ROUTES).unwrap();
    let routes = routes.to_str().unwrap().to_owned();
    (folder, mill, routes)
}

#[test]
fn from_deploy_to_a_clean_end() {
    let (folder, mill, routes) = mill_with_module();

    let refused = mill.wasmill(["apply", &routes]).code(1);
    assert!(refused.stdout.contains("+ type greeting"), "the difference is shown: {}", refused.stdout);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    let applied = mill.wasmill(["apply", &routes, "--yes", "--message", "first"]).ok();
    assert!(applied.stdout.ends_with("applied revision 1\n"), "{}", applied.stdout);
    assert!(mill.wasmill(["apply", &routes]).ok().stdout.contains("nothing to change"));

    let stored = mill
        .wasmill_reading(["enqueue", "greeting", "--payload", "-", "--json"], "{\"name\":\"Ada\"}")
        .ok()
        .json();
    let id = stored["id"].as_str().unwrap();
    let show = ["job", "show", "greeting", id, "--json"];
    mill.until(show, |job| job["state"] == "completed");
    let shown = mill.wasmill(["job", "show", "greeting", id]).ok().stdout;
    assert!(shown.contains("state     completed") && shown.contains("Ada"), "{shown}");
    let output = mill.wasmill(["job", "show", "greeting", id, "--output"]).ok();
    assert!(output.json().to_string().contains("Ada"), "{}", output.stdout);
    // The queue has let the payload go, and the log has it.
    let payload = mill.wasmill(["job", "payload", "greeting", id]).ok().stdout;
    assert_eq!(payload, "{\"name\":\"Ada\"}");
    let late = mill.wasmill(["job", "cancel", "greeting", id]).code(1);
    assert!(late.stderr.contains("already completed"), "{}", late.stderr);

    let status = mill.wasmill(["status"]).ok().stdout;
    let counts: Vec<&str> = status.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(counts, ["greeting", "1", "0", "0", "0", "1", "0"], "{status}");

    mill.signal("TERM");
    assert_eq!(mill.ended().code(), Some(0));
    // What was stored is there again.
    let mill = Mill::start(&folder.path().join("data"));
    assert_eq!(mill.wasmill(["job", "show", "greeting", id, "--json"]).ok().json()["state"], "completed");
    mill.signal("INT");
    assert_eq!(mill.ended().code(), Some(0));
}

#[test]
fn dead_letters_are_listed_redriven_and_purged() {
    let (_folder, mill, routes) = mill_with_module();
    mill.wasmill(["apply", &routes, "--yes"]).ok();
    assert!(mill.wasmill(["dead", "list"]).ok().stdout.contains("no dead letters"));
    // Three payloads that the handler cannot read.
    mill.wasmill_reading(["enqueue", "greeting", "--payload", "-"], "7").ok();
    mill.wasmill_reading(["enqueue", "greeting", "--payload", "-"], "no JSON").ok();
    mill.wasmill_reading(["enqueue", "greeting", "--payload", "-"], "{\"name\": 7}").ok();
    let letters = mill.until(["dead", "list", "--type", "greeting", "--json"], |page| {
        page["letters"].as_array().is_some_and(|letters| letters.len() == 3)
    });
    let id = letters["letters"][0]["id"].as_str().unwrap();
    assert_eq!(letters["letters"][0]["code"], "rejected");
    let table = mill.wasmill(["dead", "list", "--limit", "1"]).ok();
    assert!(
        table.stdout.contains("rejected") && table.stderr.contains("--after"),
        "{}{}",
        table.stdout,
        table.stderr
    );

    // Whether the letter is in the log already is a matter of moments.
    let redriven = mill.until(["dead", "redrive", id, "--json"], |answer| answer["redriven"] == 1);
    assert_eq!(redriven["refused"], 0);
    // It dies again.
    mill.until(["dead", "list", "--json"], |page| {
        page["letters"].as_array().is_some_and(|letters| letters.iter().any(|letter| letter["redrives"] == 1))
    });
    let unknown = mill.wasmill(["dead", "redrive", "0190163d-8694-8001-8000-64c2f1a0b3d5"]).code(1);
    assert!(unknown.stderr.contains("there is no such letter"), "{}", unknown.stderr);

    assert!(mill.wasmill(["dead", "purge", "--all"]).code(1).stderr.contains("--yes"));
    assert!(mill.wasmill(["dead", "purge"]).code(2).stderr.contains("--all"));
    mill.until(["dead", "purge", "--all", "--yes", "--json"], |answer| answer["waiting"] == 0);
    mill.until(["dead", "list", "--json"], |page| page["letters"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_job_that_waits_can_be_cancelled() {
    let (folder, mill, _routes) = mill_with_module();
    let paused = folder.path().join("paused.toml");
    fs::write(&paused, format!("{ROUTES}mode = \"paused\"\n")).unwrap();
    mill.wasmill(["apply", text(&paused), "--yes"]).ok();
    mill.followed();
    let enqueue = ["enqueue", "greeting", "--payload", "-", "--json"];
    let stored = mill.wasmill_reading(enqueue, "{\"name\": \"Bo\"}").ok().json();
    let id = stored["id"].as_str().unwrap();
    mill.until(["job", "show", "greeting", id, "--json"], |job| job["state"] == "pending");
    let receipt = stored["receipt"].as_str().unwrap();
    mill.wasmill(["job", "show", "greeting", id, "--receipt", receipt]).ok();
    let file = folder.path().join("bo.json");
    let into = ["job", "payload", "greeting", id, "--receipt", receipt, "--output", text(&file)];
    assert_eq!(mill.wasmill(into).ok().stdout, "");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"name\": \"Bo\"}");
    let nowhere = folder.path().join("missing/bo.json");
    let said = mill.wasmill(["job", "payload", "greeting", id, "--output", text(&nowhere)]).code(1).stderr;
    assert!(said.contains("bo.json cannot be written"), "{said}");
    let said = mill.wasmill(["job", "payload", "other", id]).code(1).stderr;
    assert!(said.contains("belongs to another type"), "{said}");
    let listed = mill.wasmill(["job", "list", "--state", "pending", "--type", "greeting"]).ok().stdout;
    assert!(listed.contains(id), "{listed}");
    let listed = mill.wasmill(["job", "list", "--state", "pending", "--json"]).ok().json();
    assert_eq!(listed["id"], id);
    let sound = mill.wasmill(["queue", "check"]).ok().stdout;
    assert_eq!(sound, "sound 1 jobs, each in one place\n");
    let cancelled = mill.wasmill(["job", "cancel", "greeting", id]).ok().stdout;
    assert_eq!(cancelled, format!("cancelling {id}\n"));
    mill.until(["job", "show", "greeting", id, "--json"], |job| job["state"] == "cancelled");
    let no_output = mill.wasmill(["job", "show", "greeting", id, "--output"]).code(1);
    assert!(no_output.stderr.contains("cancelled and has no output"), "{}", no_output.stderr);
}

#[test]
fn a_file_of_jobs_is_streamed() {
    let (folder, mill, routes) = mill_with_module();
    mill.wasmill(["apply", &routes, "--yes"]).ok();
    let file = folder.path().join("jobs.ndjson");
    let lines: String = (0..2_500).map(|number| format!("{{\"name\":\"{number}\"}}\n")).collect();
    fs::write(&file, &lines).unwrap();
    let file = file.to_str().unwrap();
    let summary =
        mill.wasmill(["enqueue", "greeting", "--batch", file, "--key", "import", "--json"]).ok().json();
    assert_eq!((summary["stored"].as_u64(), summary["refused"].as_u64()), (Some(2_500), Some(0)));
    // The same file under the same key makes no second job.
    mill.wasmill(["enqueue", "greeting", "--batch", file, "--key", "import"]).ok();
    let status = mill.until(["status", "--json"], |status| {
        let row = &status["types"][0];
        row["completed"] == 2_500 && row["duplicates"] == 2_500
    });
    assert_eq!(status["types"][0]["dead"], 0);

    let mixed = "{\"type\":\"greeting\",\"payload\":{\"name\":\"x\"}}\n{\"type\":\"greetings\"}\nnonsense\n";
    let refused = mill.wasmill_reading(["enqueue", "--batch", "-"], mixed).code(1);
    assert!(refused.stdout.starts_with("stored 1 jobs"), "{}", refused.stdout);
    assert!(refused.stderr.contains("line 2: ") && refused.stderr.contains("greeting"), "{}", refused.stderr);
    assert!(refused.stderr.contains("line 3: "), "{}", refused.stderr);
    assert!(refused.stderr.contains("2 of the lines made no job"), "{}", refused.stderr);
}

#[test]
fn the_servers_refusals_are_passed_on_in_its_words() {
    let (folder, mill, routes) = mill_with_module();
    mill.wasmill(["apply", &routes, "--yes"]).ok();
    let unknown = mill.wasmill(["enqueue", "greting"]).code(1);
    assert!(unknown.stderr.contains("greeting"), "near matches: {}", unknown.stderr);
    let taken = mill.wasmill(["deploy", &prebuilt("noop"), "--name", "hello@1.0.0"]).code(1);
    assert!(taken.stderr.contains("hello@1.0.0"), "{}", taken.stderr);
    let no_module = mill.wasmill(["deploy", &routes, "--name", "routes@1.0.0"]).code(1);
    assert!(no_module.stderr.contains("not Wasm"), "{}", no_module.stderr);
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, "[type.a]\nhandlers = [ { module = \"helo@1.0.0\" } ]\n\n[type.b]\nowner = 7\n")
        .unwrap();
    let mistakes = mill.wasmill(["apply", wrong.to_str().unwrap(), "--yes"]).code(1);
    assert!(
        mistakes.stderr.contains("wrong.toml:2:") && mistakes.stderr.contains("wrong.toml:5:"),
        "{}",
        mistakes.stderr
    );
}

#[test]
fn a_killed_mill_has_lost_nothing() {
    let (folder, mill, routes) = mill_with_module();
    mill.wasmill(["apply", &routes, "--yes"]).ok();
    let stored = mill
        .wasmill_reading(["enqueue", "greeting", "--payload", "-", "--json"], "{\"name\":\"Ada\"}")
        .ok()
        .json();
    drop(mill); // kill -9
    let mill = Mill::start(&folder.path().join("data"));
    let id = stored["id"].as_str().unwrap();
    mill.until(["job", "show", "greeting", id, "--json"], |job| job["state"] == "completed");
}

#[test]
fn a_second_signal_ends_the_drain_at_once() {
    let (_folder, mill, _routes) = mill_with_module();
    let address = mill.server.strip_prefix("http://").unwrap().to_owned();
    // A request whose body never comes: the drain waits for it.
    let mut slow = TcpStream::connect(&address).unwrap();
    write!(slow, "POST /v1/jobs HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n").unwrap();
    write!(slow, "content-length: 9\r\nexpect: 100-continue\r\n\r\n").unwrap();
    // The answer comes when the body is waited for.
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    mill.signal("TERM");
    // The drain has begun when nobody listens any more.
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    mill.signal("TERM");
    assert_eq!(mill.ended().code(), Some(143));
}

fn start_refused<'a>(args: impl IntoIterator<Item = &'a str>) -> String {
    let said = wasmill(["dev"].into_iter().chain(args)).code(64);
    assert_eq!(said.stdout, "");
    said.stderr
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn other_machines_are_not_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let said = start_refused(["--data", text(&data), "--listen", "0.0.0.0:0"]);
    assert!(said.contains("can be reached from other machines"), "{said}");
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = start_refused(["--data", text(&folder.path().join("data")), "--listen", &address]);
    assert!(said.contains(&format!("{address} is in use")), "{said}");
}

#[test]
fn a_folder_in_use_names_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mill = Mill::start(&data);
    let said = start_refused(["--data", text(&data), "--listen", "127.0.0.1:0"]);
    assert!(said.contains(&format!("process {}", mill.pid())), "{said}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let said = start_refused(["--data", text(&file.join("data")), "--listen", "127.0.0.1:0"]);
    assert!(said.contains("cannot be made") && said.contains("--data"), "{said}");
}

#[test]
fn a_damaged_log_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mill = Mill::start(&data);
    mill.signal("TERM");
    assert_eq!(mill.ended().code(), Some(0));
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "redb");
    let file = fs::read_dir(data.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| is_log(path))
        .unwrap();
    let nonsense = vec![b'?'; fs::metadata(&file).unwrap().len().try_into().unwrap()];
    fs::write(&file, &nonsense).unwrap();
    let said = start_refused(["--data", text(&data), "--listen", "127.0.0.1:0"]);
    assert!(said.contains(text(&file)) && said.contains("damaged"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), nonsense);
}

#[test]
fn mistakes_in_the_configuration_come_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wasmill.toml");
    fs::write(&file, "[worker]\nslots = 0\nlaese = \"30s\"\n").unwrap();
    let said = start_refused(["--config", text(&file)]);
    assert!(said.contains("wasmill.toml:2:") && said.contains("wasmill.toml:3:"), "{said}");
}
