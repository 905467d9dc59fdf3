//! A push of plain jobs alone, as nearly every push is: jobs that are not scheduled and not redriven, each once. Decided here as
//! far as it can be, for Redis' one core is the narrowest place of all.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use wasmill_job::Offset;

use super::pushing::{ShardPushed, Source, Types};
use super::record::{NewRecord, priority_byte};
use super::reply::Reply;
use super::script::Name;
use super::shard::Shard;
use super::trouble::Trouble;
use crate::{Admission, Entry, NewJob, Push};

/// Plain jobs, by type, as the push numbers it, and priority.
pub(super) struct Plain<'e> {
    groups: BTreeMap<(usize, u8), Vec<(&'e NewJob, Offset)>>,
    /// Where no job stands in the push.
    gaps: Vec<Range<u64>>,
    jobs: usize,
}

impl<'e> Plain<'e> {
    /// These entries, unless one of them is no plain job. `numbers` are those of their types.
    pub(super) fn of(source: Source<'_>, entries: &[&'e Entry], numbers: &[Option<usize>]) -> Option<Self> {
        // What is owed has rules of its own about room.
        let mut next = match source {
            Source::Lane(_, from) => from.0,
            Source::Direct => 0,
            Source::Owed => return None,
        };
        let is_of_lane = source.lane().is_some();
        let (mut groups, mut gaps) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
        let mut keys = HashSet::with_capacity(entries.len());
        for (entry, number) in entries.iter().zip(numbers) {
            let Entry::Job { offset, new } = entry else { return None };
            let job = &new.job;
            if job.run_at.is_some() || job.redrives > 0 || !keys.insert(job.id.pack()) {
                return None;
            }
            groups.entry(((*number)?, priority_byte(job.priority))).or_default().push((new, *offset));
            if is_of_lane {
                if next < offset.0 {
                    gaps.push(next..offset.0);
                }
                next = offset.0 + 1;
            }
        }
        if let Source::Lane(Push { to, .. }, _) = source
            && next < to.0
        {
            gaps.push(next..to.0);
        }
        (!entries.is_empty()).then_some(Self { groups, gaps, jobs: entries.len() })
    }
}

impl Shard<'_> {
    /// Pushes plain jobs; `None` if it was not done since they are not new alone, or something is in their way, or that is likely.
    pub(super) async fn push_plain(
        &self,
        source: Source<'_>,
        plain: &Plain<'_>,
        types: &Types<'_>,
    ) -> Result<Option<ShardPushed>, Trouble> {
        let (lane, places) = (source.lane(), self.link.places());
        if places.is_mixed(self.number, lane) {
            return Ok(None);
        }
        let mut groups = Vec::with_capacity(plain.groups.len());
        let mut records = Vec::with_capacity(plain.jobs);
        for ((number, priority), jobs) in &plain.groups {
            let Some((first, _)) = jobs.first() else { continue };
            let place = places.of(self.number, lane, &first.job.job_type);
            for (new, offset) in jobs {
                records.push(NewRecord::of(new, *offset, Some(place))?);
            }
            groups.push((number, priority, place, jobs.len()));
        }
        let mut call = self.call_of_push(Name::Plain, source, types);
        let bytes: usize = records.iter().map(NewRecord::len).sum();
        call.reserve(records.iter().flat_map(|record| [record.key().len(), record.len()]));
        call.arg(bytes).arg(plain.gaps.len());
        for gap in &plain.gaps {
            call.arg(gap.start).arg(gap.end);
        }
        call.arg(groups.len());
        for (number, priority, place, jobs) in groups {
            call.arg(number).arg(*priority).arg(&place[..]).arg(jobs);
        }
        for record in records {
            call.arg(&record.key()[..]).arg(record);
        }
        let mut answer = match self.link.run(&call).await {
            Err(Trouble::Full) => return Ok(Some(ShardPushed::Full)),
            answer => Reply::list(answer?)?,
        };
        match answer.text()?.as_str() {
            "applied" => {
                if !answer.is_empty() {
                    let lane_number = answer.number()?;
                    let mut learned = Vec::new();
                    for name in types.names() {
                        learned.push((name.clone(), answer.number()?));
                    }
                    places.learn(self.number, lane, lane_number, learned);
                }
                Ok(Some(ShardPushed::Applied(vec![Some(Admission::Accepted); plain.jobs])))
            }
            "mixed" => {
                places.note_mixed(self.number, lane, true);
                Ok(None)
            }
            other => types.read(other, answer).map(Some),
        }
    }
}

#[cfg(test)]
mod tests;
