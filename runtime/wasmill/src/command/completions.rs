//! `wasmill completions`: a script that teaches the shell the commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Result;
use crate::terminal::print_bytes;

/// Print a completion script for a shell
///
/// For bash: wasmill completions bash > ~/.local/share/bash-completion/completions/wasmill
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::CommandLine::command(), "wasmill", &mut script);
        print_bytes(&script)
    }
}
