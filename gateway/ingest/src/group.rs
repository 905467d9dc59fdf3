//! One group of a batch: lines in, one append, answer lines out. The hot path of the gateway: each line is parsed once,
//! payloads are not copied before their record is written, and answers are written without a tree in between.

use std::io::Write;

use bytes::Bytes;
use wasmill_http::{Kind, Problem};
use wasmill_job::{JobId, JobType, Position};
use wasmill_log::{Append, AppendError, Log};
use wasmill_queue::Queue;

use crate::admit::{Admission, Admitted, Wanted};
use crate::key::check_key;
use crate::lines::Line;
use crate::post::payload_of;
use crate::request::parse_line;
use crate::router::Ingest;
use crate::routes::Routes;
use crate::store::{not_stored, store};

/// What became of a line before the append.
struct Drafted {
    number: u64,
    outcome: Result<Good, Problem>,
}

/// A line whose record is in the draft.
struct Good {
    id: JobId,
    job_type: JobType,
    payload_bytes: u64,
}

/// The group, ready to be appended: the records are those of the good lines, in order.
struct Draft {
    lines: Vec<Drafted>,
    records: Vec<Append>,
}

/// An answer line with an id and a receipt, in bytes.
const ANSWER_BYTES: usize = 128;

/// Stores what is good in the group and answers a line for each of its lines.
///
/// # Errors
/// When nothing of it could be stored: the problem, and the numbers of the lines.
pub(crate) async fn store_group<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    lines: Vec<Line>,
) -> Result<Bytes, (Vec<u64>, Problem)> {
    let routes = ingest.routes.now();
    let mut draft = Draft::of(ingest, &routes, lines);
    match append(&ingest.log, &mut draft).await {
        Ok(positions) => {
            draft.count(&routes);
            Ok(draft.answer(&positions))
        }
        Err(error) => Err((draft.lines.iter().map(|line| line.number).collect(), not_stored(&error))),
    }
}

/// One problem for each of these lines.
pub(crate) fn refusals(numbers: &[u64], problem: &Problem) -> Bytes {
    let mut text = Vec::new();
    numbers.iter().for_each(|number| write_refusal(&mut text, *number, problem));
    text.into()
}

/// Appends the records; ones that are too large for the log are taken out and refused, so that the others pass.
async fn append<L: Log>(log: &L, draft: &mut Draft) -> Result<Vec<Position>, AppendError> {
    if draft.records.is_empty() {
        return Ok(Vec::new());
    }
    // The copies share their bytes.
    match store(log, draft.records.clone()).await {
        Err(AppendError::TooLarge { bytes_max, .. }) => {
            draft.take_out(bytes_max);
            if draft.records.is_empty() { Ok(Vec::new()) } else { store(log, draft.records.clone()).await }
        }
        answer => answer,
    }
}

impl Draft {
    fn of<L: Log, Q: Queue>(ingest: &Ingest<L, Q>, routes: &Routes, lines: Vec<Line>) -> Self {
        let mut admission = Admission::new(routes, &ingest.ids, ingest.clock.now());
        let mut draft =
            Self { lines: Vec::with_capacity(lines.len()), records: Vec::with_capacity(lines.len()) };
        for Line { number, text } in lines {
            let outcome = match text {
                None => Err(too_long(routes.text_bytes_max())),
                Some(text) => admit(&mut admission, &text).map(|(good, record)| {
                    draft.records.push(record);
                    good
                }),
            };
            draft.lines.push(Drafted { number, outcome });
        }
        draft
    }

    /// Refuses the records of more than `bytes_max` bytes, key and value together.
    fn take_out(&mut self, bytes_max: usize) {
        let good = self.lines.iter_mut().map(|line| &mut line.outcome).filter(|outcome| outcome.is_ok());
        let mut kept = Vec::with_capacity(self.records.len());
        for (outcome, record) in good.zip(std::mem::take(&mut self.records)) {
            let bytes = record.value.as_ref().map_or(0, Bytes::len);
            if bytes > bytes_max {
                *outcome = Err(not_stored(&AppendError::TooLarge { bytes, bytes_max }));
            } else {
                kept.push(record);
            }
        }
        self.records = kept;
    }

    fn count(&self, routes: &Routes) {
        let mut tally: Vec<(&JobType, u64, u64)> = Vec::new();
        for good in self.lines.iter().filter_map(|line| line.outcome.as_ref().ok()) {
            match tally.iter_mut().find(|(job_type, ..)| **job_type == good.job_type) {
                Some((_, jobs, bytes)) => (*jobs, *bytes) = (*jobs + 1, *bytes + good.payload_bytes),
                None => tally.push((&good.job_type, 1, good.payload_bytes)),
            }
        }
        for (job_type, jobs, bytes) in tally {
            if let Ok(route) = routes.find(job_type.as_str()) {
                route.accepted_jobs.increment(jobs);
                route.accepted_bytes.increment(bytes);
            }
        }
    }

    fn answer(self, positions: &[Position]) -> Bytes {
        let mut text = Vec::with_capacity(self.lines.len() * ANSWER_BYTES);
        let mut positions = positions.iter();
        for Drafted { number, outcome } in self.lines {
            match outcome.map(|good| (good.id, positions.next())) {
                Ok((id, Some(at))) => {
                    // Writing to memory cannot fail; neither id nor position holds a character that JSON escapes.
                    let _ = writeln!(text, "{{\"line\":{number},\"id\":\"{id}\",\"receipt\":\"{at}\"}}");
                }
                Ok((_, None)) => write_refusal(&mut text, number, &too_few_positions()),
                Err(problem) => write_refusal(&mut text, number, &problem),
            }
        }
        text.into()
    }
}

fn admit(admission: &mut Admission<'_>, text: &Bytes) -> Result<(Good, Append), Problem> {
    let request = parse_line(text).map_err(|error| error.into_problem(text))?;
    let key = request.idempotency_key.as_deref().map(check_key).transpose()?;
    let payload = payload_of(text, request.payload);
    let payload_bytes = payload.len() as u64;
    let wanted = Wanted { job_type: &request.job_type, payload, key, traceparent: None };
    let Admitted { id, job_type, record } = admission.admit(wanted)?;
    Ok((Good { id, job_type, payload_bytes }, record))
}

/// A problem document with the line's number in the batch, which takes the place of the line inside the line's JSON.
fn write_refusal(text: &mut Vec<u8>, number: u64, problem: &Problem) {
    metrics::counter!("wasmill_ingest_refused_lines_total", "kind" => problem.kind().name()).increment(1);
    // Strings and numbers always serialize, and writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut *text, &problem.clone().with("line", number));
    text.push(b'\n');
}

fn too_long(bytes_max: usize) -> Problem {
    let detail = format!("The line is longer than the {bytes_max} bytes that the largest job can take.");
    Problem::new(Kind::BodyTooLarge, detail).with("bytes_max", bytes_max)
}

fn too_few_positions() -> Problem {
    Problem::new(
        Kind::OutcomeUnknown,
        "The log named fewer positions than records: repeat with the same key.",
    )
}
