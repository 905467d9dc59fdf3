//! What stands in Redis byte by byte, as far as Rust writes or reads it; the scripts know the same layouts. Numbers are
//! big-endian. Layout 1, drawn in the README.

use std::time::Duration;

use bytes::{BufMut, Bytes};
use redis::{RedisWrite, ToRedisArgs};
use wasmill_job::wire::{Record, decode, encode_job};
use wasmill_job::{
    Attempt, CopyOf, Generation, Job, JobId, JobType, ModuleTag, Offset, Priority, TopicPartition, UnixMs,
};

use super::attempts::Attempts;
use super::trouble::Trouble;
use crate::record::read_children;
use crate::{Child, JobView, NewJob, State};

/// Header of a stored job: type 3, lane 2 (both added by the script), priority and flags 1, generation 2, redrives 2,
/// window 4, accepted at 6, offset 6; then the job in wire format.
pub(super) const HEADER_BYTES: usize = 26;
/// In front, the place: the numbers of type and lane.
pub(super) const PLACE_BYTES: usize = 5;
/// In the byte of the priority: the id can come twice.
const REPEATABLE: u8 = 4;

/// The record of a new job, written straight into the call: a push costs Rust little else than copies of it.
pub(super) struct NewRecord<'n> {
    new: &'n NewJob,
    offset: Offset,
    /// Without one the script puts it in front.
    place: Option<[u8; PLACE_BYTES]>,
    wire: Bytes,
}

impl<'n> NewRecord<'n> {
    pub(super) fn of(
        new: &'n NewJob,
        offset: Offset,
        place: Option<[u8; PLACE_BYTES]>,
    ) -> Result<Self, Trouble> {
        let wire = match &new.record {
            Some(record) => record.clone(),
            None => encode_job(&new.job).map_err(|error| Trouble::nonsense(&error.to_string()))?,
        };
        Ok(Self { new, offset, place, wire })
    }

    pub(super) fn key(&self) -> [u8; 14] {
        self.new.job.id.pack()
    }

    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        let missing = if self.place.is_some() { 0 } else { PLACE_BYTES };
        HEADER_BYTES - missing + self.wire.len()
    }
}

impl ToRedisArgs for NewRecord<'_> {
    fn write_redis_args<W: RedisWrite + ?Sized>(&self, out: &mut W) {
        let NewJob { job, dedup_window, .. } = self.new;
        let repeatable = if job.is_repeatable() { REPEATABLE } else { 0 };
        let window_ms = u32::try_from(job.dedup_window(*dedup_window).as_millis()).unwrap_or(u32::MAX);
        let mut to = out.bufmut_for_next_arg(self.len());
        to.put_slice(self.place.as_ref().map_or(&[], |place| place));
        to.put_u8(priority_byte(job.priority) | repeatable);
        to.put_u16(job.id.generation().0);
        to.put_u16(redrives(job.redrives));
        to.put_u32(window_ms);
        to.put_slice(&six(job.accepted_at.0));
        to.put_slice(&six(self.offset.0));
        to.put_slice(&self.wire);
    }
}

/// What the script is told of a copy in a push to `lane`: the place of its type among the push's 3, the origin's offset 6,
/// attempts 2, due 6 (0: it is not scheduled); then the origin's lane, if that is another one.
pub(super) fn copy_meta(of: &CopyOf, job_type: usize, lane: Option<&TopicPartition>) -> Vec<u8> {
    let CopyOf { origin, attempts, due_at } = of;
    let [_, job_type @ ..] = u32::try_from(job_type).unwrap_or_default().to_be_bytes();
    let mut meta = job_type.to_vec();
    meta.extend_from_slice(&six(origin.offset.0));
    meta.extend_from_slice(&u16::try_from(attempts.0).unwrap_or(u16::MAX).to_be_bytes());
    meta.extend_from_slice(&six(due_at.map_or(0, |due| due.0)));
    let origin = origin.topic_partition();
    if lane != Some(&origin) {
        meta.extend_from_slice(origin.to_string().as_bytes());
    }
    meta
}

/// The version that an attempt ran on, where one is known.
pub(super) fn started_on(text: &str) -> Result<Option<ModuleTag>, Trouble> {
    let read = || text.parse().map_err(|_| Trouble::nonsense(&format!("no version but {text}")));
    (!text.is_empty()).then(read).transpose()
}

/// The job in a stored record.
pub(super) fn job_of(record: Vec<u8>) -> Result<Job, Trouble> {
    let record = Bytes::from(record);
    if record.len() < HEADER_BYTES {
        return Err(Trouble::nonsense("a job's record that is too short"));
    }
    match decode(&record.slice(HEADER_BYTES..)) {
        Ok(Record::Job(job)) => Ok(job),
        Ok(_) => Err(Trouble::nonsense("a record that is no job")),
        Err(error) => Err(Trouble::nonsense(&format!("a job's record: {error}"))),
    }
}

/// What the header of a record says of a job that is listed.
pub(super) fn listed(
    key: &[u8],
    header: &[u8],
    job_type: JobType,
    state: State,
    attempts: Attempt,
    due_at: Option<UnixMs>,
) -> Result<JobView, Trouble> {
    let (generation, accepted_at, ended_at) = match state {
        State::Completed | State::Cancelled => {
            let result = Fields(header).result()?;
            (result.generation, result.accepted_at, Some(result.ended_at))
        }
        _ => {
            let mut fields = Fields(header);
            fields.take(PLACE_BYTES + 1)?;
            let generation = Generation(fields.number(2)? as u16);
            fields.take(2 + 4)?;
            (generation, UnixMs(fields.number(6)?), None)
        }
    };
    let key = key.try_into().map_err(|_| Trouble::nonsense("a job's key of the wrong length"))?;
    let id = JobId::unpack(key, generation);
    Ok(JobView {
        id,
        job_type,
        state,
        attempts,
        accepted_at,
        due_at,
        ended_at,
        last: None,
        earlier: Vec::new(),
    })
}

/// What a result says of a finished job.
pub(super) fn done_view(id: JobId, job_type: JobType, bytes: &[u8]) -> Result<JobView, Trouble> {
    let mut fields = Fields(bytes);
    let result = fields.result()?;
    let last = fields.text()?.to_vec();
    let completed = result.completed;
    let output = Bytes::copy_from_slice(fields.0);
    let Attempts { last, earlier } = Attempts::at_end(&last, Some(output))?;
    Ok(JobView {
        id,
        job_type,
        state: if completed { State::Completed } else { State::Cancelled },
        attempts: result.attempts,
        accepted_at: result.accepted_at,
        due_at: None,
        ended_at: Some(result.ended_at),
        last: last.filter(|_| completed),
        earlier,
    })
}

/// Children that are owed, behind what the script puts before them: lane 2, offset 6, type 3, completed at 6, key 14.
pub(super) fn owed_children(bytes: Bytes) -> Result<Vec<Child>, Trouble> {
    let mut fields = Fields(&bytes);
    fields.take(2 + 6 + 3)?;
    let completed_at = UnixMs(fields.number(6)?);
    fields.take(14)?;
    let children = bytes.slice(bytes.len() - fields.0.len()..);
    read_children(&children, completed_at).map_err(|damage| Trouble::nonsense(&damage.0))
}

/// What a settlement says of a job that is completed: the script's `meta`.
pub(super) fn completion(job: &Job, dedup_window: Duration, keep_ms: u128) -> Vec<u8> {
    let mut meta = Vec::with_capacity(21);
    meta.push(u8::from(job.is_repeatable()));
    meta.extend_from_slice(&job.id.generation().0.to_be_bytes());
    meta.extend_from_slice(&redrives(job.redrives).to_be_bytes());
    meta.extend_from_slice(
        &u32::try_from(job.dedup_window(dedup_window).as_millis()).unwrap_or(u32::MAX).to_be_bytes(),
    );
    meta.extend_from_slice(&six(u64::try_from(keep_ms).unwrap_or(u64::MAX)));
    meta.extend_from_slice(&six(job.accepted_at.0));
    meta
}

/// The redrives as they are stored; a job that was sent round more often is not told from one of 65,535.
pub(super) fn redrives(redrives: u32) -> u16 {
    u16::try_from(redrives).unwrap_or(u16::MAX)
}

/// The low six bytes of a number; moments and offsets stay below 2^48 for 8,900 years.
pub(super) fn six(number: u64) -> [u8; 6] {
    let [_, _, bytes @ ..] = number.min((1 << 48) - 1).to_be_bytes();
    bytes
}

pub(super) fn priority_byte(priority: Priority) -> u8 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    }
}

/// Bytes that are read from the front.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// The head of a result.
struct ResultHead {
    completed: bool,
    attempts: Attempt,
    generation: Generation,
    accepted_at: UnixMs,
    ended_at: UnixMs,
}

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Trouble> {
        let (taken, rest) =
            self.0.split_at_checked(bytes).ok_or_else(|| Trouble::nonsense("a record that is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of up to eight bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Trouble> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Bytes behind their length.
    pub(super) fn text(&mut self) -> Result<&'a [u8], Trouble> {
        let bytes = self.number(4)?;
        self.take(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    fn result(&mut self) -> Result<ResultHead, Trouble> {
        let completed = self.number(1)? == 0;
        let attempts = Attempt(self.number(2)? as u32);
        self.take(3)?;
        let generation = Generation(self.number(2)? as u16);
        let (accepted_at, ended_at) = (UnixMs(self.number(6)?), UnixMs(self.number(6)?));
        self.take(6)?;
        Ok(ResultHead { completed, attempts, generation, accepted_at, ended_at })
    }
}
