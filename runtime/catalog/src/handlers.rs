//! Which module runs a job: a type's handlers, each with its share of the ids.

use std::fmt;

use wasmill_job::{JobId, ModuleDigest, ModuleTag};

/// One of a type's handlers. A revision holds the digest; the tag is kept for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerSpec {
    pub module: ModuleTag,
    pub digest: ModuleDigest,
    /// Its share of the type's ids.
    pub weight: Weight,
}

/// A handler's share of its type's ids, in percent, from 0 to 100. One of 0 gets no new jobs and is kept for those that
/// started on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(u8);

/// Why a number is no weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no weight; it must lie between 0 and 100")]
pub struct InvalidWeight(pub u64);

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl Weight {
    /// All ids.
    pub const WHOLE: Self = Self(100);

    /// # Errors
    /// When it is more than 100.
    pub fn new(percent: u64) -> Result<Self, InvalidWeight> {
        match u8::try_from(percent) {
            Ok(fits @ 0..=100) => Ok(Self(fits)),
            _ => Err(InvalidWeight(percent)),
        }
    }

    /// In percent.
    pub fn get(self) -> u8 {
        self.0
    }
}

/// A type's handlers: at least one, none twice, their weights 100 together. No other list can exist.
///
/// An id's handler follows from the id and the weights alone, so every worker and every first attempt answers the same while
/// the route stays. When the weights move, an id changes hands only from a handler to one whose weight grew beside it: with two
/// versions, a growing share takes ids from the other and gives none back. A job that is tried again stays with the handler it
/// started on, as long as that is one of these, also with the weight 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handlers(Vec<HandlerSpec>);

/// Why a list is not a type's handlers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandlers {
    #[error("there is no handler; name one")]
    None,
    #[error("the weights are {0} together; they must be 100")]
    Sum(u64),
    #[error("{0} comes twice; give it one weight")]
    Twice(ModuleTag),
}

impl Handlers {
    /// # Errors
    /// When the list is empty, names a version twice, or its weights are not 100 together.
    pub fn new(handlers: Vec<HandlerSpec>) -> Result<Self, InvalidHandlers> {
        if handlers.is_empty() {
            return Err(InvalidHandlers::None);
        }
        for (index, handler) in handlers.iter().enumerate() {
            if handlers.iter().take(index).any(|before| before.module == handler.module) {
                return Err(InvalidHandlers::Twice(handler.module.clone()));
            }
        }
        let sum = handlers.iter().map(|handler| u64::from(handler.weight.get())).sum();
        if sum == u64::from(Weight::WHOLE.get()) {
            Ok(Self(handlers))
        } else {
            Err(InvalidHandlers::Sum(sum))
        }
    }

    /// One handler for all jobs.
    pub fn one(module: ModuleTag, digest: ModuleDigest) -> Self {
        Self(vec![HandlerSpec { module, digest, weight: Weight::WHOLE }])
    }

    /// All of them, in the order in which they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, HandlerSpec> {
        self.0.iter()
    }

    /// The place of the id's handler in [`Handlers::iter`]. Pure. Cost: nothing for a single handler, else a SHA-256 each.
    ///
    /// Each handler throws the id anew, salted with its tag, as a time after which it would take the job: exponential, with
    /// the weight as its rate; with the weight 0 that is never. The first one has it. So each wins as often as its weight says, and the order among the others
    /// does not depend on it. Source of the method: weighted rendezvous hashing (Thaler and Ravishankar 1998).
    pub fn place_of(&self, id: JobId) -> usize {
        if self.0.len() == 1 {
            return 0;
        }
        let takes_after = |handler: &HandlerSpec| {
            -id.place_in(handler.module.as_str()).ln() / f64::from(handler.weight.get())
        };
        let times = self.0.iter().map(takes_after).enumerate();
        times.min_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(place, _)| place)
    }
}

impl<'h> IntoIterator for &'h Handlers {
    type Item = &'h HandlerSpec;
    type IntoIter = std::slice::Iter<'h, HandlerSpec>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
