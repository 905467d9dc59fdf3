//! `wasmill dev --watch`: what is built is what runs.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::mill::{Mill, WITHIN};
use crate::wasmill::{command, prebuilt};

/// Runs a job of the type, and answers which version ran it.
fn version_that_runs(mill: &Mill, job_type: &str, payload: &str) -> String {
    let enqueue = ["enqueue", job_type, "--payload", payload, "--json"];
    let stored = mill.until(enqueue, |answer| answer["id"].is_string());
    let id = stored["id"].as_str().unwrap();
    let done = mill.until(["job", "show", job_type, id, "--json"], |job| job["state"] == "completed");
    done["module"].as_str().unwrap().to_owned()
}

/// The guest `hello` with a section more that nobody reads: another build.
fn build(to: &Path, number: u8) {
    let mut bytes = fs::read(prebuilt("hello")).unwrap();
    bytes.extend([0, 3, 1, b'n', number]);
    fs::write(to, bytes).unwrap();
}

#[test]
fn a_module_that_is_built_anew_runs_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("to_ada.wasm");
    let payload = folder.path().join("payload.json");
    fs::write(&payload, r#"{"name": "Ada"}"#).unwrap();
    let payload = payload.to_str().unwrap();
    let mut dev = command();
    dev.args(["dev", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path().join("data"));
    dev.arg("--watch").arg(&built);
    let mill = Mill::spawn(dev);
    // It was not there when the mill started; nothing was deployed or applied by hand.
    build(&built, 1);
    let first = version_that_runs(&mill, "to-ada", payload);
    assert!(first.starts_with("to-ada@dev-"), "{first}");
    // What is no module changes nothing, and is not the end of watching.
    fs::write(&built, "half a module").unwrap();
    assert_eq!(version_that_runs(&mill, "to-ada", payload), first);
    build(&built, 2);
    let until = Instant::now() + WITHIN;
    while version_that_runs(&mill, "to-ada", payload) == first {
        assert!(Instant::now() < until, "it still runs {first}");
    }
}
