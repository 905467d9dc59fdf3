//! `wasmill compile-alone`: the process in which a module is checked or compiled, with limits. Not a command for people, so it
//! is hidden.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;
use wasmill_sandbox::{
    CheckError, CheckLimits, Component, SandboxConfig, check_apart, check_for_parent, compile_for_parent,
};

use super::run_alone::OWN_PROGRAM;
use crate::failure::{Exit, Failure, Result};

/// Compile one module for a gateway or a worker; it comes on the standard input
#[derive(Debug, Args)]
pub(crate) struct CompileAlone {
    /// Check it, and compile nothing
    #[arg(long)]
    check: bool,
}

/// Starts such a process.
pub(crate) fn compile_alone() -> Command {
    let mut command = Command::new(OWN_PROGRAM);
    command.arg0("wasmill").arg("compile-alone");
    command
}

/// Checks an upload: what kills the process that does it does not kill this one.
pub(crate) fn check_upload(upload: &[u8]) -> std::result::Result<Component, CheckError> {
    let mut program = compile_alone();
    program.arg("--check");
    check_apart(upload, &CheckLimits::default(), program)
}

impl CompileAlone {
    pub(crate) fn run(self) -> Result<()> {
        if std::io::stdin().is_terminal() {
            return Err(Failure::new(Exit::Usage, "a gateway or a worker starts this by itself.")
                .advise("To check a module and see what compiling it takes, use `wasmill run`."));
        }
        if self.check {
            return check_for_parent(CheckLimits::default()).map_err(|error| Failure::new(Exit::No, error));
        }
        // Nothing in the settings of an engine that an operator can turn changes the code.
        compile_for_parent(&SandboxConfig::default()).map_err(|error| Failure::new(Exit::No, error))
    }
}
