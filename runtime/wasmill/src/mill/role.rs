//! Which parts of a mill run in a process, and what that asks of the configuration.

use std::net::SocketAddr;

use wasmill_process::Config;
use wasmill_process::config::{LogKind, QueueKind};

use crate::failure::{Exit, Failure, Result};

/// Which parts of a mill run in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// All of them.
    All,
    /// The gateway: jobs in, and the admin API.
    Gateway,
    /// The worker, and probes.
    Worker,
}

impl Role {
    /// # Errors
    /// When a single role has nothing to share with the other processes.
    pub(super) fn fits(self, config: &Config) -> Result<()> {
        let shares = (config.log.kind, config.queue.kind) == (LogKind::None, QueueKind::Redis);
        let name = match self {
            Self::Gateway if !shares => "gateway",
            Self::Worker if !shares => "worker",
            Self::All | Self::Gateway | Self::Worker => return Ok(()),
        };
        let what = format!(
            "`wasmill {name}` is one process of several, and with this configuration they would share nothing: the \
             embedded log and queue are for one process."
        );
        let advice = "Set queue.kind = \"redis\" and log.kind = \"none\"; or run everything in one, with `wasmill serve`.";
        Err(Failure::new(Exit::Config, what).advise(advice))
    }

    /// Where this process listens.
    pub(crate) fn listen(self, config: &Config) -> SocketAddr {
        match self {
            Self::All | Self::Gateway => config.gateway.listen,
            Self::Worker => config.worker.listen,
        }
    }

    /// Where this process listens, to be changed.
    pub(crate) fn listen_mut(self, config: &mut Config) -> &mut SocketAddr {
        match self {
            Self::All | Self::Gateway => &mut config.gateway.listen,
            Self::Worker => &mut config.worker.listen,
        }
    }

    /// Whether it shows what is in a queue that it shares.
    pub(super) fn shows(self) -> bool {
        self != Self::Worker
    }

    pub(super) fn works(self) -> bool {
        self != Self::Gateway
    }

    pub(super) fn relays(self, config: &Config) -> bool {
        self == Self::All && config.log.kind != LogKind::None
    }
}
