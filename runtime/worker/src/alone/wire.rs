//! What passes between the worker and the child process, over the child's standard input and output.
//!
//! A frame is its length, four bytes with the highest first, and then so many bytes: one line of JSON, a line feed, and
//! a body that nobody re-encodes, which is the job's record in one direction and the handler's output in the other. Both
//! ends are the same program, so there is one version: any other is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use wasmill_job::wire::{Record, decode, encode_job};
use wasmill_job::{
    Attempt, Child, End, Generation, Grants, Job, JobId, JobType, Limits, LogLine, ModuleDigest, Outcome,
    SecretName, Stop, TypePattern, Usage,
};
use wasmill_sandbox::Destination;

/// From the worker: run this job. Never shown: there are secrets in it.
#[derive(Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) module: ModuleDigest,
    pub(crate) job: Job,
    pub(crate) attempt: Attempt,
    pub(crate) max_attempts: u32,
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
    /// The values of the secrets that are granted: the child has no environment to find them in.
    pub(crate) secrets: BTreeMap<SecretName, String>,
    /// Where the types go that the job may emit.
    pub(crate) destinations: BTreeMap<JobType, Destination>,
}

/// From the child.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
pub(crate) enum Reply {
    /// It is up.
    Ready,
    /// It cannot run the job, and why. It has not begun it, and hears the next request.
    Unready(String),
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
const VERSION: u32 = 2;
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
    grants: WireGrants,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<SecretName, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    destinations: BTreeMap<JobType, WireDestination>,
}

#[derive(Serialize, Deserialize)]
struct WireGrants {
    http: Vec<String>,
    secrets: BTreeSet<SecretName>,
    config: BTreeMap<String, String>,
    emit: Vec<TypePattern>,
    clock: bool,
    random: bool,
}

#[derive(Serialize, Deserialize)]
struct WireDestination {
    generation: Generation,
    partitions: NonZeroU32,
    payload_bytes_max: u64,
}

#[derive(Serialize, Deserialize)]
struct WireLimits {
    memory_bytes: u64,
    timeout_us: u64,
    fuel: u64,
    payload_bytes: u64,
    output_bytes: u64,
    log_bytes: u64,
    host_calls: u64,
    http_calls: u32,
    http_bytes: u64,
    children: u32,
}

#[derive(Serialize, Deserialize)]
struct ReplyHead {
    v: u32,
    #[serde(flatten)]
    says: Says,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
enum Says {
    Ready,
    Unready {
        reason: String,
    },
    Started,
    Ended {
        end: WireEnd,
        logs: Vec<LogLine>,
        usage: Usage,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        children: Vec<WireChild>,
    },
}

#[derive(Serialize, Deserialize)]
struct WireChild {
    id: JobId,
    job_type: JobType,
    /// Their payloads stand before the output, one after another, each so long.
    payload_bytes: usize,
    delay_ms: u64,
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
    Exited {
        code: u8,
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
    Calls,
    Host,
    Interrupted,
}

impl Request {
    pub(crate) fn to_frame(&self) -> Result<Vec<u8>, Garbled> {
        let Self { module, attempt, max_attempts, .. } = *self;
        let destination = |(name, place): (&JobType, &Destination)| {
            let Destination { generation, partitions, payload_bytes_max } = *place;
            (name.clone(), WireDestination { generation, partitions, payload_bytes_max })
        };
        let head = RequestHead {
            v: VERSION,
            module,
            attempt,
            max_attempts,
            limits: self.limits.into(),
            grants: self.grants.clone().into(),
            secrets: self.secrets.clone(),
            destinations: self.destinations.iter().map(destination).collect(),
        };
        let record = encode_job(&self.job).map_err(|error| Garbled::Job(error.to_string()))?;
        frame(&head, &record)
    }

    pub(crate) fn of(bytes: &Bytes) -> Result<Self, Garbled> {
        let (head, body) = split(bytes)?;
        let RequestHead { module, attempt, max_attempts, limits, grants, secrets, destinations, .. } =
            serde_json::from_slice(head)?;
        let job = match decode(&body) {
            Ok(Record::Job(job)) => job,
            Ok(Record::Cancel(_)) => return Err(Garbled::Job("it is a cancellation".into())),
            Ok(Record::Copy { .. }) => return Err(Garbled::Job("it is a copy of a record".into())),
            Err(error) => return Err(Garbled::Job(error.to_string())),
        };
        let destination = |(name, place)| {
            let WireDestination { generation, partitions, payload_bytes_max } = place;
            (name, Destination { generation, partitions, payload_bytes_max })
        };
        let destinations = destinations.into_iter().map(destination).collect();
        let (limits, grants) = (limits.into(), grants.into());
        Ok(Self { module, job, attempt, max_attempts, limits, grants, secrets, destinations })
    }
}

impl From<Limits> for WireLimits {
    fn from(limits: Limits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            timeout_us: u64::try_from(limits.timeout.as_micros()).unwrap_or(u64::MAX),
            fuel: limits.fuel,
            payload_bytes: limits.payload_bytes,
            output_bytes: limits.output_bytes,
            log_bytes: limits.log_bytes,
            host_calls: limits.host_calls,
            http_calls: limits.http_calls,
            http_bytes: limits.http_bytes,
            children: limits.children,
        }
    }
}

impl From<WireLimits> for Limits {
    fn from(wire: WireLimits) -> Self {
        Self {
            memory_bytes: wire.memory_bytes,
            timeout: Duration::from_micros(wire.timeout_us),
            fuel: wire.fuel,
            payload_bytes: wire.payload_bytes,
            output_bytes: wire.output_bytes,
            log_bytes: wire.log_bytes,
            host_calls: wire.host_calls,
            http_calls: wire.http_calls,
            http_bytes: wire.http_bytes,
            children: wire.children,
        }
    }
}

impl From<Grants> for WireGrants {
    fn from(grants: Grants) -> Self {
        let Grants { http, secrets, config, emit, clock, random } = grants;
        Self { http, secrets, config, emit, clock, random }
    }
}

impl From<WireGrants> for Grants {
    fn from(wire: WireGrants) -> Self {
        let WireGrants { http, secrets, config, emit, clock, random } = wire;
        Self { http, secrets, config, emit, clock, random }
    }
}

impl Reply {
    pub(crate) fn to_frame(&self) -> Result<Vec<u8>, Garbled> {
        let (says, body) = match self {
            Self::Ready => (Says::Ready, Bytes::new()),
            Self::Unready(reason) => (Says::Unready { reason: reason.clone() }, Bytes::new()),
            Self::Started => (Says::Started, Bytes::new()),
            Self::Ended(Outcome { end, children, logs, usage }) => {
                let (end, output) = WireEnd::of(end);
                let payloads = children.iter().map(|child| &child.payload);
                let body: Vec<_> = payloads.chain([&output]).flat_map(|part| part.iter().copied()).collect();
                let children = children.iter().map(WireChild::of).collect();
                (Says::Ended { end, logs: logs.clone(), usage: *usage, children }, body.into())
            }
        };
        frame(&ReplyHead { v: VERSION, says }, &body)
    }

    pub(crate) fn of(bytes: &Bytes) -> Result<Self, Garbled> {
        let (head, body) = split(bytes)?;
        let ReplyHead { says, .. } = serde_json::from_slice(head)?;
        Ok(match says {
            Says::Ready => Self::Ready,
            Says::Unready { reason } => Self::Unready(reason),
            Says::Started => Self::Started,
            Says::Ended { end, logs, usage, children } => {
                let mut body = body;
                let children = children.into_iter().map(|child| child.into_child(&mut body));
                let children = children.collect::<Result<_, _>>()?;
                Self::Ended(Outcome { end: end.into_end(body), children, logs, usage })
            }
        })
    }
}

impl WireChild {
    fn of(child: &Child) -> Self {
        Self {
            id: child.id,
            job_type: child.job_type.clone(),
            payload_bytes: child.payload.len(),
            delay_ms: u64::try_from(child.delay.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The child, with its payload from the front of `body`.
    fn into_child(self, body: &mut Bytes) -> Result<Child, Garbled> {
        if self.payload_bytes > body.len() {
            return Err(Garbled::Unexpected);
        }
        let payload = body.split_to(self.payload_bytes);
        Ok(Child {
            id: self.id,
            job_type: self.job_type,
            payload,
            delay: Duration::from_millis(self.delay_ms),
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
            End::Exited { code, message } => Self::Exited { code: *code, message: message.clone() },
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
            Self::Exited { code, message } => End::Exited { code, message },
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
            Stop::Calls => Self::Calls,
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
            WireStop::Calls => Self::Calls,
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
