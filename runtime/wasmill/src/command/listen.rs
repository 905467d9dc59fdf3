//! Which addresses a command may listen on: beyond loopback only where callers have to show a token.

use std::net::SocketAddr;

use wasmill_process::Config;

use crate::failure::{Exit, Failure, Result};

/// For what is meant for this machine alone.
///
/// # Errors
/// When other machines could reach the address.
pub(crate) fn loopback_only(listen: SocketAddr) -> Result<()> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::new(Exit::Config, format_args!("{listen} can be reached from other machines, and `dev` is for this one."))
        .advise(
            "Listen on a loopback address, 127.0.0.1:8420 or [::1]:8420; or start `wasmill serve`, with tokens in the \
             configuration, which `wasmill init` writes.",
        ))
}

/// For services.
///
/// # Errors
/// When other machines could reach the address, and nobody would ask them for a token.
pub(crate) fn loopback_or_tokens(listen: SocketAddr, config: &Config) -> Result<()> {
    if listen.ip().is_loopback() || !config.auth.tokens.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Config,
        format_args!("{listen} can be reached from other machines, and the configuration has no tokens: whoever comes could run code here."),
    )
    .advise(
        "`wasmill init` writes a configuration with a first token; or put the lines of `wasmill token new` into the one \
         there is; or listen on a loopback address, 127.0.0.1:8420 or [::1]:8420.",
    ))
}
