//! What passes between the worker and the child process, over the child's standard input and output.
//!
//! A frame is its length, four bytes with the highest first, and then so many bytes: one line of JSON, a line feed, and
//! a body that nobody re-encodes, which is the job's record in one direction and the handler's output in the other. Both
//! ends are the same program, so there is one version: any other is refused.

use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use wasmill_job::wire::{Record, decode, encode_job};
use wasmill_job::{Attempt, End, Job, Limits, LogLine, ModuleDigest, Outcome, Stop, Usage};

/// From the worker: run this job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) module: ModuleDigest,
    pub(crate) job: Job,
    pub(crate) attempt: Attempt,
    pub(crate) max_attempts: u32,
    pub(crate) limits: Limits,
}

/// From the child.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// It is up.
    Ready,
    /// The handler is loaded; from here on a death is the job's.
    Started,
    Ended(Outcome),
}

/// Why a frame says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Garbled {
    #[error("the frame is of version {0}, and this program speaks version {VERSION}")]
    Version(u32),
    #[error("the frame has {bytes} bytes, and at most {max} are read")]
    TooLong { bytes: u64, max: u64 },
    #[error("the frame has no line feed after its first line")]
    NoHead,
    #[error("the frame's first line is not valid: {0}")]
    Head(#[from] serde_json::Error),
    #[error("the job's record is not valid: {0}")]
    Job(String),
    #[error("the frame is a proper one, but not what comes next")]
    Unexpected,
    #[error("it cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// The version of everything here.
const VERSION: u32 = 1;
/// The longest frame that can be told.
const FRAME_MAX: u64 = u32::MAX as u64;
const LENGTH_BYTES: usize = 4;

#[derive(Serialize, Deserialize)]
struct RequestHead {
    v: u32,
    module: ModuleDigest,
    attempt: Attempt,
    max_attempts: u32,
    limits: WireLimits,
}

#[derive(Serialize, Deserialize)]
struct WireLimits {
    memory_bytes: u64,
    timeout_us: u64,
    fuel: u64,
    payload_bytes: u64,
    output_bytes: u64,
    log_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct ReplyHead {
    v: u32,
    #[serde(flatten)]
    says: Says,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "lowercase")]
enum Says {
    Ready,
    Started,
    Ended { end: WireEnd, logs: Vec<LogLine>, usage: Usage },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum WireEnd {
    /// The output is the frame's body.
    Done,
    Retry {
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    Rejected {
        message: String,
    },
    Stopped {
        stop: WireStop,
        message: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireStop {
    Trap,
    Fuel,
    Timeout,
    Memory,
    Output,
    Host,
    Interrupted,
}

impl Request {
    pub(crate) fn to_frame(&self) -> Result<Vec<u8>, Garbled> {
        let Limits { memory_bytes, timeout, fuel, payload_bytes, output_bytes, log_bytes } = self.limits;
        let timeout_us = u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX);
        let limits = WireLimits { memory_bytes, timeout_us, fuel, payload_bytes, output_bytes, log_bytes };
        let Self { module, attempt, max_attempts, .. } = *self;
        let record = encode_job(&self.job).map_err(|error| Garbled::Job(error.to_string()))?;
        frame(&RequestHead { v: VERSION, module, attempt, max_attempts, limits }, &record)
    }

    pub(crate) fn of(bytes: &Bytes) -> Result<Self, Garbled> {
        let (head, body) = split(bytes)?;
        let RequestHead { module, attempt, max_attempts, limits, .. } = serde_json::from_slice(head)?;
        let WireLimits { memory_bytes, timeout_us, fuel, payload_bytes, output_bytes, log_bytes } = limits;
        let timeout = Duration::from_micros(timeout_us);
        let limits = Limits { memory_bytes, timeout, fuel, payload_bytes, output_bytes, log_bytes };
        match decode(&body) {
            Ok(Record::Job(job)) => Ok(Self { module, job, attempt, max_attempts, limits }),
            Ok(Record::Cancel(_)) => Err(Garbled::Job("it is a cancellation".into())),
            Ok(Record::Copy { .. }) => Err(Garbled::Job("it is a copy of a record".into())),
            Err(error) => Err(Garbled::Job(error.to_string())),
        }
    }
}

impl Reply {
    pub(crate) fn to_frame(&self) -> Result<Vec<u8>, Garbled> {
        let (says, body) = match self {
            Self::Ready => (Says::Ready, Bytes::new()),
            Self::Started => (Says::Started, Bytes::new()),
            Self::Ended(Outcome { end, logs, usage }) => {
                let (end, body) = WireEnd::of(end);
                (Says::Ended { end, logs: logs.clone(), usage: *usage }, body)
            }
        };
        frame(&ReplyHead { v: VERSION, says }, &body)
    }

    pub(crate) fn of(bytes: &Bytes) -> Result<Self, Garbled> {
        let (head, body) = split(bytes)?;
        let ReplyHead { says, .. } = serde_json::from_slice(head)?;
        Ok(match says {
            Says::Ready => Self::Ready,
            Says::Started => Self::Started,
            Says::Ended { end, logs, usage } => Self::Ended(Outcome { end: end.into_end(body), logs, usage }),
        })
    }
}

impl WireEnd {
    fn of(end: &End) -> (Self, Bytes) {
        let end = match end {
            End::Done { output } => return (Self::Done, output.clone()),
            End::Retry { message, after } => {
                let after_ms = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                Self::Retry { message: message.clone(), after_ms }
            }
            End::Rejected { message } => Self::Rejected { message: message.clone() },
            End::Stopped { stop, message } => {
                Self::Stopped { stop: (*stop).into(), message: message.clone() }
            }
        };
        (end, Bytes::new())
    }

    fn into_end(self, output: Bytes) -> End {
        match self {
            Self::Done => End::Done { output },
            Self::Retry { message, after_ms } => {
                End::Retry { message, after: after_ms.map(Duration::from_millis) }
            }
            Self::Rejected { message } => End::Rejected { message },
            Self::Stopped { stop, message } => End::Stopped { stop: stop.into(), message },
        }
    }
}

impl From<Stop> for WireStop {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Trap => Self::Trap,
            Stop::Fuel => Self::Fuel,
            Stop::Timeout => Self::Timeout,
            Stop::Memory => Self::Memory,
            Stop::Output => Self::Output,
            Stop::Host => Self::Host,
            Stop::Interrupted => Self::Interrupted,
        }
    }
}

impl From<WireStop> for Stop {
    fn from(stop: WireStop) -> Self {
        match stop {
            WireStop::Trap => Self::Trap,
            WireStop::Fuel => Self::Fuel,
            WireStop::Timeout => Self::Timeout,
            WireStop::Memory => Self::Memory,
            WireStop::Output => Self::Output,
            WireStop::Host => Self::Host,
            WireStop::Interrupted => Self::Interrupted,
        }
    }
}

/// Reads a frame; `None` when the other end has closed.
pub(crate) fn read(from: &mut impl Read) -> Result<Option<Bytes>, Garbled> {
    let mut length = [0; LENGTH_BYTES];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let bytes = u64::from(u32::from_be_bytes(length));
    let mut frame = Vec::new();
    from.take(bytes).read_to_end(&mut frame)?;
    // Cut off in the middle: the other end died while it wrote.
    Ok((frame.len() as u64 == bytes).then(|| frame.into()))
}

/// The same for the worker, which does not read more than `max` bytes: it waits for no process, and trusts none that
/// runs a suspect.
pub(crate) async fn receive(from: &mut (impl AsyncRead + Unpin), max: u64) -> Result<Option<Bytes>, Garbled> {
    let mut length = [0; LENGTH_BYTES];
    match from.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let bytes = u64::from(u32::from_be_bytes(length));
    if bytes > max {
        return Err(Garbled::TooLong { bytes, max });
    }
    let mut frame = Vec::new();
    from.take(bytes).read_to_end(&mut frame).await?;
    Ok((frame.len() as u64 == bytes).then(|| frame.into()))
}

/// Writes a frame, at once.
pub(crate) fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    to.write_all(frame)?;
    to.flush()
}

fn frame(head: &impl Serialize, body: &[u8]) -> Result<Vec<u8>, Garbled> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, head)?;
    frame.push(b'\n');
    frame.extend_from_slice(body);
    let bytes = (frame.len() - LENGTH_BYTES) as u64;
    let length = u32::try_from(bytes).map_err(|_| Garbled::TooLong { bytes, max: FRAME_MAX })?;
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

/// The first line, whose version is checked before anything else in it, and the body.
fn split(bytes: &Bytes) -> Result<(&[u8], Bytes), Garbled> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    // serde_json never writes a raw line feed, so the first one ends the head.
    let end = bytes.iter().position(|&byte| byte == b'\n').ok_or(Garbled::NoHead)?;
    let Version { v } = serde_json::from_slice(&bytes[..end])?;
    if v != VERSION {
        return Err(Garbled::Version(v));
    }
    Ok((&bytes[..end], bytes.slice(end + 1..)))
}

#[cfg(test)]
mod tests;
