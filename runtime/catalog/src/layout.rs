//! The layouts of a queue: where its new jobs go, and the generations that drain. What a change of partitions or of Redis
//! makes of them. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use wasmill_job::{Durability, Generation, Partition, QueueName, ServerSet, Topic, TopicPartition};

/// A queue: a lane of pending and in-flight jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSpec {
    /// Where new jobs go.
    pub current: GenerationSpec,
    /// What the receipt of a job is a proof of, where the log knows a difference. Default quorum.
    pub durability: Durability,
    /// The generations that new jobs went to before, in the order in which they ceased to be current: what is in them still
    /// runs. At most [`QueueSpec::DRAINING_MAX`].
    pub draining: Vec<GenerationSpec>,
    /// Generations that were drained and taken out. Their topics may still be there, so their numbers do not come again.
    pub spent: BTreeSet<Generation>,
}

/// One layout of a queue. Nothing of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationSpec {
    /// Names it in ids and topics, and says in which set of Redis servers it lies.
    pub generation: Generation,
    pub partitions: NonZeroU32,
    /// What that set is called.
    pub redis: RedisName,
}

/// The name of a set of Redis servers, as the configuration of the processes gives it; the first set is `main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedisName(Box<str>);

/// What a queue should be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub partitions: NonZeroU32,
    pub redis: RedisName,
    pub set: ServerSet,
}

/// Why a queue does not get another layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutRefusal {
    #[error(
        "queue `{queue}` has {} generations that still drain ({}), and can have no more: take out those that are drained, \
         with `wasmill queues retire {queue} GENERATION`, then repeat",
        generations.len(),
        listed(generations)
    )]
    TooMany { queue: QueueName, generations: Vec<Generation> },
    #[error(
        "queue `{queue}` has used up the 63 generations that it can have in Redis \"{redis}\": make a queue with another \
         name, or put it into another Redis"
    )]
    UsedUp { queue: QueueName, redis: RedisName },
}

impl QueueSpec {
    /// How many generations of a queue may drain at once. Each costs its partitions, which relays carry.
    pub const DRAINING_MAX: usize = 8;

    /// A new queue with this layout.
    ///
    /// # Errors
    /// When ids cannot name its set.
    pub fn new(name: &QueueName, layout: Layout, durability: Durability) -> Result<Self, LayoutRefusal> {
        let Some(generation) = Generation::following([], layout.set) else {
            return Err(LayoutRefusal::UsedUp { queue: name.clone(), redis: layout.redis });
        };
        Ok(Self::of(GenerationSpec::of(generation, layout), durability))
    }

    /// A queue that never had another generation.
    pub fn of(current: GenerationSpec, durability: Durability) -> Self {
        Self { current, durability, draining: Vec::new(), spent: BTreeSet::new() }
    }

    /// The queue with this layout. It is the queue itself where it has it already; a generation that still drains and has it
    /// becomes the current one again, and no number is used up; else a new generation does. The current one then drains.
    ///
    /// # Errors
    /// When too many drain, or no number is left.
    pub fn relaid(&self, name: &QueueName, layout: Layout) -> Result<Self, LayoutRefusal> {
        let mut next = self.clone();
        if self.current.has(&layout) {
            next.current.redis = layout.redis;
            return Ok(next);
        }
        let current = match self.draining.iter().position(|drains| drains.has(&layout)) {
            Some(at) => next.draining.remove(at),
            None => {
                let given = self.generations().map(|of| of.generation).chain(self.spent.iter().copied());
                let Some(generation) = Generation::following(given, layout.set) else {
                    return Err(LayoutRefusal::UsedUp { queue: name.clone(), redis: layout.redis });
                };
                if self.draining.len() >= Self::DRAINING_MAX {
                    let generations = self.draining.iter().map(|of| of.generation).collect();
                    return Err(LayoutRefusal::TooMany { queue: name.clone(), generations });
                }
                GenerationSpec::of(generation, layout)
            }
        };
        next.draining.push(std::mem::replace(&mut next.current, current));
        Ok(next)
    }

    /// The queue without a generation that drained; `None` when it is none of those.
    pub(crate) fn without(&self, generation: Generation) -> Option<Self> {
        let at = self.draining.iter().position(|drains| drains.generation == generation)?;
        let mut next = self.clone();
        next.draining.remove(at);
        next.spent.insert(generation);
        Some(next)
    }

    /// All generations that may hold jobs: those that drain, the oldest first, then the current one.
    pub fn generations(&self) -> impl DoubleEndedIterator<Item = &GenerationSpec> {
        self.draining.iter().chain([&self.current])
    }

    /// The generation with this number, if it may hold jobs.
    pub fn generation(&self, number: Generation) -> Option<&GenerationSpec> {
        self.generations().find(|of| of.generation == number)
    }
}

impl GenerationSpec {
    /// One in the main set of Redis servers, or of an embedded queue.
    pub fn main(generation: Generation, partitions: NonZeroU32) -> Self {
        Self { generation, partitions, redis: RedisName::default() }
    }

    fn of(generation: Generation, Layout { partitions, redis, .. }: Layout) -> Self {
        Self { generation, partitions, redis }
    }

    fn has(&self, layout: &Layout) -> bool {
        self.partitions == layout.partitions && self.generation.server_set() == layout.set
    }

    /// Its layout, to be asked for again.
    pub fn layout(&self) -> Layout {
        Layout { partitions: self.partitions, redis: self.redis.clone(), set: self.generation.server_set() }
    }

    /// Its topic, of the queue with this name.
    pub fn topic(&self, queue: &QueueName) -> Topic {
        Topic::queue(queue, self.generation)
    }

    /// Its lanes, of the queue with this name.
    pub fn lanes(&self, queue: &QueueName) -> impl Iterator<Item = TopicPartition> + use<> {
        let topic = self.topic(queue);
        (0..self.partitions.get())
            .map(move |partition| TopicPartition::new(topic.clone(), Partition(partition)))
    }
}

impl RedisName {
    /// What the first set is called.
    pub const MAIN: &str = "main";

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the first set's.
    pub fn is_main(&self) -> bool {
        self.as_str() == Self::MAIN
    }
}

impl Default for RedisName {
    /// `main`.
    fn default() -> Self {
        Self::MAIN.into()
    }
}

impl From<&str> for RedisName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for RedisName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn listed(generations: &[Generation]) -> String {
    generations.iter().map(Generation::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
