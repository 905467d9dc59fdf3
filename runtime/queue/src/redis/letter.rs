//! Dead letters as they stand in Redis: died at 6, attempts 2, offset 6, then, each behind its length, the lane's name (empty:
//! no log), the failure, the last attempt; then a letter for what follows: `j` the job in wire format, `r` the record's raw
//! bytes, `n` nothing.

use std::sync::Arc;

use bytes::Bytes;
use wasmill_job::wire::{Record, decode, encode_job};
use wasmill_job::{
    Attempt, DeadLetter, Failure, JobId, Offset, Partition, Position, Topic, TopicPartition, UnixMs,
};

use super::attempts::Attempts;
use super::record::{Fields, redrives, six};
use super::trouble::Trouble;
use crate::{JobView, LastAttempt, State};

/// A type's number in the index where there is no job, and so no type.
const NO_TYPE: u32 = 0xff_ffff;

/// Where the dead letters of jobs stand that came without a log.
const DIRECT: &str = "wasmill.direct";

/// The script's `meta` for a letter from the log: the place of its type among the push's, redrives, when it died, its
/// job's key.
pub(super) fn meta(letter: &DeadLetter, job_type: Option<usize>) -> Vec<u8> {
    let of = job_type.and_then(|of| u32::try_from(of).ok()).unwrap_or(NO_TYPE);
    let [_, of @ ..] = of.to_be_bytes();
    let mut meta = of.to_vec();
    let job = letter.job.as_ref();
    meta.extend_from_slice(&job.map_or(0, |job| redrives(job.redrives)).to_be_bytes());
    meta.extend_from_slice(&six(letter.died_at.0));
    meta.extend_from_slice(&job.map(|job| job.id.pack().to_vec()).unwrap_or_default());
    meta
}

/// A letter from the log as it is stored.
pub(super) fn stored(letter: &DeadLetter) -> Result<Vec<u8>, Trouble> {
    let nonsense = |error: &dyn std::fmt::Display| Trouble::nonsense(&error.to_string());
    let mut bytes = six(letter.died_at.0).to_vec();
    bytes.extend_from_slice(&u16::try_from(letter.attempts.0).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(&six(letter.origin.offset.0));
    text(&mut bytes, letter.origin.topic_partition().to_string().as_bytes());
    text(&mut bytes, &failure_bytes(&letter.failure));
    text(&mut bytes, &[]);
    match (&letter.job, &letter.raw) {
        (Some(job), _) => {
            bytes.push(b'j');
            bytes.extend_from_slice(&encode_job(job).map_err(|error| nonsense(&error))?);
        }
        (None, Some(raw)) => {
            bytes.push(b'r');
            bytes.extend_from_slice(raw);
        }
        (None, None) => bytes.push(b'n'),
    }
    Ok(bytes)
}

/// A stored letter, and its last attempt's bytes.
pub(super) fn read(bytes: &[u8]) -> Result<(DeadLetter, &[u8]), Trouble> {
    let mut fields = Fields(bytes);
    let died_at = UnixMs(fields.number(6)?);
    let attempts = Attempt(fields.number(2)? as u32);
    let offset = Offset(fields.number(6)?);
    let lane = fields.text()?;
    let failure: Failure =
        serde_json::from_slice(fields.text()?).map_err(|error| Trouble::nonsense(&error.to_string()))?;
    let last = fields.text()?;
    let kind = fields.number(1)?;
    let rest = Bytes::copy_from_slice(fields.0);
    let (mut job, mut raw) = (None, None);
    match u8::try_from(kind) {
        Ok(b'j') => match decode(&rest) {
            Ok(Record::Job(found)) => job = Some(found),
            _ => return Err(Trouble::nonsense("a dead letter whose job cannot be read")),
        },
        Ok(b'r') => raw = Some(rest),
        _ => {}
    }
    let origin = match lane_of(lane)? {
        Some(lane) => lane.at(offset),
        None => direct(job.as_ref().map(|job| job.id)),
    };
    Ok((DeadLetter { job, raw, failure, attempts, died_at, origin }, last))
}

/// A letter without what the last attempt left.
pub(super) fn shown(bytes: &[u8]) -> Result<Arc<DeadLetter>, Trouble> {
    read(bytes).map(|(letter, _)| Arc::new(letter))
}

/// The view of the job in a letter.
pub(super) fn view(bytes: &[u8]) -> Result<Option<JobView>, Trouble> {
    let (letter, last) = read(bytes)?;
    let Some(job) = letter.job else { return Ok(None) };
    let Attempts { last, earlier } = Attempts::at_end(last, None)?;
    let last = last.map(|last| LastAttempt { failure: Some(letter.failure), ..last });
    Ok(Some(JobView {
        id: job.id,
        job_type: job.job_type,
        state: State::Dead,
        attempts: letter.attempts,
        accepted_at: job.accepted_at,
        due_at: None,
        ended_at: Some(letter.died_at),
        last,
        earlier,
    }))
}

/// The bytes of a failure.
pub(super) fn failure_bytes(failure: &Failure) -> Vec<u8> {
    // A code and a text always have a JSON form.
    serde_json::to_vec(failure).unwrap_or_default()
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text);
}

/// A lane by its name, `topic/partition`.
fn lane_of(name: &[u8]) -> Result<Option<TopicPartition>, Trouble> {
    let name = std::str::from_utf8(name).map_err(|_| Trouble::nonsense("a lane's name"))?;
    if name.is_empty() {
        return Ok(None);
    }
    let (topic, partition) = name.rsplit_once('/').ok_or_else(|| Trouble::nonsense("a lane's name"))?;
    let partition = partition.parse().map_err(|_| Trouble::nonsense("a lane's name"))?;
    Ok(Some(TopicPartition::new(Topic::from(topic), Partition(partition))))
}

fn direct(id: Option<JobId>) -> Position {
    let partition = id.map_or(Partition(0), JobId::partition);
    TopicPartition::new(Topic::from(DIRECT), partition).at(Offset(0))
}
