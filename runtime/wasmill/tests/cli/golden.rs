//! Help texts, compared with what stands in `golden/`: a change of the command line is a change of these files.
//! `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::PathBuf;

use crate::wasmill::wasmill;

/// Compares `text` with the golden file.
#[track_caller]
pub(crate) fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{} differs; UPDATE_GOLDEN=1 accepts:\n{text}", path.display());
}

#[test]
fn help_is_as_written_down() {
    compare("help.txt", &wasmill(["--help"]).ok().stdout);
    for command in [
        "dev",
        "serve",
        "gateway",
        "console",
        "relay",
        "worker",
        "demo",
        "new",
        "init",
        "deploy",
        "modules",
        "apply",
        "diff",
        "history",
        "rollback",
        "export",
        "types",
        "queues",
        "modules",
        "enqueue",
        "job",
        "dead",
        "queue",
        "topics",
        "status",
        "top",
        "stats",
        "workers",
        "logs",
        "run",
        "check",
        "token",
        "completions",
    ] {
        compare(&format!("{command}.txt"), &wasmill([command, "--help"]).ok().stdout);
    }
    compare("modules-inspect.txt", &wasmill(["modules", "inspect", "--help"]).ok().stdout);
    compare("relay-accept.txt", &wasmill(["relay", "accept", "--help"]).ok().stdout);
    compare("topics-apply.txt", &wasmill(["topics", "apply", "--help"]).ok().stdout);
    compare("topics-check.txt", &wasmill(["topics", "check", "--help"]).ok().stdout);
    compare("queue-memory.txt", &wasmill(["queue", "memory", "--help"]).ok().stdout);
    compare("modules-prune.txt", &wasmill(["modules", "prune", "--help"]).ok().stdout);
    compare("types-delete.txt", &wasmill(["types", "delete", "--help"]).ok().stdout);
    for command in ["list", "groups", "redrive", "purge"] {
        compare(&format!("dead-{command}.txt"), &wasmill(["dead", command, "--help"]).ok().stdout);
    }
    for command in ["list", "find", "payload"] {
        compare(&format!("job-{command}.txt"), &wasmill(["job", command, "--help"]).ok().stdout);
    }
    for command in ["pause", "resume", "off"] {
        compare(&format!("types-{command}.txt"), &wasmill(["types", command, "--help"]).ok().stdout);
    }
    for command in ["create", "list", "revoke", "rotate", "new"] {
        compare(&format!("token-{command}.txt"), &wasmill(["token", command, "--help"]).ok().stdout);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = wasmill(["completions", shell]).ok().stdout;
        assert!(script.contains("enqueue") && script.contains("groups"), "{shell}:\n{script}");
    }
}
