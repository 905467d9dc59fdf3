//! Which server a command speaks to.

use clap::Args;

use crate::client::Server;
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
}

impl Target {
    pub(crate) fn server(&self) -> Result<Server> {
        Server::new(&self.server)
    }
}
