//! Cuts a file of lines into pieces for `POST /v1/jobs/batch`: however long the file, a few pieces are in memory.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use wasmill_job::{JobType, Priority};

/// Some lines of the file, as one request body.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) body: Bytes,
    /// The numbers, in the file, of the lines in the body; the server answers in this order.
    pub(crate) lines: Vec<u64>,
    /// Lines that are not sent, each with the reason.
    pub(crate) refused: Vec<(u64, String)>,
    /// How many bytes of the file this piece covers.
    pub(crate) bytes_read: u64,
}

/// What the lines are.
#[derive(Debug)]
pub(crate) enum Lines {
    /// Whole jobs, as `POST /v1/jobs/batch` takes them: passed on as they are.
    Jobs,
    /// A JSON payload each, for jobs of one type; a line that is already a whole job of that type stays as it is.
    /// With a key, line 7's job gets the idempotency key `key/7`, so that a repeated file makes no second job.
    Payloads { job_type: JobType, key: Option<String>, priority: Option<Priority> },
}

/// What tells a whole job from a payload: these fields, no others, and the type itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeJob<'t> {
    #[serde(rename = "type", borrow)]
    job_type: Cow<'t, str>,
    #[serde(rename = "payload")]
    _payload: IgnoredAny,
    #[serde(rename = "idempotency_key")]
    _key: Option<IgnoredAny>,
    #[serde(rename = "priority")]
    _priority: Option<IgnoredAny>,
}

/// The pieces of a file. An iterator that ends after the first error.
#[derive(Debug)]
pub(crate) struct Pieces<R> {
    from: R,
    lines: Lines,
    line: u64,
    ended: bool,
}

/// Lines per request: one group commit of the log is cheap at this size, and an answer comes within milliseconds.
const PIECE_LINES_MAX: usize = 500;
/// Bytes after which a piece is closed.
const PIECE_BYTES: usize = 1 << 20;
/// The longest line: more than any payload limit, and little enough to be held.
const LINE_BYTES_MAX: u64 = 64 << 20;

impl<R: BufRead> Pieces<R> {
    pub(crate) fn new(from: R, lines: Lines) -> Self {
        Self { from, lines, line: 0, ended: false }
    }

    fn piece(&mut self) -> io::Result<Option<Piece>> {
        let mut piece = Piece::default();
        let mut body = BytesMut::new();
        let mut line = Vec::new();
        while piece.lines.len() < PIECE_LINES_MAX && body.len() < PIECE_BYTES {
            line.clear();
            let read = self.from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.line += 1;
            piece.bytes_read += read as u64;
            if read as u64 == LINE_BYTES_MAX {
                let why = format!("line {} is longer than {LINE_BYTES_MAX} bytes", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match self.lines.write(self.line, text, &mut body) {
                Ok(()) => piece.lines.push(self.line),
                Err(why) => piece.refused.push((self.line, why)),
            }
        }
        piece.body = body.freeze();
        Ok(Some(piece).filter(|piece| piece.bytes_read > 0))
    }
}

impl<R: BufRead> Iterator for Pieces<R> {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<io::Result<Piece>> {
        if self.ended {
            return None;
        }
        let piece = self.piece();
        self.ended |= piece.is_err();
        piece.transpose()
    }
}

impl WholeJob<'_> {
    fn is(text: &[u8], job_type: &JobType) -> bool {
        serde_json::from_slice::<WholeJob<'_>>(text).is_ok_and(|job| job.job_type == job_type.as_str())
    }
}

impl Lines {
    /// Writes line `number` as the API wants it, or tells why it cannot be sent.
    fn write(&self, number: u64, text: &[u8], body: &mut BytesMut) -> Result<(), String> {
        match self {
            Self::Jobs => body.extend_from_slice(text),
            Self::Payloads { job_type, .. } if WholeJob::is(text, job_type) => body.extend_from_slice(text),
            Self::Payloads { job_type, key, priority } => {
                // Checked here: a line that is not one JSON value would break out of the envelope around it.
                serde_json::from_slice::<&RawValue>(text).map_err(|error| format!("not JSON: {error}"))?;
                let key = key.as_ref().map(|key| format!("{key}/{number}"));
                body.extend_from_slice(&envelope(job_type, Some(text), key.as_deref(), *priority));
            }
        }
        body.extend_from_slice(b"\n");
        Ok(())
    }
}

/// A job as the API takes it; the payload's bytes, which must be one JSON value, stay as they are.
pub(crate) fn envelope(
    job_type: &JobType,
    payload: Option<&[u8]>,
    key: Option<&str>,
    priority: Option<Priority>,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(payload.map_or(0, <[u8]>::len) + 64);
    body.extend_from_slice(b"{\"type\":");
    write_text(&mut body, job_type.as_str());
    if let Some(key) = key {
        body.extend_from_slice(b",\"idempotency_key\":");
        write_text(&mut body, key);
    }
    if let Some(priority) = priority {
        body.extend_from_slice(b",\"priority\":");
        write_text(&mut body, priority.as_str());
    }
    if let Some(payload) = payload {
        body.extend_from_slice(b",\"payload\":");
        body.extend_from_slice(payload);
    }
    body.push(b'}');
    body
}

fn write_text(body: &mut Vec<u8>, text: &str) {
    #[expect(clippy::expect_used, reason = "a string always serialises, and a Vec takes every byte")]
    serde_json::to_writer(body, text).expect("a string into memory");
}

#[cfg(test)]
mod tests;
