//! Reading bodies: piece by piece or whole, within a limit and a budget, with a problem for everything that can go
//! wrong on the way.

use std::error::Error;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;

use crate::pace::Cut;
use crate::{Busy, Hold, Kind, Problem};

/// A body read piece by piece.
#[derive(Debug)]
pub struct BodyReader {
    body: Body,
}

impl BodyReader {
    pub fn new(body: Body) -> Self {
        Self { body }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// 408 when the client is too slow, 400 when it broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers carry nothing we know.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(broken(&error)),
            }
        }
    }

    /// The length the client has announced, if it has.
    pub fn announced(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

/// Reads a body of at most `limit` bytes, all of them held in `hold`. A body in one piece is not copied.
///
/// # Errors
/// 413 with both sizes when it is larger, 503 when the budget is used up, and what [`BodyReader::next`] says.
pub async fn read_body(body: Body, limit: usize, hold: &mut Hold) -> Result<Bytes, Problem> {
    let mut reader = BodyReader::new(body);
    let announced = reader.announced();
    if let Some(bytes) = announced.filter(|bytes| *bytes > limit as u64) {
        return Err(too_large(
            format!("The body is {bytes} bytes long; at most {limit} are accepted here."),
            limit,
        )
        .with("bytes", bytes));
    }
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(piece) = reader.next().await? {
        let length = whole.len() + joined.len() + piece.len();
        if length > limit {
            return Err(too_large(
                format!("The body is longer than the {limit} bytes accepted here."),
                limit,
            ));
        }
        hold.grow(piece.len())?;
        if length == piece.len() {
            whole = piece;
        } else {
            if joined.is_empty() {
                // What was announced is within the limit, but no memory is promised for bytes that have not come.
                joined.reserve(length.max(announced.map_or(0, |bytes| (bytes as usize).min(64 << 10))));
                joined.extend_from_slice(&std::mem::take(&mut whole));
            }
            joined.extend_from_slice(&piece);
        }
    }
    Ok(if joined.is_empty() { whole } else { joined.freeze() })
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::new(Kind::Busy, format!("{}: repeat in a second.", capital(&busy.to_string()))).retry_after(1)
    }
}

fn capital(text: &str) -> String {
    text.strip_prefix('t').map_or_else(|| text.to_owned(), |rest| format!("T{rest}"))
}

fn too_large(detail: String, limit: usize) -> Problem {
    Problem::new(Kind::BodyTooLarge, detail).with("bytes_max", limit)
}

fn broken(error: &(dyn Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(at) = cause {
        if let Some(Cut::TooSlow { received }) = at.downcast_ref() {
            let detail =
                format!("{received} bytes of the body came, and then nothing for too long; send it again.");
            return Problem::new(Kind::BodyTooSlow, detail);
        }
        cause = at.source();
    }
    Problem::new(Kind::BodyBroken, format!("The body could not be read to its end ({error}); send it again."))
}

#[cfg(test)]
mod tests;
