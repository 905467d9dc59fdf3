//! Command lines that cannot be followed, and servers that are not there: the exit code and the sentence.

use std::net::TcpListener;

use crate::wasmill::{prebuilt, wasmill, wasmill_reading};

/// An address where nobody listens: it was free a moment ago.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let said = wasmill(["status", "--verbose"]).code(2);
    assert!(said.stderr.contains("--verbose"), "{}", said.stderr);
}

#[test]
fn no_command_at_all_shows_the_help() {
    assert!(wasmill([]).code(2).stderr.contains("Usage: wasmill"));
}

#[test]
fn names_are_checked_before_anything_is_sent() {
    let said = wasmill(["enqueue", "mail/send", "--server", &nobody()]).code(2);
    assert!(said.stderr.contains("only letters, digits, dots and dashes"), "{}", said.stderr);
    let said = wasmill(["deploy", &prebuilt("hello"), "--name", "hello", "--server", &nobody()]).code(2);
    assert!(said.stderr.contains("name@version"), "{}", said.stderr);
    let said = wasmill(["job", "show", "mail.send", "17", "--server", &nobody()]).code(2);
    assert!(said.stderr.contains("is not a job id"), "{}", said.stderr);
}

#[test]
fn a_server_that_is_not_there_has_its_own_exit_code_and_a_hint() {
    for args in
        [&["status"][..], &["dead", "list"], &["enqueue", "hello"], &["enqueue", "hello", "--batch", "-"]]
    {
        let args = args.iter().copied().chain(["--server"]);
        let server = nobody();
        let said = wasmill_reading(args.chain([server.as_str()]), "1\n").code(3);
        assert!(said.stderr.contains("Connection refused"), "{}", said.stderr);
        assert!(said.stderr.contains("Is a mill running there?"), "{}", said.stderr);
        assert_eq!(said.stdout, "");
    }
}

#[test]
fn the_server_can_come_from_the_environment() {
    let said = crate::wasmill::command()
        .arg("status")
        .env("WASMILL_SERVER", "https://mill.example")
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8(said.stderr).unwrap().contains("through a tunnel"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for args in [
        &["enqueue", "hello", "--payload", "missing.json"][..],
        &["enqueue", "hello", "--batch", "missing.ndjson"],
        &["deploy", "missing.wasm", "--name", "hello@1"],
        &["apply", "missing.toml"],
        &["run", "missing.wasm"],
        &["check", "missing.toml"],
    ] {
        let said = wasmill(args.iter().copied()).code(2);
        assert!(said.stderr.contains("missing."), "{args:?}: {}", said.stderr);
    }
}

#[test]
fn a_key_without_a_type_is_refused() {
    let said = wasmill_reading(["enqueue", "--batch", "-", "--key", "k"], "").code(2);
    assert!(said.stderr.contains("--key needs a TYPE"), "{}", said.stderr);
    let said = wasmill(["enqueue", "--batch", "-", "--priority", "high"]).code(2);
    assert!(said.stderr.contains("--priority needs a TYPE"), "{}", said.stderr);
    let said = wasmill(["enqueue", "hello", "--priority", "hihg"]).code(2);
    assert!(said.stderr.contains("low, normal, high or urgent"), "{}", said.stderr);
}
