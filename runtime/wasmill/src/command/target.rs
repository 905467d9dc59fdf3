//! Which server a command speaks to, and as whom.

use std::path::PathBuf;

use clap::Args;

use crate::client::Server;
use crate::client::token::Token;
use crate::failure::Result;

/// The server.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The server's address
    #[arg(
        long,
        env = "WASMILL_SERVER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:8420"
    )]
    server: String,
    /// A file with the token for a server that asks for one; without it the variable WASMILL_TOKEN is looked at
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Target {
    pub(crate) fn server(&self) -> Result<Server> {
        let server = Server::new(&self.server)?;
        Ok(server.with_token(Token::find(self.token_file.as_deref())?))
    }
}
