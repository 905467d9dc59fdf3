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
    /// The gateway: jobs in, and the admin API with its pages.
    Gateway,
    /// The admin API with its pages, where no job comes in.
    Console,
    /// The relay, and probes.
    Relay,
    /// The worker, and probes.
    Worker,
}

impl Role {
    /// # Errors
    /// When a single role has nothing to share with the other processes, or a relay nothing to carry.
    pub(super) fn fits(self, config: &Config) -> Result<()> {
        let Some(name) = self.name() else { return Ok(()) };
        let shares = config.queue.kind == QueueKind::Redis && config.log.kind != LogKind::Embedded;
        if !shares {
            let what = format!(
                "`wasmill {name}` is one process of several, and with this configuration they would share nothing: the \
                 embedded log and queue are for one process."
            );
            let advice = "Set queue.kind = \"redis\", and log.kind = \"kafka\" or \"none\"; or run everything in one, with \
                          `wasmill serve`.";
            return Err(Failure::new(Exit::Config, what).advise(advice));
        }
        if self == Self::Relay && config.log.kind == LogKind::None {
            let what = "`wasmill relay` carries jobs from a log to the queue, and with log.kind = \"none\" there is no log.";
            return Err(Failure::new(Exit::Config, what).advise(
                "Set log.kind = \"kafka\", and kafka.brokers; or run gateways and workers alone: without a log there is \
                 nothing to relay.",
            ));
        }
        Ok(())
    }

    /// The command that runs it alone.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Gateway => Some("gateway"),
            Self::Console => Some("console"),
            Self::Relay => Some("relay"),
            Self::Worker => Some("worker"),
        }
    }

    /// Where this process listens.
    pub(crate) fn listen(self, config: &Config) -> SocketAddr {
        match self {
            Self::All | Self::Gateway => config.gateway.listen,
            Self::Console => config.console.listen,
            Self::Relay => config.relay.listen,
            Self::Worker => config.worker.listen,
        }
    }

    /// Where this process listens, to be changed.
    pub(crate) fn listen_mut(self, config: &mut Config) -> &mut SocketAddr {
        match self {
            Self::All | Self::Gateway => &mut config.gateway.listen,
            Self::Console => &mut config.console.listen,
            Self::Relay => &mut config.relay.listen,
            Self::Worker => &mut config.worker.listen,
        }
    }

    /// Whether it shows what is in a queue that it shares.
    pub(super) fn shows(self) -> bool {
        self != Self::Worker
    }

    pub(super) fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    pub(super) fn relays(self, config: &Config) -> bool {
        matches!(self, Self::All | Self::Relay) && config.log.kind != LogKind::None
    }

    /// Whether it opens the log, if there is one. A worker knows the queue alone: what its jobs owe the log, relays pay.
    pub(super) fn logs(self) -> bool {
        self != Self::Worker
    }

    /// Whether jobs come in here.
    pub(super) fn takes_jobs_in(self) -> bool {
        matches!(self, Self::All | Self::Gateway)
    }

    /// Whether it answers the admin API and its pages.
    pub(super) fn administers(self) -> bool {
        matches!(self, Self::All | Self::Gateway | Self::Console)
    }

    /// Whether it is of no use without the queue. A gateway before a log takes jobs in all the same, and a console changes the routing
    /// table.
    pub(super) fn needs_queue(self, config: &Config) -> bool {
        match self {
            Self::Gateway | Self::Console => config.log.kind == LogKind::None,
            Self::All | Self::Relay | Self::Worker => true,
        }
    }
}

#[cfg(test)]
mod tests;
