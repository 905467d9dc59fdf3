//! A queue gets other partitions on a real mill: jobs go on, the old generation is shown while it drains, and is retired.

use std::fs;
use std::path::Path;

use crate::mill::Mill;
use crate::wasmill::{prebuilt, wasmill};

/// Applies a file with this text, and answers what was printed.
fn apply(mill: &Mill, folder: &Path, text: &str) -> String {
    let file = folder.join("mill.toml");
    fs::write(&file, text).unwrap();
    mill.wasmill(["apply", file.to_str().unwrap(), "--yes"]).ok().stdout
}

fn greet(mill: &Mill) -> String {
    let said = mill.wasmill_reading(["enqueue", "greeting", "--payload", "-", "--json"], r#"{"name":"Ada"}"#);
    said.ok().json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_queue_changes_its_partitions_and_the_old_generation_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let mill = Mill::start(&folder.path().join("data"));
    mill.wasmill(["deploy", &prebuilt("hello"), "--name", "hello@1.0.0"]).ok();
    let route = "[type.greeting]\nhandlers = [{ module = \"hello@1.0.0\" }]\n";
    apply(&mill, folder.path(), &format!("{route}mode = \"paused\"\n"));
    let old = greet(&mill);
    let state_of = |id: &str, state: &'static str| {
        mill.until(["job", "show", "greeting", id, "--json"], |job| job["state"] == state)
    };
    state_of(&old, "pending");
    let said = apply(&mill, folder.path(), "[queue.default]\npartitions = 8\n");
    let expected =
        "~ queue default\n    partitions: 4 → 8\n    generation: 1 → 2\n    draining: 1 (4 partitions)\n";
    assert!(said.starts_with(expected), "{said}");
    let new = greet(&mill);
    state_of(&new, "pending");

    let listed = mill.wasmill(["queues", "list"]).ok().stdout;
    let row: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["default", "8", "main", "2", "1", "quorum", "1"], "{listed}");
    let shown = mill.wasmill(["queues", "show", "default"]).ok().stdout;
    let rows: Vec<Vec<_>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["1", "draining", "4", "main", "1", "1", "0", "0", "0"]), "{shown}");
    assert!(rows.contains(&vec!["2", "current", "8", "main", "1", "1", "0", "0", "0"]), "{shown}");
    let held = mill.wasmill(["queues", "retire", "default", "1", "--yes"]).code(1).stderr;
    assert!(held.contains("is not drained: 1 records") && held.contains("then repeat"), "{held}");
    let asked = mill.wasmill(["queues", "retire", "default", "1"]).code(1).stderr;
    assert!(asked.contains("--yes"), "{asked}");

    apply(&mill, folder.path(), route);
    state_of(&old, "completed");
    state_of(&new, "completed");
    mill.until(["queues", "show", "default", "--json"], |queue| queue["generations"][0]["unsettled"] == 0);
    let retired = mill.wasmill(["queues", "retire", "default", "1", "--yes"]).ok().stdout;
    assert!(retired.ends_with("applied revision 4\n"), "{retired}");
    let left = mill.wasmill(["queues", "show", "default", "--json"]).ok().json();
    assert_eq!((left["generations"].as_array().unwrap().len(), &left["generation"]), (1, &2.into()));
    // What was found by its id is found on.
    state_of(&old, "completed");
}

#[test]
fn a_redis_is_checked_against_the_configuration_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let (config, routes) = (folder.path().join("wasmill.toml"), folder.path().join("routes.toml"));
    let redis = "[log]\nkind = \"none\"\n[queue]\nkind = \"redis\"\n";
    fs::write(&config, format!("{redis}[[queue.more]]\nname = \"big\"\nurl = \"redis://big:1\"\n")).unwrap();
    fs::write(&routes, "[queue.mail]\nredis = \"bigg\"\n").unwrap();
    let (config, routes) = (config.to_str().unwrap(), routes.to_str().unwrap());
    let said = wasmill(["check", "--config", config, routes]).code(64).stderr;
    assert!(said.contains("no Redis \"bigg\"") && said.contains("did you mean `big`"), "{said}");
    assert!(wasmill(["check", routes]).ok().stderr.contains("no mistakes"));
}
