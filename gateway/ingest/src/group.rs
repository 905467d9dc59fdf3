//! One group of a batch: lines in, stored in one step, answer lines out. The hot path of the gateway: each line is parsed
//! once, payloads are not copied before their record is written, and answers are written without a tree in between.

use std::io::Write;

use bytes::Bytes;
use wasmill_http::{Caller, Kind, Problem};
use wasmill_job::JobId;
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::admit::{Admission, Wanted};
use crate::key::check_key;
use crate::lines::Line;
use crate::post::payload_of;
use crate::request::parse_line;
use crate::router::Ingest;
use crate::routes::{Route, Routes};
use crate::store::{Kept, Load, NotStored, store};

/// What became of a line so far.
struct Drafted<'a> {
    number: u64,
    outcome: Result<Good<'a>, Problem>,
}

/// A line whose job is in the load.
struct Good<'a> {
    id: JobId,
    route: &'a Route,
    payload_bytes: u64,
}

/// The group, ready to be stored: the load holds the jobs of the good lines, in order.
struct Draft<'a> {
    lines: Vec<Drafted<'a>>,
    load: Load,
}

/// An answer line with an id and a receipt, in bytes.
const ANSWER_BYTES: usize = 128;

/// Stores what is good in the group and answers a line for each of its lines.
///
/// # Errors
/// When nothing of it could be stored: the problem, and the numbers of the lines.
pub(crate) async fn store_group<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    caller: &Caller,
    lines: Vec<Line>,
) -> Result<Bytes, (Vec<u64>, Problem)> {
    let routes = ingest.routes.now();
    let mut draft = Draft::of(ingest, caller, &routes, lines);
    if draft.load.is_empty() {
        return Ok(draft.answer(Vec::new()));
    }
    let load = std::mem::take(&mut draft.load);
    match store(ingest, load).await {
        Ok(fates) => Ok(draft.answer(fates)),
        Err(error) => Err((draft.lines.iter().map(|line| line.number).collect(), error.problem())),
    }
}

/// One problem for each of these lines.
pub(crate) fn refusals(numbers: &[u64], problem: &Problem) -> Bytes {
    let mut text = Vec::new();
    numbers.iter().for_each(|number| write_refusal(&mut text, *number, problem));
    text.into()
}

impl<'a> Draft<'a> {
    fn of<L: Log, Q: Queue>(
        ingest: &'a Ingest<L, Q>,
        caller: &'a Caller,
        routes: &'a Routes,
        lines: Vec<Line>,
    ) -> Self {
        let mut admission = Admission::new(routes, &ingest.ids, caller, ingest.clock.now());
        let mut draft = Self { lines: Vec::with_capacity(lines.len()), load: Load::default() };
        for Line { number, text } in lines {
            let outcome = match text {
                None => Err(too_long(routes.text_bytes_max())),
                Some(text) => admit(&mut admission, &text, &mut draft.load),
            };
            draft.lines.push(Drafted { number, outcome });
        }
        draft
    }

    fn answer(self, fates: Vec<Result<Kept, NotStored>>) -> Bytes {
        let mut text = Vec::with_capacity(self.lines.len() * ANSWER_BYTES);
        let mut fates = fates.into_iter();
        let mut tally = Tally::default();
        for Drafted { number, outcome } in self.lines {
            let outcome = outcome.and_then(|good| {
                let fate = fates.next().ok_or_else(too_few_answers)?;
                let proof = fate.map_err(|error| error.problem())?.proof(good.route)?;
                tally.add(&good);
                Ok((good.id, proof))
            });
            match outcome {
                Ok((id, proof)) => {
                    // Writing to memory cannot fail; an id holds no character that JSON escapes.
                    let _ = writeln!(text, "{{\"line\":{number},\"id\":\"{id}\"{proof}}}");
                }
                Err(problem) => write_refusal(&mut text, number, &problem),
            }
        }
        tally.count();
        text.into()
    }
}

/// Accepted jobs and their bytes by type, so that each counter is moved once per group.
#[derive(Default)]
struct Tally<'a>(Vec<(&'a Route, u64, u64)>);

impl<'a> Tally<'a> {
    fn add(&mut self, good: &Good<'a>) {
        match self.0.iter_mut().find(|(route, ..)| std::ptr::eq(*route, good.route)) {
            Some((_, jobs, bytes)) => (*jobs, *bytes) = (*jobs + 1, *bytes + good.payload_bytes),
            None => self.0.push((good.route, 1, good.payload_bytes)),
        }
    }

    fn count(self) {
        for (route, jobs, bytes) in self.0 {
            route.accepted_jobs.increment(jobs);
            route.accepted_bytes.increment(bytes);
        }
    }
}

fn admit<'a>(admission: &mut Admission<'a>, text: &Bytes, load: &mut Load) -> Result<Good<'a>, Problem> {
    let request = parse_line(text).map_err(|error| error.into_problem(text))?;
    let key = request.idempotency_key.as_deref().map(check_key).transpose()?;
    let payload = payload_of(text, request.payload);
    let payload_bytes = payload.len() as u64;
    let priority = request.priority.unwrap_or_default();
    let wanted = Wanted { job_type: &request.job_type, payload, key, traceparent: None, priority };
    let admitted = admission.admit(wanted)?;
    let good = Good { id: admitted.job.id, route: admitted.route, payload_bytes };
    load.add(admitted)?;
    Ok(good)
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

fn too_few_answers() -> Problem {
    Problem::new(Kind::OutcomeUnknown, "Fewer answers than jobs came back: repeat with the same key.")
}
