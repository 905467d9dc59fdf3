//! Shares of ids: which of a type's jobs a rollout reaches. Pure: the id and a salt decide, so every process and every
//! attempt answers the same.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::JobId;

/// A share of 1 to 100 in a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

/// Why a number is no percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no share; it must lie between 1 and 100")]
pub struct InvalidPercent(pub u64);

impl Percent {
    /// All.
    pub const WHOLE: Self = Self(100);

    /// # Errors
    /// When it is 0 or more than 100.
    pub fn new(percent: u64) -> Result<Self, InvalidPercent> {
        match u8::try_from(percent) {
            Ok(fits @ 1..=100) => Ok(Self(fits)),
            _ => Err(InvalidPercent(percent)),
        }
    }

    /// The number, from 1 to 100.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Whether the share holds this id. Of all ids it holds so many in a hundred; a greater share with the same salt holds
    /// the same ids and more. Cost: one SHA-256.
    pub fn holds(self, id: JobId, salt: &str) -> bool {
        id.place_in(salt) * 100.0 < f64::from(self.0)
    }
}

impl JobId {
    /// Where the id falls, evenly, between 0 and 1 and never on either; another salt throws it anew. Cost: one SHA-256.
    pub fn place_in(self, salt: &str) -> f64 {
        /// A float between 0 and 1 holds so many steps exactly.
        const STEPS: f64 = (1_u64 << 52) as f64;
        let mut hasher = Sha256::new();
        hasher.update(self.to_bytes());
        hasher.update(salt);
        let hash: [u8; 32] = hasher.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        let step = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 12;
        // The middle of the step.
        (step as f64 + 0.5) / STEPS
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests;
