//! Trouble with Redis, in sentences that say what to do.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{QueueError, RedisStartError};

/// Why Redis did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Its memory is full; only pushes are refused so.
    Full,
    /// Passes by itself.
    Passing(String),
    /// Only a person ends it.
    Lasting(String),
}

impl Trouble {
    /// What an error of Redis at `address` means.
    pub(super) fn of(error: &RedisError, address: &str) -> Self {
        // Behind what was said Redis tells where in which script that was.
        let said = error.detail().unwrap_or_default().split(" script: ").next().unwrap_or_default();
        if error.code() == Some("LAYOUT") {
            return Self::Lasting(format!(
                "the queue in Redis at {address} has layout {said}, which is newer than this binary: use a newer one"
            ));
        }
        if error.code() == Some("LANES") {
            return Self::Lasting(format!(
                "a shard of the queue in Redis at {address} has numbered 65,535 partitions of topics, which is all it can: let it \
                 run empty, delete its keys and start it with more shards"
            ));
        }
        match (error.kind(), error.code().unwrap_or_default()) {
            (_, "OOM") => Self::Full,
            (_, "MISCONF") => Self::Passing(format!(
                "Redis at {address} takes no writes because it cannot save to its disk: make room there, or set \
                 stop-writes-on-bgsave-error no"
            )),
            (_, "NOREPLICAS") => Self::Passing(format!(
                "Redis at {address} takes no writes because too few replicas follow it (min-replicas-to-write)"
            )),
            (_, "BUSY") => Self::Passing(format!("Redis at {address} is busy with a long script")),
            (_, "NOAUTH") | (ErrorKind::AuthenticationFailed, _) | (_, "WRONGPASS") => {
                Self::Lasting(format!(
                    "Redis at {address} refuses the user or the password: put the right ones into queue.url, \
                 redis://USER:PASSWORD@HOST:PORT"
                ))
            }
            (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => {
                Self::Passing(format!("Redis at {address} is loading its data"))
            }
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => Self::Lasting(format!(
                "Redis at {address} is a read-only replica: put its primary into queue.url"
            )),
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => Self::not_allowed(said, address),
            // So Redis 7.0 says it inside a script.
            _ if said.starts_with("The user executing the script") => Self::not_allowed(said, address),
            (_, "ERR") if said.contains("DB index is out of range") || said.contains("invalid DB index") => {
                Self::Lasting(format!(
                    "Redis at {address} has no database of that number: correct the number behind the last / of queue.url"
                ))
            }
            (ErrorKind::RESP3NotSupported, _) => {
                Self::Lasting(format!("Redis at {address} is too old: the queue needs 7.0 or newer"))
            }
            _ if error.is_timeout() => Self::Passing(format!("Redis at {address} does not answer in time")),
            _ if error.is_io_error() || error.is_connection_dropped() => {
                Self::Passing(format!("Redis at {address} cannot be reached: {error}"))
            }
            _ => Self::Passing(format!("Redis at {address} answered with an error: {error}")),
        }
    }

    fn not_allowed(said: &str, address: &str) -> Self {
        Self::Lasting(format!(
            "the user at Redis {address} may not do what the queue does ({said}): give it the commands, keys and channels \
             that runtime/queue/README.md names"
        ))
    }

    /// An answer that no script gives.
    pub(super) fn nonsense(what: &str) -> Self {
        Self::Passing(format!("Redis answered what no script of this version answers ({what})"))
    }
}

impl From<Trouble> for QueueError {
    fn from(trouble: Trouble) -> Self {
        let reason = match trouble {
            Trouble::Full => "Redis is full".into(),
            Trouble::Passing(reason) | Trouble::Lasting(reason) => reason,
        };
        Self::Unavailable { reason }
    }
}

impl From<Trouble> for RedisStartError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full => Self::Unavailable("Redis is full".into()),
            Trouble::Passing(reason) => Self::Unavailable(reason),
            Trouble::Lasting(reason) => Self::Refused(reason),
        }
    }
}
