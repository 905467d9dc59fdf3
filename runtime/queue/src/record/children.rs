//! The children of a job that completed, as both engines keep them until they are paid. Layout 1: a byte for the layout, then
//! of each child: delay in ms 8 · dedup window in ms 4 · its queue's name and its record in wire format, each behind its
//! length in 4 bytes. Numbers are big-endian.

use std::time::Duration;

use bytes::Bytes;
use wasmill_job::wire::{Record, decode, encode_job};
use wasmill_job::{QueueName, UnixMs};

use super::Damage;
use crate::Child;

/// The layout this binary writes.
const LAYOUT: u8 = 1;

/// Children as bytes.
pub(crate) fn write_children(children: &[Child]) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    for Child { job, queue, dedup_window, delay } in children {
        bytes.extend_from_slice(&u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(dedup_window.as_millis()).unwrap_or(u32::MAX).to_be_bytes());
        text(&mut bytes, queue.as_str().as_bytes());
        // A job always has a wire form: its envelope holds nothing that JSON cannot.
        text(&mut bytes, &encode_job(job).unwrap_or_default());
    }
    bytes
}

/// Children of a job that completed at `completed_at`: a delay has become a moment.
///
/// # Errors
/// When the bytes are no children.
pub(crate) fn read_children(bytes: &Bytes, completed_at: UnixMs) -> Result<Vec<Child>, Damage> {
    let mut rest = bytes.clone();
    if take(&mut rest, 1)?[0] != LAYOUT {
        return Err(Damage("children are stored in a layout that this binary does not know".into()));
    }
    let mut children = Vec::new();
    while !rest.is_empty() {
        let delay_ms = number(&take(&mut rest, 8)?);
        let dedup_window = Duration::from_millis(number(&take(&mut rest, 4)?));
        let queue = read_text(&mut rest)?;
        let queue: QueueName = std::str::from_utf8(&queue)
            .ok()
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| Damage("a child is for a queue whose name is no name".into()))?;
        let mut job = match decode(&read_text(&mut rest)?) {
            Ok(Record::Job(job)) => job,
            Ok(_) => return Err(Damage("a child is no job".into())),
            Err(error) => return Err(Damage(format!("a child cannot be read: {error}"))),
        };
        if delay_ms > 0 {
            job.run_at = Some(completed_at.plus(Duration::from_millis(delay_ms)));
        }
        children.push(Child { job, queue, dedup_window, delay: Duration::ZERO });
    }
    Ok(children)
}

fn text(to: &mut Vec<u8>, text: &[u8]) {
    to.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(text);
}

fn read_text(from: &mut Bytes) -> Result<Bytes, Damage> {
    let length = number(&take(from, 4)?);
    take(from, usize::try_from(length).unwrap_or(usize::MAX))
}

fn take(from: &mut Bytes, bytes: usize) -> Result<Bytes, Damage> {
    if bytes > from.len() {
        return Err(Damage("children end in the middle".into()));
    }
    Ok(from.split_to(bytes))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
