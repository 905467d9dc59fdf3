//! Settlements as the script takes them.

use wasmill_job::Verdict;

use super::letter::failure_bytes;
use super::record::{completion, redrives};
use super::script::Call;
use crate::record::{FailedRow, LastRow, Row, write_children};
use crate::{Answer, Settlement};

/// Adds a settlement's seven arguments.
pub(super) fn add(call: &mut Call, settlement: &Settlement) {
    let Settlement { claim, verdict, record, .. } = settlement;
    let letter = match verdict {
        Verdict::Complete { .. } => "c",
        Verdict::Retry { .. } => "r",
        Verdict::Bury { .. } => "b",
        Verdict::Release => "l",
    };
    let reference = claim.reference();
    call.arg(letter).arg(&reference.id.pack()[..]).arg(&reference.token.claim.to_be_bytes()[..]);
    match verdict {
        Verdict::Complete { output } => {
            let meta = completion(&claim.job, record.dedup_window, record.keep_result.as_millis());
            call.arg(meta).arg(LastRow::of(record).to_bytes()).arg(&output[..])
        }
        Verdict::Retry { pause, failure } => {
            let row = FailedRow { failure: failure.clone(), last: LastRow::of(record) };
            let later = row.short().map(|short| short.to_bytes()).unwrap_or_default();
            call.arg(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)).arg(row.to_bytes()).arg(later);
            call.arg(record.version().map_or("", |version| version.as_str()));
            return;
        }
        Verdict::Bury { failure } => {
            let mut meta = redrives(claim.job.redrives).to_be_bytes().to_vec();
            meta.extend_from_slice(claim.job.id.to_string().as_bytes());
            call.arg(meta).arg(failure_bytes(failure)).arg(LastRow::of(record).to_bytes())
        }
        // What was to be run alone still is: no attempt of it has come to an end.
        Verdict::Release => call.arg(u8::from(claim.suspect)).arg("").arg(""),
    };
    match settlement.emitted() {
        [] => call.arg(""),
        children => call.arg(write_children(children)),
    };
}

/// What the script says of each.
pub(super) fn answers(letters: &[u8]) -> impl Iterator<Item = Answer> {
    letters.iter().map(|letter| if *letter == b's' { Answer::Settled } else { Answer::Lost })
}
