//! `wasmill deploy`: gives a module to the server, under a version.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use wasmill_job::{ModuleDigest, ModuleTag};

use crate::client::Call;
use crate::command::target::Target;
use crate::failure::{Failure, Result};
use crate::terminal::{GREEN, print, print_bytes, styled, tell};

/// Give a WebAssembly module to the server, under a version
///
/// The server checks it, turns a core module into a component, and compiles it. A version never changes: deploying
/// other bytes under the same NAME@VERSION is refused.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The module: a component of the world wasmill:job/handler, or a core module made with the SDK
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The version, such as welcome@1.4.2
    #[arg(long, value_name = "NAME@VERSION")]
    name: ModuleTag,
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// What the server says about a module it took.
#[derive(Debug, Deserialize)]
struct Deployed {
    digest: ModuleDigest,
}

impl Deploy {
    pub(crate) async fn run(self) -> Result<()> {
        let file = self.file.display().to_string();
        let bytes = tokio::fs::read(&self.file).await.map_err(|error| Failure::unreadable(&file, &error))?;
        let size = bytes.len();
        let call = Call::post("/v1/modules").query("tag", self.name.as_str()).body("application/wasm", bytes);
        let answer = self.target.server()?.success(call).await?;
        if self.json {
            return print_bytes(&answer.body);
        }
        let deployed: Deployed = answer.read()?;
        print(&format!(
            "{} {}  sha256:{}  {size} bytes\n",
            styled(GREEN, "deployed"),
            self.name,
            deployed.digest
        ))?;
        tell(&format!(
            "Next: name it in a route, handlers = [{{ module = \"{}\" }}], and `wasmill apply` that file.",
            self.name
        ));
        Ok(())
    }
}
