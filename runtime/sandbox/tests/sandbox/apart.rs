//! Checking in a process of its own: what becomes of the upload when that process ends well, badly, or not at all.

use std::process::Command;

use wasmill_sandbox::{CheckError, CheckLimits, check_apart};

use super::support::module;

/// A program that takes what it is given, and ends so.
fn ends(how: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("while read -r _; do :; done; {how}"));
    command
}

fn checked(program: Command) -> Result<(), CheckError> {
    check_apart(&module("hello"), &CheckLimits::default(), program).map(drop)
}

#[test]
fn a_module_that_kills_the_process_that_checks_it_is_refused() {
    assert!(checked(ends("exit 0")).is_ok());
    let refused = checked(ends("kill -ABRT $$")).unwrap_err();
    assert!(matches!(refused, CheckError::Exhausting), "{refused}");
}

#[test]
fn a_process_that_cannot_check_says_nothing_about_the_module() {
    let failed = checked(ends("echo no room >&2; exit 1")).unwrap_err();
    assert_eq!(failed.to_string(), "the process that checks modules failed: no room");
    let failed = checked(Command::new("/no/such/program")).unwrap_err();
    assert!(matches!(failed, CheckError::NotChecked { .. }), "{failed}");
}
