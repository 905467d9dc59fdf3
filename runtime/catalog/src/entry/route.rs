//! Reads `[type."NAME"]`: a job type's route.

mod flow;
mod grants;
mod handlers;
mod mode;

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use wasmill_job::{Backoff, Grants, JobType, Limits, Path, QueueName, RetriedExits, RetryPolicy};

pub(crate) use handlers::HandlerEntry;

use crate::mistake::Report;
use crate::section::{Keys, Section};
use crate::{Backing, Flow, RouteMode};

/// What a file says about a job type: all of its route but what only the catalog knows.
pub(crate) struct TypeEntry {
    pub(crate) owner: Option<String>,
    /// `None`: the default queue.
    pub(crate) queue: Option<Named<QueueName>>,
    pub(crate) path: Path,
    pub(crate) mode: RouteMode,
    pub(crate) handlers: Vec<HandlerEntry>,
    pub(crate) limits: Limits,
    pub(crate) retry: RetryPolicy,
    pub(crate) flow: Flow,
    pub(crate) grants: Grants,
    pub(crate) keep_result: Duration,
    pub(crate) dedup_window: Duration,
}

/// A value and its place in the file.
#[derive(Clone)]
pub(crate) struct Named<T> {
    pub(crate) value: T,
    pub(crate) at: Range<usize>,
}

const KEYS: Keys = Keys {
    known: &[
        "owner",
        "queue",
        "path",
        "mode",
        "handlers",
        "limits",
        "retry",
        "flow",
        "grants",
        "keep_result",
        "dedup_window",
    ],
    later: &[],
};
const LIMITS_KEYS: Keys = Keys {
    known: &[
        "memory",
        "timeout",
        "fuel",
        "payload",
        "output",
        "logs",
        "host_calls",
        "http_calls",
        "http_bytes",
        "children",
    ],
    later: &[],
};
const RETRY_KEYS: Keys = Keys { known: &["attempts", "backoff", "exits"], later: &[] };
const BACKOFF_KEYS: Keys = Keys { known: &["first", "factor", "max", "jitter"], later: &[] };

/// One Wasm page up to what a 32-bit memory can address.
const MEMORY: RangeInclusive<u64> = 64 << 10..=4 << 30;
/// Jobs that need longer than a day are better cut into several.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
/// Payloads and outputs are held in memory several times over; larger things belong into an object store.
const PAYLOAD: RangeInclusive<u64> = 1..=16 << 20;
const OUTPUT: RangeInclusive<u64> = 0..=16 << 20;
const LOGS: RangeInclusive<u64> = 0..=1 << 20;
const HTTP_CALLS: RangeInclusive<u64> = 0..=100_000;
const HTTP_BYTES: RangeInclusive<u64> = 0..=4 << 30;
/// All of a job's children are published in one step.
const CHILDREN: RangeInclusive<u64> = 0..=10_000;
const ATTEMPTS: RangeInclusive<u64> = 1..=10_000;
const PAUSE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(7 * 24 * 3600);
/// Results and done-marks live in the queue, which is kept small.
const KEEP: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(30 * 24 * 3600);
const OWNER_CHARS_MAX: usize = 100;

/// Reads a job type's entry; `None` when it cannot be completed, because of a mistake that was reported.
pub(crate) fn read_type<'t>(
    report: &mut Report<'_>,
    backing: Backing,
    name: &JobType,
    at: &Range<usize>,
    value: &'t Spanned<DeValue<'t>>,
) -> Option<TypeEntry> {
    if let Some(inner) = unquoted_dot(value.get_ref()) {
        let message = format!(
            "`{inner}` is a table inside job type `{name}`; a job type with a dot is quoted: [type.\"{name}.{inner}\"]"
        );
        report.add(at, message);
        return None;
    }
    let section = &Section::open(report, value, format!("job type `{name}`"), &KEYS)?;
    let owner = section.text(report, "owner", "growth", read_owner).map(|(owner, _)| owner);
    let queue = section.text(report, "queue", "mail", str::parse).map(|(value, at)| Named { value, at });
    let path = section.text(report, "path", "log", |text| read_path(text, backing));
    let mode = mode::read_mode(report, section);
    let limits = section.child(report, "limits", &LIMITS_KEYS).map(|limits| read_limits(report, &limits));
    let retry = section.child(report, "retry", &RETRY_KEYS).map(|retry| read_retry(report, &retry));
    let flow = flow::read_flow(report, section);
    let grants = grants::read_grants(report, section);
    let keep_result = section.span(report, "keep_result", KEEP);
    let dedup_window = section.span(report, "dedup_window", KEEP);
    let handlers = handlers::read_handlers(report, section, at);
    // A value that was refused leaves its default here; the report keeps the plan from being made.
    Some(TypeEntry {
        owner,
        queue,
        path: path.map_or(backing.path(), |(path, _)| path),
        mode: mode.unwrap_or_default(),
        handlers,
        limits: limits.unwrap_or_default(),
        retry: retry.unwrap_or_default(),
        flow,
        grants,
        keep_result: keep_result.unwrap_or(Duration::from_secs(3600)),
        dedup_window: dedup_window.unwrap_or(Duration::from_secs(600)),
    })
}

/// The inner name when somebody wrote `[type.email.welcome]`, which TOML reads as a table in a table.
fn unquoted_dot<'t>(value: &'t DeValue<'t>) -> Option<&'t str> {
    let DeValue::Table(table) = value else { return None };
    let inner = table.iter().find(|(key, value)| {
        let key = key.get_ref().as_ref();
        value.get_ref().is_table() && !KEYS.known.contains(&key) && !KEYS.later.contains(&key)
    });
    inner.map(|(key, _)| key.get_ref().as_ref())
}

fn read_owner(text: &str) -> Result<String, String> {
    let fits =
        !text.is_empty() && text.chars().count() <= OWNER_CHARS_MAX && !text.contains(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(format!("write a name of 1 to {OWNER_CHARS_MAX} characters")) }
}

fn read_path(text: &str, backing: Backing) -> Result<Path, String> {
    match (text, backing) {
        ("log", Backing::Log | Backing::LogAndQueue) => Ok(Path::Log),
        ("queue", Backing::Nothing | Backing::LogAndQueue) => Ok(Path::Queue),
        ("both", Backing::LogAndQueue) => Ok(Path::Both),
        ("queue" | "both", Backing::Log) => Err(format!(
            "\"{text}\" needs a queue that keeps jobs by itself, and the embedded one is lost with its process; write \
             \"log\" or leave it out, or give the mill a Redis"
        )),
        ("log" | "both", Backing::Nothing) => {
            Err("this mill has no log; write \"queue\" or leave it out".to_owned())
        }
        (other, _) => {
            Err(format!("`{other}` is no path; write \"log\", \"both\" or \"queue\", or leave it out"))
        }
    }
}

fn read_limits(report: &mut Report<'_>, section: &Section<'_>) -> Limits {
    let default = Limits::default();
    let narrow = |count: Option<u64>| count.and_then(|count| u32::try_from(count).ok());
    Limits {
        memory_bytes: section.size(report, "memory", MEMORY).unwrap_or(default.memory_bytes),
        timeout: section.span(report, "timeout", TIMEOUT).unwrap_or(default.timeout),
        fuel: section.count(report, "fuel", 1..=u64::MAX).unwrap_or(default.fuel),
        payload_bytes: section.size(report, "payload", PAYLOAD).unwrap_or(default.payload_bytes),
        output_bytes: section.size(report, "output", OUTPUT).unwrap_or(default.output_bytes),
        log_bytes: section.size(report, "logs", LOGS).unwrap_or(default.log_bytes),
        host_calls: section.count(report, "host_calls", 1..=u64::MAX).unwrap_or(default.host_calls),
        http_calls: narrow(section.count(report, "http_calls", HTTP_CALLS)).unwrap_or(default.http_calls),
        http_bytes: section.size(report, "http_bytes", HTTP_BYTES).unwrap_or(default.http_bytes),
        children: narrow(section.count(report, "children", CHILDREN)).unwrap_or(default.children),
    }
}

fn read_retry(report: &mut Report<'_>, section: &Section<'_>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let attempts = section.count(report, "attempts", ATTEMPTS).and_then(|count| u32::try_from(count).ok());
    let backoff = section.child(report, "backoff", &BACKOFF_KEYS).map(|backoff| {
        let whole = section.value("backoff").map_or(0..0, Spanned::span);
        read_backoff(report, &backoff, &section.subject("backoff"), &whole)
    });
    let exits = section.text(report, "exits", "temporary", read_exits).map(|(exits, _)| exits);
    RetryPolicy {
        attempts: attempts.unwrap_or(default.attempts),
        backoff: backoff.unwrap_or(default.backoff),
        exits: exits.unwrap_or_default(),
    }
}

fn read_exits(text: &str) -> Result<RetriedExits, String> {
    match text {
        "temporary" => Ok(RetriedExits::Temporary),
        "all" => Ok(RetriedExits::All),
        other => Err(format!(
            "`{other}` names no exit codes; write \"temporary\" (a command program is tried again after code 75 alone) \
             or \"all\""
        )),
    }
}

fn read_backoff(
    report: &mut Report<'_>,
    section: &Section<'_>,
    subject: &str,
    whole: &Range<usize>,
) -> Backoff {
    let first = section.span(report, "first", PAUSE).unwrap_or(Duration::from_secs(1));
    let max = section.span(report, "max", PAUSE).unwrap_or(Duration::from_secs(600));
    let factor = section.number(report, "factor").unwrap_or(2.0);
    let jitter = section.number(report, "jitter").unwrap_or(0.2);
    Backoff::new(first, factor, max, jitter).unwrap_or_else(|reason| {
        report.add(whole, format!("{subject}: {reason}"));
        Backoff::default()
    })
}
