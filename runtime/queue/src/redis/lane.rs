//! A lane on its shard: where it goes on, what it has passed, how far it is settled.

use wasmill_job::{Offset, Passed, Progress, RecordHash, TopicPartition};

use super::record::{Fields, six};
use super::script::{Call, Name};
use super::shard::Shard;
use super::trouble::Trouble;
use crate::Outdated;

/// Offsets in one piece of a lane's bitmap; the scripts know the same number.
const BLOCK: u64 = 65_536;

impl Shard<'_> {
    /// A call about a lane, with its name and whether nothing in it is ever unsettled.
    fn call_of(&self, name: Name, lane: &TopicPartition) -> Call {
        let mut call = self.call(name);
        call.arg(lane.to_string()).arg(u8::from(lane.topic.is_compacted()));
        call
    }

    pub(super) async fn resume(&self, lane: &TopicPartition, progress: &Progress) -> Result<Offset, Trouble> {
        let mut call = self.call_of(Name::Resume, lane);
        call.arg(progress.epoch).arg(progress.floor.0);
        for range in progress.settled.iter() {
            call.arg(range.start).arg(range.end);
        }
        let mut answer = self.list(&call).await?;
        let first = answer.text()?;
        if first == "outdated" {
            let outdated = Outdated { read: progress.epoch, begun: answer.number()? };
            return Err(Trouble::Passing(outdated.of(lane)));
        }
        let wanted = first.parse().map_err(|_| Trouble::nonsense(&format!("no offset but {first}")))?;
        let (number, drops) = (answer.number()?, answer.number()? == 1);
        if drops {
            self.drop_settled(number).await?;
        }
        Ok(Offset(wanted))
    }

    /// After a rollback: takes out live jobs that the log knows to be settled. A crash in between is mended by the next
    /// resume, which finds it noted.
    async fn drop_settled(&self, lane: u64) -> Result<(), Trouble> {
        let mut cursor = "0".to_owned();
        let mut dropped = 0;
        loop {
            let mut call = self.call(Name::Drop);
            call.arg(lane).arg(&cursor);
            let mut answer = self.list(&call).await?;
            cursor = answer.text()?;
            dropped += answer.number()?;
            if cursor == "0" {
                metrics::counter!("wasmill_queue_rolled_back_total").increment(dropped);
                return Ok(());
            }
        }
    }

    pub(super) async fn adopt(&self, lane: &TopicPartition, from: Offset, epoch: u64) -> Result<(), Trouble> {
        let mut call = self.call_of(Name::Adopt, lane);
        let parked = lane.topic.parked_type();
        call.arg(from.0)
            .arg(lane.partition.to_string())
            .arg(parked.as_ref().map_or("", |of| of.as_str()))
            .arg(epoch);
        self.link.run(&call).await.map(|_| ())
    }

    pub(super) async fn passed(&self, lane: &TopicPartition) -> Result<Option<Passed>, Trouble> {
        let mut call = self.call(Name::Passed);
        call.arg(lane.to_string());
        match self.link.run(&call).await? {
            redis::Value::BulkString(bytes) if !bytes.is_empty() => read_passed(&bytes).map(Some),
            redis::Value::BulkString(_) | redis::Value::Nil => Ok(None),
            other => Err(Trouble::nonsense(&format!("no record that was passed but {other:?}"))),
        }
    }

    pub(super) async fn progress(&self, lane: &TopicPartition) -> Result<Progress, Trouble> {
        let mut call = self.call(Name::Progress);
        call.arg(lane.to_string());
        let mut answer = self.list(&call).await?;
        if answer.is_empty() {
            return Ok(Progress::default());
        }
        let floor = answer.number()?;
        answer.number()?;
        let mut progress = Progress { floor: Offset(floor), ..Progress::default() };
        while !answer.is_empty() {
            let first = answer.number()? * BLOCK;
            for (from, to) in runs_of_ones(&answer.bytes()?) {
                let from = (first + from).max(floor);
                if from < first + to {
                    progress.settled.insert(from..first + to);
                }
            }
        }
        Ok(progress)
    }
}

/// A record that was passed, as it is stored.
pub(super) fn passed_bytes(passed: Passed) -> [u8; 14] {
    let mut bytes = [0; 14];
    bytes[..6].copy_from_slice(&six(passed.offset.0));
    bytes[6..].copy_from_slice(&passed.hash.0.to_be_bytes());
    bytes
}

fn read_passed(bytes: &[u8]) -> Result<Passed, Trouble> {
    let mut fields = Fields(bytes);
    Ok(Passed { offset: Offset(fields.number(6)?), hash: RecordHash(fields.number(8)?) })
}

/// The runs of ones in a bitmap, as Redis orders bits: the first is the highest of the first byte.
fn runs_of_ones(bytes: &[u8]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut add = |from: u64, to: u64| match runs.last_mut() {
        Some(last) if last.1 == from => last.1 = to,
        _ => runs.push((from, to)),
    };
    for (at, byte) in (0_u64..).zip(bytes) {
        match byte {
            0 => {}
            0xff => add(at * 8, at * 8 + 8),
            byte => (0..8)
                .filter(|bit| byte << bit & 0x80 != 0)
                .for_each(|bit| add(at * 8 + bit, at * 8 + bit + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_bit_by_bit() {
        assert_eq!(
            runs_of_ones(&[0b0110_0001, 0xff, 0b1000_0000, 0, 0b0000_0001]),
            [(1, 3), (7, 17), (39, 40)]
        );
        assert_eq!(runs_of_ones(&[]), []);
    }

    #[test]
    fn what_was_passed_is_read_as_it_was_written() {
        let passed = Passed { offset: Offset((1 << 40) + 7), hash: RecordHash(u64::MAX - 3) };
        assert_eq!(read_passed(&passed_bytes(passed)), Ok(passed));
        assert!(read_passed(&[0; 13]).is_err());
    }
}
