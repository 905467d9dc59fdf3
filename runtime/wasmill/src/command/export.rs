//! `wasmill export`: the routing table as a catalog file.

use clap::Args;

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::Result;
use crate::terminal::print_bytes;

/// Print the routing table as a catalog file (TOML); applying it changes nothing
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// A revision other than the newest
    #[arg(long, value_name = "REVISION")]
    revision: Option<u64>,
    #[command(flatten)]
    target: Target,
}

impl Export {
    pub(crate) async fn run(self) -> Result<()> {
        let mut call = Call::get("/v1/catalog/export");
        if let Some(revision) = self.revision {
            call = call.query("revision", &revision.to_string());
        }
        print_bytes(&self.target.server()?.success(call).await?.body)
    }
}
