//! `wasmill run-alone`: the child process in which a worker runs suspects. Not a command for people, so it is hidden.

use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use clap::Args;
use wasmill_process::config::PagemapScan;
use wasmill_process::{Config, Signals};
use wasmill_worker::{StartAlone, run_alone};

use crate::failure::{Exit, Failure, Result};
use crate::mill::Loader;

/// Run jobs for a worker, one at a time; what they are comes on the standard input
#[derive(Debug, Args)]
pub(crate) struct RunAlone {
    /// The worker's data folder: its modules and what they are compiled to
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The worker's `[sandbox]`, so that what it has compiled fits
    #[arg(long, value_name = "BYTES")]
    memory_bytes_max: u64,
    #[arg(long, value_name = "WHEN", value_parser = pagemap_scan)]
    pagemap_scan: PagemapScan,
}

/// Where this program stands. Also found when the file was replaced while it runs.
pub(super) const OWN_PROGRAM: &str = "/proc/self/exe";

/// Starts children of a worker with this configuration.
pub(crate) fn start_alone(config: &Config) -> StartAlone {
    let (data, sandbox) = (config.data.dir.clone(), config.sandbox.clone());
    Arc::new(move || {
        let mut command = Command::new(OWN_PROGRAM);
        command
            .arg0("wasmill")
            .arg("run-alone")
            .arg("--data")
            .arg(&data)
            .args(["--memory-bytes-max", &sandbox.memory_bytes_max.to_string()])
            .args(["--pagemap-scan", name_of(sandbox.pagemap_scan)]);
        command
    })
}

impl RunAlone {
    pub(crate) async fn run(self) -> Result<()> {
        if std::io::stdin().is_terminal() {
            return Err(Failure::new(
                Exit::Usage,
                "a worker starts this by itself, and speaks to it in frames.",
            )
            .advise("To run one job of yours, use `wasmill run`."));
        }
        let unusable = |error: &dyn std::fmt::Display| Failure::new(Exit::Config, format_args!("{error}."));
        // A service that is stopped gets its signal in all its processes. The worker's drain decides when this one ends.
        let _signals = Signals::new().map_err(|error| unusable(&error))?;
        let loader = Arc::new(Loader::open_alone(&self.config())?);
        let ended = tokio::task::spawn_blocking(move || {
            let sandbox = loader.sandbox().clone();
            run_alone(&sandbox, &(Arc::new(move |digest| loader.load(digest)) as _))
        });
        let ended = ended.await.map_err(|error| Failure::new(Exit::No, error))?;
        ended.map_err(|error| Failure::new(Exit::No, format_args!("run-alone: {error}.")))
    }

    fn config(&self) -> Config {
        let mut config = Config::default();
        config.data.dir.clone_from(&self.data);
        config.worker.slots = std::num::NonZeroU32::MIN;
        config.sandbox.memory_bytes_max = self.memory_bytes_max;
        config.sandbox.pagemap_scan = self.pagemap_scan;
        config
    }
}

fn pagemap_scan(text: &str) -> std::result::Result<PagemapScan, String> {
    let all = [PagemapScan::Off, PagemapScan::Auto, PagemapScan::On];
    all.into_iter().find(|scan| name_of(*scan) == text).ok_or_else(|| "write off, auto or on".into())
}

fn name_of(scan: PagemapScan) -> &'static str {
    match scan {
        PagemapScan::Off => "off",
        PagemapScan::Auto => "auto",
        PagemapScan::On => "on",
    }
}
