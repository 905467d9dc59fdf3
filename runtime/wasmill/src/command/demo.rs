//! `wasmill demo`: the whole mill at work on real pages, in a temporary folder.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use tempfile::TempDir;
use tokio::net::TcpListener;
use wasmill_process::config::{LogKind, ProcessEnvironment, QueueKind};
use wasmill_process::{Config, Signals, start_logs};

use crate::client::Server;
use crate::command::dev::{finish, other_server};
use crate::demo::corpus::Corpus;
use crate::demo::load::Load;
use crate::demo::report::Records;
use crate::failure::{Exit, Failure, Result};
use crate::mill::{Mill, Role};
use crate::terminal::{BOLD, DIM, print, styled};

/// See it at work: a mill in a temporary folder, a handler, thousands of jobs made from real HTML pages
///
/// The handler is plugins/unfurl, compiled to WebAssembly and part of this binary. The pages are documentation found on
/// this machine. The server goes on until Ctrl-C; then the folder is deleted.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End when the numbers are told
    #[arg(long)]
    exit: bool,
    /// How many jobs
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    jobs: u32,
}

/// Jobs that are timed alone.
const ALONE: usize = 100;

impl Demo {
    pub(crate) async fn run(self) -> Result<()> {
        let folder = tempfile::Builder::new().prefix("wasmill-demo-").tempdir().map_err(|error| {
            Failure::new(Exit::Config, format_args!("no temporary folder can be made: {error}."))
                .advise("TMPDIR names where they go.")
        })?;
        let mut config = config(&folder)?;
        start_logs(&config.telemetry).map_err(|error| Failure::new(Exit::Config, error))?;
        let mut signals = Signals::new().map_err(|error| Failure::new(Exit::Config, error))?;
        let listener = listener().await.map_err(|error| Failure::new(Exit::Config, error))?;
        config.gateway.listen = listener.local_addr().map_err(|error| Failure::new(Exit::Config, error))?;
        let mut mill = Mill::start_on(listener, &config, Role::All, Vec::new()).await?;
        let told = tokio::select! {
            told = self.tell(&mut mill, &folder) => told,
            // The demo is a client of its own mill: it cannot go on while that drains.
            _ = signals.next() => Err(Failure::new(Exit::No, "stopped before the end.")),
        };
        let worked = match told {
            Ok(()) if !self.exit => mill.work(&mut signals).await,
            told => told,
        };
        finish(mill, signals, worked).await
    }

    async fn tell(&self, mill: &mut Mill, folder: &TempDir) -> Result<()> {
        mill.ready().await?;
        let address = mill.address();
        let data = styled(DIM, format_args!("data in {}, deleted at the end", folder.path().display()));
        print(&format!("{} listens on http://{address}\n{data}\n\n", styled(BOLD, "wasmill demo")))?;

        let load = Load::new(Server::new(&format!("http://{address}"))?);
        load.prepare().await?;
        print(
            "deployed  plugins/unfurl as unfurl@0.1.0: an HTML page in, what a chat shows for its link out\n",
        )?;
        print("applied   a route: jobs of type chat.unfurl go to it\n")?;
        let corpus = tokio::task::spawn_blocking({
            let jobs = self.jobs as usize;
            move || Corpus::find(jobs)
        });
        let corpus = Arc::new(corpus.await.map_err(|error| Failure::new(Exit::No, error))?);
        print(&format!("enqueue   {} jobs, made from {}\n\n", self.jobs, corpus.describe()))?;

        let burst = load.burst(&corpus, self.jobs).await?;
        let records = Records::read(&load, &burst.ids).await?;
        let alone = load.alone(&corpus, ALONE).await?;
        print(&records.render(&burst, alone))?;
        if !self.exit {
            print(&next(address, &load, &records))?;
        }
        if burst.counts.completed == burst.ids.len() as u64 {
            return Ok(());
        }
        Err(Failure::new(
            Exit::No,
            format_args!("only {} of {} jobs completed.", burst.counts.completed, burst.ids.len()),
        )
        .advise("`wasmill dead list` says why."))
    }
}

/// The usual address, unless somebody else has it.
async fn listener() -> std::io::Result<TcpListener> {
    let ports = [8420, 0].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    TcpListener::bind(&ports[..]).await
}

/// The configuration, with a folder of the demo's own, and a log that only speaks up when something is wrong.
fn config(folder: &TempDir) -> Result<Config> {
    let loaded = Config::load(None, &ProcessEnvironment);
    let mut config = loaded.map_err(|mistakes| {
        Failure::new(
            Exit::Config,
            format_args!("the environment has mistakes; nothing was started.\n{mistakes}"),
        )
    })?;
    // It is a client of its own mill, and knows no token.
    config.auth = wasmill_process::config::AuthConfig::default();
    // Everything in the one folder, whatever the environment says of other mills.
    config.log.kind = LogKind::Embedded;
    config.queue.kind = QueueKind::Embedded;
    config.data.dir = folder.path().join("data");
    if config.telemetry.level == Config::default().telemetry.level {
        config.telemetry.level = "warn,audit=off".into();
    }
    Ok(config)
}

fn next(address: SocketAddr, load: &Load, records: &Records) -> String {
    let server = other_server(address);
    let job_type = &load.job_type;
    let show = records
        .example()
        .map(|id| format!("  wasmill job show {job_type} {id}{server}\n"))
        .unwrap_or_default();
    format!(
        "\n{} at {}. Next, in another terminal:\n  \
         wasmill status{server}\n{show}  \
         curl {}/metrics\n\n\
         Ctrl-C ends it.\n",
        styled(BOLD, "The mill goes on"),
        styled(BOLD, format_args!("http://{address}")),
        load.server.address(),
    )
}
