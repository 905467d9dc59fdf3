//! A push on its shard: what the script is told of each entry, and what it says.

use std::collections::{BTreeMap, HashMap};

use wasmill_job::{DeadLetter, JobType, Offset, TopicPartition};

use super::lane::passed_bytes;
use super::letter;
use super::plain::Plain;
use super::record::{NewRecord, copy_meta};
use super::reply::Reply;
use super::script::{Call, Name};
use super::shard::Shard;
use super::trouble::Trouble;
use crate::{Admission, Entry, Push};

/// Where the entries of a push come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'p> {
    /// From this push of a lane, which begins here.
    Lane(&'p Push, Offset),
    /// From callers: they stand in no log.
    Direct,
    /// From what the queue owes itself: there is room for them where there is none for others.
    Owed,
}

impl<'p> Source<'p> {
    pub(super) fn lane(self) -> Option<&'p TopicPartition> {
        match self {
            Self::Lane(push, _) => Some(&push.lane),
            Self::Direct | Self::Owed => None,
        }
    }
}

/// How a push on a shard went.
pub(super) enum ShardPushed {
    /// What became of each entry; `None` for those that are no jobs.
    Applied(Vec<Option<Admission>>),
    /// How many new jobs of these types may come.
    Over(BTreeMap<JobType, usize>),
    Early(Offset),
    Wants(Offset),
    Unknown,
    Full,
}

/// The types named in a push, each once, with how many jobs of it may be pending.
#[derive(Default)]
pub(super) struct Types<'e> {
    numbers: HashMap<&'e JobType, usize>,
    named: Vec<(&'e JobType, Option<u64>)>,
}

impl<'e> Types<'e> {
    /// A type's number in this push, from 1.
    fn number(&mut self, name: &'e JobType, max_pending: Option<u64>) -> usize {
        let number = *self.numbers.entry(name).or_insert_with(|| {
            self.named.push((name, None));
            self.named.len()
        });
        if max_pending.is_some() {
            self.named[number - 1].1 = max_pending;
        }
        number
    }

    /// The next type in an answer.
    fn next(&self, answer: &mut Reply) -> Result<JobType, Trouble> {
        let number = answer.number()? as usize;
        let named = number.checked_sub(1).and_then(|at| self.named.get(at));
        named.map(|(name, _)| (*name).clone()).ok_or_else(|| Trouble::nonsense("a type that was not named"))
    }

    /// The names, in the order of their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &'e JobType> {
        self.named.iter().map(|(name, _)| *name)
    }

    /// What a script says of a push, behind the first word of its answer.
    pub(super) fn read(&self, first: &str, mut answer: Reply) -> Result<ShardPushed, Trouble> {
        Ok(match first {
            "applied" => {
                let fate = |code: &u8| match code {
                    b'n' => Some(Admission::Accepted),
                    b'd' => Some(Admission::Duplicate),
                    b'o' => Some(Admission::Over),
                    _ => None,
                };
                ShardPushed::Applied(answer.bytes()?.iter().map(fate).collect())
            }
            "over" => {
                let mut rooms = BTreeMap::new();
                while !answer.is_empty() {
                    rooms.insert(self.next(&mut answer)?, answer.number()? as usize);
                }
                ShardPushed::Over(rooms)
            }
            "early" => ShardPushed::Early(Offset(answer.number()?)),
            "wants" => ShardPushed::Wants(Offset(answer.number()?)),
            "unknown" => ShardPushed::Unknown,
            "full" => ShardPushed::Full,
            other => return Err(Trouble::nonsense(other)),
        })
    }
}

impl Shard<'_> {
    /// Pushes entries of a lane, the push's or some of them, from an offset on; or jobs that stand in no log. Nearly every push
    /// is of plain jobs alone, and goes by a script of its own.
    pub(super) async fn push(&self, source: Source<'_>, entries: &[&Entry]) -> Result<ShardPushed, Trouble> {
        let mut types = Types::default();
        let numbers: Vec<Option<usize>> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Job { new, .. } | Entry::Copy { new, .. } => {
                    Some(types.number(&new.job.job_type, new.max_pending))
                }
                Entry::Parked { job_type, .. } => Some(types.number(job_type, None)),
                Entry::Dead { letter, .. } => {
                    letter.job.as_ref().map(|job| types.number(&job.job_type, None))
                }
                Entry::Ended { .. } | Entry::Cancel { .. } | Entry::Undead { .. } => None,
            })
            .collect();
        if let Some(plain) = Plain::of(source, entries, &numbers)
            && let Some(pushed) = self.push_plain(source, &plain, &types).await?
        {
            return Ok(pushed);
        }
        let mut call = self.call_of_push(Name::Push, source, &types);
        let lane = source.lane();
        for (entry, number) in entries.iter().zip(numbers) {
            add(&mut call, lane, entry, number)?;
        }
        let mut answer = match self.link.run(&call).await {
            Err(Trouble::Full) => return Ok(ShardPushed::Full),
            answer => Reply::list(answer?)?,
        };
        let pushed = types.read(&answer.text()?, answer)?;
        if let ShardPushed::Applied(fates) = &pushed {
            let is_mixed = fates.iter().any(|fate| *fate != Some(Admission::Accepted));
            self.link.places().note_mixed(self.number, lane, is_mixed);
        }
        Ok(pushed)
    }

    /// What the calls of both scripts begin with.
    pub(super) fn call_of_push(&self, name: Name, source: Source<'_>, types: &Types<'_>) -> Call {
        let mut call = self.call(name);
        match source {
            Source::Lane(Push { lane, to, passed, .. }, from) => {
                let passed = passed.map(|passed| passed_bytes(passed).to_vec()).unwrap_or_default();
                call.arg(lane.to_string()).arg(from.0).arg(to.0).arg(passed)
            }
            Source::Direct => call.arg("").arg(0).arg(0).arg(""),
            Source::Owed => call.arg("").arg(1).arg(0).arg(""),
        };
        call.arg(types.named.len());
        for (name, max_pending) in &types.named {
            call.arg(name.as_str());
            match max_pending {
                // Each shard has its share.
                Some(most) => call.arg(most.div_ceil(self.link.share_of(self.number).1 as u64)),
                None => call.arg(""),
            };
        }
        call
    }
}

/// Adds an entry's four arguments.
fn add(
    call: &mut Call,
    lane: Option<&TopicPartition>,
    entry: &Entry,
    number: Option<usize>,
) -> Result<(), Trouble> {
    match entry {
        Entry::Job { offset, new } => {
            let number = number.unwrap_or(0);
            match new.job.run_at {
                None => call.arg("j").arg(number),
                Some(due) => call.arg("j").arg(format!("{number}:{}", due.0)),
            };
            call.arg(&new.job.id.pack()[..]).arg(NewRecord::of(new, *offset, None)?)
        }
        Entry::Copy { offset, new, of } => call
            .arg("k")
            .arg(copy_meta(of, number.unwrap_or(0), lane))
            .arg(&new.job.id.pack()[..])
            .arg(NewRecord::of(new, *offset, None)?),
        Entry::Parked { offset, .. } => call.arg("p").arg(number.unwrap_or(0)).arg(offset.0).arg(""),
        Entry::Ended { job_type, origin, .. } => call
            .arg("e")
            .arg(job_type.as_str())
            .arg(origin.offset.0)
            .arg(origin.topic_partition().to_string()),
        Entry::Cancel { offset, cancel } => {
            call.arg("c").arg(&cancel.id.pack()[..]).arg(cancel.job_type.as_str()).arg(offset.0)
        }
        Entry::Dead { letter, .. } => {
            call.arg("d").arg(letter.key()).arg(letter::meta(letter, number)).arg(letter::stored(letter)?)
        }
        Entry::Undead { key, .. } => {
            let (key, redrives) = DeadLetter::split_record_key(key);
            call.arg("u").arg(key).arg(redrives).arg("")
        }
    };
    Ok(())
}
