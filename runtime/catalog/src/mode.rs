//! How far a job type is switched on, and what that makes of one job.

use std::fmt;

use wasmill_job::{JobId, Mode, Percent};

/// How far a job type is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RouteMode {
    /// Jobs are refused. What was accepted before still runs.
    Off,
    /// Accepted, stored, carried and counted; completed without being executed.
    Shadow,
    /// This share of the ids is live, the others are shadow.
    Part(Percent),
    /// Accepted and executed.
    #[default]
    Live,
    /// Accepted, stored and kept pending; nothing is taken.
    Paused,
}

/// What throws ids for [`RouteMode::Part`]: apart from the handlers', so that neither share prefers ids of the other.
const SALT: &str = "mode";

impl RouteMode {
    /// What a job with this id is stamped with; `None`: it is refused. Pure.
    pub fn of(self, id: JobId) -> Option<Mode> {
        match self {
            Self::Off => None,
            Self::Shadow => Some(Mode::Shadow),
            Self::Part(live) if live.holds(id, SALT) => Some(Mode::Live),
            Self::Part(_) => Some(Mode::Shadow),
            Self::Live => Some(Mode::Live),
            Self::Paused => Some(Mode::Paused),
        }
    }
}

impl fmt::Display for RouteMode {
    /// The word of a catalog file; of a part `live 5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Shadow => f.write_str("shadow"),
            Self::Part(live) => write!(f, "live {live}"),
            Self::Live => f.write_str("live"),
            Self::Paused => f.write_str("paused"),
        }
    }
}

#[cfg(test)]
mod tests;
