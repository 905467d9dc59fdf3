//! How deaths are told, and children that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn start(program: &'static str, arguments: &'static [&'static str]) -> StartAlone {
    Arc::new(move || {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    })
}

#[test]
fn a_death_completes_a_sentence() {
    let tellings = [
        (Death::Signal(11), "was ended by signal 11 (SIGSEGV)"),
        (Death::Signal(40), "was ended by signal 40"),
        (Death::Exit(101), "ended with exit code 101"),
        (Death::Hung(Duration::from_secs(40)), "did not answer within 40s and was killed"),
    ];
    for (death, telling) in tellings {
        assert_eq!(death.to_string(), telling);
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_no_child() {
    let error = Child::start(&start("/nowhere/wasmill", &[])).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, NoChild::Spawn(_)), "{error}");
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_no_child() {
    let error = Child::start(&start("/bin/sh", &["-c", "exit 64"])).await.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the process ended with exit code 64 before it ran it");
}

#[tokio::test]
async fn a_program_that_says_something_else_is_no_child() {
    let error = Child::start(&start("/bin/sh", &["-c", "echo hello, world"])).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, NoChild::Garbled(Garbled::TooLong { .. })), "{error}");
}

#[tokio::test]
async fn a_child_gets_no_environment() {
    // The exit code counts what it has, beyond what the shell adds by itself.
    const COUNT: &str = "exit $(env | grep -cv -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_=)";
    assert!(std::env::vars_os().count() > 0);
    let error = Child::start(&start("/bin/sh", &["-c", COUNT])).await.map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the process ended with exit code 0 before it ran it");
}
