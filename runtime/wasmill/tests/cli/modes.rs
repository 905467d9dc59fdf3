//! Pausing, resuming and switching off a job type from the command line.

use std::fs;

use crate::mill::Mill;
use crate::wasmill::prebuilt;

/// A mill with the job type `greeting` in this mode, as files write it, in revision 1.
pub(crate) fn mill_with(mode: &str) -> (tempfile::TempDir, Mill) {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    mill.wasmill(["deploy", &prebuilt("hello"), "--name", "hello@1.0.0"]).ok();
    let routes = folder.path().join("routes.toml");
    let text = format!("[type.greeting]\nmode = {mode}\nhandlers = [ {{ module = \"hello@1.0.0\" }} ]\n");
    fs::write(&routes, text).unwrap();
    mill.wasmill(["apply", routes.to_str().unwrap(), "--yes"]).ok();
    (folder, mill)
}

/// Enqueues a job, and answers its id.
pub(crate) fn enqueue(mill: &Mill, job_type: &str, payload: &str) -> String {
    let said = mill.wasmill_reading(["enqueue", job_type, "--payload", "-", "--json"], payload);
    said.ok().json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_type_is_paused_resumed_and_switched_off() {
    let (_folder, mill) = mill_with("\"live\"");
    let said = mill.wasmill(["types", "pause", "greeting", "--message", "the mail is late"]).ok().stdout;
    assert_eq!(said, "applied greeting: live → paused, revision 2\n");
    mill.followed();
    let id = enqueue(&mill, "greeting", r#"{"name":"Ada"}"#);
    let show = ["job", "show", "greeting", &id, "--json"];
    mill.until(show, |job| job["state"] == "pending");
    let history = mill.wasmill(["history", "--limit", "1"]).ok().stdout;
    assert!(history.contains("the mail is late"), "{history}");

    let again = mill.wasmill(["types", "pause", "greeting"]).ok().stdout;
    assert_eq!(again, "greeting is paused already, in revision 2\n");
    let said = mill.wasmill(["types", "resume", "greeting", "--json"]).ok().json();
    assert_eq!(said["revision"], 3);
    mill.until(show, |job| job["state"] == "completed");

    let said = mill.wasmill(["types", "off", "greeting"]).ok().stdout;
    assert_eq!(said, "applied greeting: live → off, revision 4\n");
    assert!(mill.wasmill(["enqueue", "greeting"]).code(1).stderr.contains("switched off"));
    let unknown = mill.wasmill(["types", "pause", "nobody"]).code(1).stderr;
    assert!(unknown.contains("no type `nobody`") && unknown.contains("wasmill types list"), "{unknown}");
}

#[test]
fn a_type_goes_back_to_the_mode_of_before_and_one_that_works_keeps_its_own() {
    let (_folder, mill) = mill_with("{ live = \"5%\" }");
    mill.wasmill(["types", "pause", "greeting"]).ok();
    mill.wasmill(["types", "off", "greeting"]).ok();
    let said = mill.wasmill(["types", "resume", "greeting"]).ok().stdout;
    assert_eq!(said, "applied greeting: off → live 5%, revision 4\n");
    let again = mill.wasmill(["types", "resume", "greeting"]).ok().stdout;
    assert_eq!(again, "greeting is live 5% already, in revision 4\n");
}
