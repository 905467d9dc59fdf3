//! `wasmill check`: every mistake at once, and what is in force when there is none.

use std::fs;

use crate::wasmill::wasmill;

#[test]
fn catalog_files_are_checked_for_the_mill_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let (config, routes) = (folder.path().join("wasmill.toml"), folder.path().join("routes.toml"));
    fs::write(
        &config,
        "[log]\nkind = \"none\"\n[queue]\nkind = \"redis\"\nurl = \"redis://:s3cret@host:1\"\n",
    )
    .unwrap();
    fs::write(&routes, "[type.a]\nhandlers = [{ module = \"a@1\" }]\npath = \"queue\"\n").unwrap();
    let (config, routes) = (config.to_str().unwrap(), routes.to_str().unwrap());
    let said = wasmill(["check", "--config", config, routes]).ok();
    assert!(
        said.stdout.contains("redis://:***@host:1") && !said.stdout.contains("s3cret"),
        "{}",
        said.stdout
    );
    let said = wasmill(["check", routes]).code(64);
    assert!(said.stderr.contains("give the mill a Redis"), "{}", said.stderr);
}

#[test]
fn all_mistakes_of_all_files_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    fs::write(&config, "[gateway]\nlisten = \"everywhere\"\n\n[queues]\n").unwrap();
    let routes = folder.path().join("routes.toml");
    fs::write(
        &routes,
        "[type.a]\nhandlers = [ { module = \"a@1\" } ]\nlimits = { memory = \"lots\" }\nownr = \"x\"\n",
    )
    .unwrap();
    let (config, routes) = (config.to_str().unwrap(), routes.to_str().unwrap());

    let said = wasmill(["check", "--config", config, routes]).code(64);
    for place in ["wasmill.toml:2:", "wasmill.toml:4:", "routes.toml:3:", "routes.toml:4:"] {
        assert!(said.stderr.contains(place), "{place} is missing in\n{}", said.stderr);
    }
    assert!(said.stderr.contains("4 mistakes"), "{}", said.stderr);

    let said = wasmill(["check", "--config", config, routes, "--json"]).code(64);
    assert_eq!(said.json()["mistakes"].as_array().unwrap().len(), 4);
}

#[test]
fn versions_that_are_named_count_as_deployed() {
    let folder = tempfile::tempdir().unwrap();
    let routes = folder.path().join("routes.toml");
    fs::write(
        &routes,
        "[queue.mail]\n\n[type.\"email.welcome\"]\nqueue = \"mail\"\nhandlers = [ { module = \"a@1\" } ]\n",
    )
    .unwrap();
    assert!(wasmill(["check", routes.to_str().unwrap()]).ok().stderr.contains("no mistakes"));
}

#[test]
fn what_is_in_force_is_a_file_that_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    fs::write(&config, "[worker]\nslots = 3\n").unwrap();
    let in_force = wasmill(["check", "--config", config.to_str().unwrap()]).ok().stdout;
    assert!(in_force.contains("slots = 3") && in_force.contains("127.0.0.1:8420"), "{in_force}");
    fs::write(&config, &in_force).unwrap();
    assert_eq!(wasmill(["check", "--config", config.to_str().unwrap()]).ok().stdout, in_force);
}

#[test]
fn variables_are_checked_too() {
    let said = crate::wasmill::command().arg("check").env("WASMILL_WORKER_SLOTS", "many").output().unwrap();
    assert_eq!(said.status.code(), Some(64));
    assert!(String::from_utf8(said.stderr).unwrap().contains("WASMILL_WORKER_SLOTS"));
}

#[test]
fn the_configuration_in_deploy_has_no_mistakes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/wasmill.toml");
    let said = wasmill(["check", "--config", path]).ok();
    assert!(said.stdout.contains("kind = \"kafka\"") && said.stdout.contains("kafka-1:9092,kafka-2:9092"));
}

#[test]
fn kafka_before_the_embedded_queue_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wasmill.toml");
    fs::write(&config, "[log]\nkind = \"kafka\"\n[kafka]\nbrokers = [\"kafka:9092\"]\n").unwrap();
    let said = wasmill(["check", "--config", config.to_str().unwrap()]).code(64);
    assert!(
        said.stderr.contains(":2:1: `log.kind` is \"kafka\", and the embedded queue is for one process"),
        "{}",
        said.stderr
    );
}
