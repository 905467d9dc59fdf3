//! A catalog as a catalog file: applying it to the catalog that it came from changes nothing. Pure.

use std::fmt::{Display, Write as _};

use wasmill_job::{Grants, JobType, Limits, QueueName, RetryPolicy};

use crate::diff::{durability_name, exits_name, path_name};
use crate::units::{show_rate, show_size, show_span};
use crate::{Catalog, Flow, GenerationSpec, HandlerSpec, QueueSpec, RouteMode, TypeSpec, Weight};

/// The catalog as TOML, every key written out: the queues, then the job types, each in the order of their names.
pub fn export(catalog: &Catalog) -> String {
    let mut text = format!("# The routing table of revision {}.\n", catalog.revision);
    catalog.queues.iter().for_each(|queue| write_queue(&mut text, queue));
    catalog.types.iter().for_each(|job_type| write_type(&mut text, job_type));
    text
}

// Writing to a text cannot fail.

fn write_queue(text: &mut String, (name, queue): (&QueueName, &QueueSpec)) {
    let QueueSpec { current: GenerationSpec { partitions, redis, .. }, durability, .. } = queue;
    let durability = durability_name(*durability);
    let _ = writeln!(text, "\n[queue.{}]\npartitions = {partitions}", key(name.as_str()));
    if !redis.is_main() {
        let _ = writeln!(text, "redis = {}", quoted(redis.as_str()));
    }
    let _ = writeln!(text, "durability = \"{durability}\"");
}

fn write_type(text: &mut String, (name, spec): (&JobType, &TypeSpec)) {
    let _ = writeln!(text, "\n[type.{}]", key(name.as_str()));
    if let Some(owner) = &spec.owner {
        let _ = writeln!(text, "owner = {}", quoted(owner));
    }
    let handlers: Vec<_> = spec.handlers.iter().map(handler).collect();
    let (path, mode, handlers) = (path_name(spec.path), mode(spec.mode), handlers.join(", "));
    let _ = writeln!(text, "queue = \"{}\"\npath = \"{path}\"\nmode = {mode}", spec.queue);
    let _ = writeln!(text, "handlers = [{handlers}]");
    let _ = writeln!(text, "limits = {{ {} }}", limits(&spec.limits));
    let _ = writeln!(text, "retry = {{ {} }}", retry(&spec.retry));
    let _ = writeln!(text, "flow = {{ {} }}", flow(&spec.flow));
    if spec.grants != Grants::default() {
        let _ = writeln!(text, "grants = {{ {} }}", grants(&spec.grants));
    }
    let (keep, window) = (show_span(spec.keep_result), show_span(spec.dedup_window));
    let _ = writeln!(text, "keep_result = \"{keep}\"\ndedup_window = \"{window}\"");
}

fn handler(HandlerSpec { module, weight, .. }: &HandlerSpec) -> String {
    match *weight {
        Weight::WHOLE => format!("{{ module = \"{module}\" }}"),
        weight => format!("{{ module = \"{module}\", weight = {} }}", weight.get()),
    }
}

fn mode(mode: RouteMode) -> String {
    match mode {
        RouteMode::Part(live) => format!("{{ live = \"{live}\" }}"),
        word => format!("\"{word}\""),
    }
}

fn limits(limits: &Limits) -> String {
    format!(
        "memory = \"{}\", timeout = \"{}\", fuel = {}, payload = \"{}\", output = \"{}\", logs = \"{}\", \
         host_calls = {}, http_calls = {}, http_bytes = \"{}\", children = {}",
        show_size(limits.memory_bytes),
        show_span(limits.timeout),
        limits.fuel,
        show_size(limits.payload_bytes),
        show_size(limits.output_bytes),
        show_size(limits.log_bytes),
        limits.host_calls,
        limits.http_calls,
        show_size(limits.http_bytes),
        limits.children,
    )
}

fn retry(RetryPolicy { attempts, backoff, exits }: &RetryPolicy) -> String {
    format!(
        "attempts = {attempts}, exits = \"{}\", \
         backoff = {{ first = \"{}\", factor = {:?}, max = \"{}\", jitter = {:?} }}",
        exits_name(*exits),
        show_span(backoff.first()),
        backoff.factor(),
        show_span(backoff.max()),
        backoff.jitter(),
    )
}

/// What is granted, and no more: a grant is missing unless it is given.
fn grants(Grants { http, secrets, config, emit, clock, random }: &Grants) -> String {
    let flag = |name: &str, granted: bool| granted.then(|| format!("{name} = true"));
    let settings: Vec<_> =
        config.iter().map(|(name, text)| format!("{} = {}", key(name), quoted(text))).collect();
    let settings = (!settings.is_empty()).then(|| format!("config = {{ {} }}", settings.join(", ")));
    let all = [
        list("http", http),
        list("secrets", secrets),
        settings,
        list("emit", emit),
        flag("clock", *clock),
        flag("random", *random),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `name = ["a", "b"]`, or nothing for an empty list.
fn list(name: &str, entries: impl IntoIterator<Item = impl Display>) -> Option<String> {
    let entries: Vec<_> = entries.into_iter().map(|entry| quoted(&entry.to_string())).collect();
    (!entries.is_empty()).then(|| format!("{name} = [{}]", entries.join(", ")))
}

fn flow(flow: &Flow) -> String {
    let concurrency = flow.concurrency.map(|count| format!("concurrency = {count}"));
    let rate = flow.rate.map(|rate| format!("rate = \"{}\"", show_rate(rate)));
    let max_pending = flow.max_pending.map(|count| format!("max_pending = {count}"));
    let weight = Some(format!("weight = {}", flow.weight));
    [concurrency, rate, weight, max_pending].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A name as a key: in quotes, unless TOML reads it without.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A text as TOML writes it. A setting of a grant may hold any character.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // All of them are below U+10000.
            _ if character.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
