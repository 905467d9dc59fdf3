//! Entry point: reads the command line, runs one command, and ends with a sentence and an exit code when it fails.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

use crate::command::Command;

mod age;
mod batch;
mod client;
mod command;
mod demo;
mod failure;
mod input;
mod mill;
mod progress;
mod record;
mod spark;
mod table;
mod terminal;

/// Background jobs as sandboxed WebAssembly.
///
/// Start with `wasmill demo`, or with `wasmill dev` and `wasmill deploy`.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true, after_help = failure::EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match CommandLine::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::tell(&format!("{}: {failure}", terminal::styled(terminal::RED, "error")));
            failure.exit.into()
        }
    }
}
