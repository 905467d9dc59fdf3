//! `wasmill dev` and `wasmill serve`: everything in one process; `wasmill gateway`, `wasmill console` and `wasmill worker`: one role
//! of several.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use wasmill_process::config::ProcessEnvironment;
use wasmill_process::{Config, Signal, Signals, start_logs};

use crate::command::listen::{loopback_only, loopback_or_tokens};
use crate::failure::{Exit, Failure, Result};
use crate::mill::{Mill, Role, Watched};
use crate::terminal::{BOLD, DIM, print, styled};

/// Run everything in one process, on this machine: log, queue, relay, worker, gateway
///
/// Listens on a loopback address only: it is meant for this machine. The data folder survives restarts.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    #[command(flatten)]
    settings: Settings,
    /// Deploy this module now and whenever it is built anew, and have the job types that run it run that; may be repeated
    ///
    /// The module is called like its file when no name is given. When no job type runs it, one of its name is made, with a
    /// route of defaults.
    #[arg(long, value_name = "[NAME=]FILE.wasm")]
    watch: Vec<Watched>,
}

/// Run everything in one process as a service: like dev, without the introduction
///
/// Log and queue are those of the configuration: embedded, or a queue in Redis, with a log before it, here or in Kafka, or
/// without. Listens
/// beyond loopback when the configuration has tokens; `wasmill token new` makes them.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

/// Run the gateway alone: jobs in and the admin API, for workers in processes of their own
///
/// The processes share a queue in Redis, before it a log in Kafka or none (queue.kind = "redis", log.kind = "kafka" or
/// "none"), and the data folder, where modules and catalog are. Listens beyond loopback when the configuration has tokens.
#[derive(Debug, Args)]
pub(crate) struct Gateway {
    #[command(flatten)]
    settings: Settings,
}

/// Run the console alone: the admin API and its pages, where no job comes in
///
/// For who wants pages and jobs in processes, and behind addresses, of their own; gateways have the console all the same. It shares
/// with the others what a gateway does (queue.kind = "redis", log.kind = "kafka" or "none", and the data folder). Listens beyond
/// loopback when the configuration has tokens [default: 127.0.0.1:8424].
#[derive(Debug, Args)]
pub(crate) struct Console {
    #[command(flatten)]
    settings: Settings,
}

/// Run a worker alone, beside a gateway in a process of its own
///
/// Any number may run. They share a queue in Redis (queue.kind = "redis", log.kind = "kafka" or "none") and the data folder,
/// where modules and catalog are; Kafka they need not reach. It listens for probes only: /healthz, /readyz, /metrics [default: 127.0.0.1:8421].
#[derive(Debug, Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    settings: Settings,
}

/// What the command line says over configuration file and environment.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// The folder for modules, catalog, and the embedded log and queue [default: ./wasmill-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address to listen on; port 0 takes a free one [default: that of the configuration]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A configuration file (TOML); `wasmill check` shows what is in force
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Dev {
    pub(crate) async fn run(self) -> Result<()> {
        let config = self.settings.load(Role::All)?;
        loopback_only(config.gateway.listen)?;
        let is_watching = !self.watch.is_empty();
        let announce = |mill: &Mill| print(&introduction(mill, &config, is_watching));
        run(&config, Role::All, self.watch, announce).await
    }
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        self.settings.serve(Role::All).await
    }
}

impl Gateway {
    pub(crate) async fn run(self) -> Result<()> {
        self.settings.serve(Role::Gateway).await
    }
}

impl Console {
    pub(crate) async fn run(self) -> Result<()> {
        self.settings.serve(Role::Console).await
    }
}

impl Worker {
    pub(crate) async fn run(self) -> Result<()> {
        self.settings.serve(Role::Worker).await
    }
}

impl Settings {
    pub(super) async fn serve(self, role: Role) -> Result<()> {
        let config = self.load(role)?;
        loopback_or_tokens(role.listen(&config), &config)?;
        run(&config, role, Vec::new(), |mill| print(&format!("listening on http://{}\n", mill.address())))
            .await
    }

    fn load(self, role: Role) -> Result<Config> {
        let loaded = Config::load(self.config.as_deref(), &ProcessEnvironment);
        let mut config = loaded.map_err(|mistakes| {
            Failure::new(
                Exit::Config,
                format_args!("the configuration has mistakes; nothing was started.\n{mistakes}"),
            )
        })?;
        if let Some(data) = self.data {
            config.data.dir = data;
        }
        if let Some(listen) = self.listen {
            *role.listen_mut(&mut config) = listen;
        }
        Ok(config)
    }
}

/// From start to the end of the drain.
async fn run(
    config: &Config,
    role: Role,
    watched: Vec<Watched>,
    announce: impl FnOnce(&Mill) -> Result<()>,
) -> Result<()> {
    start_logs(&config.telemetry).map_err(|error| Failure::new(Exit::Config, error))?;
    let mut signals = Signals::new().map_err(|error| Failure::new(Exit::Config, error))?;
    let mut mill = Mill::start(config, role, watched).await?;
    let worked = tokio::select! {
        ready = mill.ready() => match ready.and_then(|()| announce(&mill)) {
            Ok(()) => mill.work(&mut signals).await,
            failed => failed,
        },
        // Asked to stop while it starts: nothing to announce.
        _ = signals.next() => Ok(()),
    };
    finish(mill, signals, worked).await
}

/// Drains the mill; a second signal ends it at once. `worked` is how it went until here.
pub(crate) async fn finish(mill: Mill, mut signals: Signals, worked: Result<()>) -> Result<()> {
    let stopped = tokio::select! {
        stopped = mill.stop() => stopped,
        signal = signals.next() => {
            let exit = match signal {
                Signal::Interrupt => Exit::Interrupted,
                Signal::Terminate => Exit::Terminated,
            };
            Err(Failure::new(exit, format_args!("{signal} again: ended before everything had stopped."))
                .advise("Nothing is lost: the next start goes on where this one was."))
        }
    };
    // The signal weighs more than what was wrong before; all else does not.
    match stopped {
        Err(failure) if matches!(failure.exit, Exit::Interrupted | Exit::Terminated) => Err(failure),
        stopped => worked.and(stopped),
    }
}

fn introduction(mill: &Mill, config: &Config, is_watching: bool) -> String {
    let address = format!("http://{}", mill.address());
    let server = other_server(mill.address());
    let next = if is_watching {
        format!(
            "Built modules are deployed by themselves. In another terminal:\n  wasmill enqueue TYPE --payload FILE.json{server}\n"
        )
    } else {
        format!(
            "Next, in another terminal:\n  \
             wasmill deploy HANDLER.wasm --name hello@1.0.0{server}\n  \
             wasmill apply ROUTES.toml{server}\n  \
             wasmill enqueue hello --payload FILE.json{server}\n"
        )
    };
    format!(
        "{} listens on {}\n{}\n\n{next}  wasmill status{server}\n\nCtrl-C stops it; the data stays.\n",
        styled(BOLD, "wasmill"),
        styled(BOLD, address),
        styled(DIM, format_args!("data in {}", config.data.dir.display())),
    )
}

/// What commands have to add to reach this server; nothing when it is where they look.
pub(crate) fn other_server(address: SocketAddr) -> String {
    if address == SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)) {
        return String::new();
    }
    format!(" --server http://{address}")
}
