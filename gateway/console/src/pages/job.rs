//! `GET /console/jobs/{type}/{id}`: one job: what became of it, its last attempt, its bytes, and what can be done with it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use wasmill_catalog::{Catalog, HandlerSpec};
use wasmill_job::{Failure, LogLevel, LogLine, UnixMs, Usage};
use wasmill_log::Log;
use wasmill_queue::{LastAttempt, Queue, Ran, State as JobState};

use super::job_bytes::{Found, Payload};
use super::part::bytes::{show as shown, viewer, visible};
use super::part::form::button;
use super::part::help::command;
use super::part::moment::{exact, moment};
use super::part::number::{count, micros, size};
use super::part::quote::word;
use super::part::table::{badge, table};
use super::shell::Section;
use super::visit::Visit;
use crate::jobs::{PARKED, state_name};
use crate::router::Console;

/// A payload that fits into a command line.
const ARGUMENT_BYTES_MAX: usize = 2_000;

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let found = Found::at(&console, &visit.caller, &name, &id).await;
    let now = console.clock.now();
    let catalog = console.catalog.current();
    let title = if found.is_ok() { format!("Job {id}") } else { "Jobs".to_owned() };
    let body = found.map(|found| page(&found, &visit, &catalog, now));
    visit.page(Section::Jobs, &title, body)
}

fn page(found: &Found, visit: &Visit, catalog: &Catalog, now: UnixMs) -> Markup {
    let last = found.view.as_ref().and_then(|view| view.last.as_ref());
    let letter = found.letter.as_ref();
    let failure = letter.map(|letter| &letter.failure).or(last.and_then(|last| last.failure.as_ref()));
    html! {
        div.actions {
            (badge(state(found)))
            a href={ "/console/types/" (found.job_type) } { (found.job_type) }
            (actions(found, visit))
        }
        (timeline(found, now))
        section aria-labelledby="attempt" {
            h2 #attempt { "Last attempt" }
            @if let Some(failure) = failure { (error(failure)) }
            @match last {
                Some(last) => (attempt(last)),
                None if failure.is_none() => p.quiet { "It was not tried yet." },
                None => {}
            }
        }
        (earlier(found, now))
        @if let Some(output) = found.output() { (viewer("Output", output, &format!("{}/output", found.address()))) }
        (payload(found))
        (run_here(found, catalog, visit))
    }
}

/// The payload, or the way to it.
fn payload(found: &Found) -> Markup {
    let download = format!("{}/payload", found.address());
    let elsewhere = |text: &str, link: Option<&str>| {
        html! {
            section aria-labelledby="payload" {
                h3 #payload { "Payload" }
                p.quiet { (text) }
                @if let Some(link) = link { p { a href=(download) { (link) } } }
            }
        }
    };
    match found.payload() {
        Payload::Here(payload) => viewer("Payload", payload, &download),
        Payload::PerhapsInLog => elsewhere(
            "The queue lets a payload go when its job is done. The log may still have it: at most 64 MiB are read to find it.",
            Some("Look in the log"),
        ),
        Payload::Gone => {
            elsewhere("The queue lets a payload go when its job is done, and this mill has no log.", None)
        }
        Payload::Moved => elsewhere("The job has just moved: reload the page to see it.", None),
    }
}

fn state(found: &Found) -> &'static str {
    found.view.as_ref().map_or(PARKED, |view| state_name(view.state))
}

fn actions(found: &Found, visit: &Visit) -> Markup {
    let address = found.address();
    let is_dead = found.letter.is_some();
    let is_done = found
        .view
        .as_ref()
        .is_some_and(|view| matches!(view.state, JobState::Completed | JobState::Cancelled | JobState::Dead));
    html! {
        @if is_dead && visit.may.operate {
            (button(visit.field(), &format!("{address}/redrive"), "Redrive", &[], false))
        }
        @if !is_done && visit.may.cancel {
            (button(visit.field(), &format!("{address}/cancel"), "Cancel", &[], true))
        }
    }
}

fn timeline(found: &Found, now: UnixMs) -> Markup {
    let (accepted, due, ended, attempts) = match (&found.view, &found.copy) {
        (Some(view), _) => (view.accepted_at.0, view.due_at, view.ended_at, view.attempts.0),
        (None, Some(copy)) => {
            (copy.job.accepted_at.0, copy.of.due_at.or(copy.job.run_at), None, copy.of.attempts.0)
        }
        (None, None) => (0, None, None, 0),
    };
    let redrives = found.job().map_or(0, |job| job.redrives);
    html! {
        ol.timeline aria-label="Timeline" {
            li { b { "accepted" } " " (exact(accepted)) ", " (moment(now, accepted)) }
            @if redrives > 0 { li { b { "redriven" } " " (redrives) " times" } }
            @if attempts > 0 { li { b { "tried" } " " (attempts) @if attempts == 1 { " time" } @else { " times" } } }
            @if let Some(due) = due { li { b { "due" } " " (exact(due.0)) ", " (moment(now, due.0)) } }
            @match ended {
                Some(ended) => li { b { (state(found)) } " " (exact(ended.0)) ", " (moment(now, ended.0)) },
                None => li { b { "now " (state(found).replace('_', " ")) } }
            }
        }
    }
}

fn error(failure: &Failure) -> Markup {
    html! {
        div.notice.bad { p { b { (failure.code) } } pre tabindex="0" aria-label="Error" { bdi dir="auto" { (visible(&failure.message)) } } }
    }
}

fn attempt(last: &LastAttempt) -> Markup {
    html! {
        (ran(last.ran.as_ref()))
        (usage(&last.usage))
        @if !last.logs.is_empty() { (logs(&last.logs)) }
    }
}

fn ran(ran: Option<&Ran>) -> Markup {
    html! {
        @match ran {
            Some(Ran::Module(tag)) => p { "Ran " b { (tag) } "." },
            Some(Ran::Nothing) => p { "Completed without being executed: its mode is shadow." },
            None => {}
        }
    }
}

/// The attempts before the last one, the newest first, each behind a line that says how it ended.
fn earlier(found: &Found, now: UnixMs) -> Markup {
    let Some(view) = found.view.as_ref().filter(|view| !view.earlier.is_empty()) else { return html! {} };
    html! {
        section aria-labelledby="earlier" {
            h2 #earlier { "Earlier attempts" }
            p.quiet {
                "The newest eight, each with the beginning of its message and the end of its log. One that is missing came to no end: "
                "its lease ran out, or its worker was stopped."
            }
            @for attempt in view.earlier.iter().rev() {
                details {
                    summary {
                        "Attempt " (attempt.attempt.0) ", " (moment(now, attempt.ended_at.0)) ": " b { (attempt.failure.code) } ", "
                        bdi dir="auto" { (first_line(&attempt.failure.message)) }
                    }
                    p { "Ended " (exact(attempt.ended_at.0)) "." }
                    (error(&attempt.failure))
                    (ran(attempt.ran.as_ref()))
                    (usage(&attempt.usage))
                    @if !attempt.logs.is_empty() { (logs(&attempt.logs)) }
                }
            }
        }
    }
}

/// What of a message stands in a line that can be opened.
fn first_line(message: &str) -> String {
    const CHARS_MAX: usize = 80;
    let line = message.lines().next().unwrap_or_default();
    let cut = line.chars().count() > CHARS_MAX || line.len() < message.trim_end().len();
    let mut shown: String = line.chars().take(CHARS_MAX).collect();
    if cut {
        shown.push('…');
    }
    visible(&shown)
}

fn usage(usage: &Usage) -> Markup {
    let imports: Vec<_> = usage.imports.called().collect();
    let rows = html! {
        @for (import, used) in &imports {
            tr {
                th scope="row" { (import.as_str()) }
                td.n { (count(used.calls)) }
                td.n { (size(used.bytes)) }
                td.n { (micros(used.wall_us)) }
            }
        }
    };
    html! {
        dl.facts {
            dt { "Wall time" } dd { (micros(usage.wall_us)) }
            dt { "Processor" } dd { (micros(usage.cpu_us)) }
            dt { "Fuel" } dd { (count(usage.fuel)) }
            dt { "Memory, peak" } dd { (size(usage.memory_peak_bytes)) }
        }
        @if !imports.is_empty() {
            (table("Calls of the host", &[("Import", false), ("Calls", true), ("Bytes", true), ("Time", true)], rows))
        }
    }
}

fn logs(lines: &[LogLine]) -> Markup {
    let level = |level: LogLevel| match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    let rows = html! {
        @for line in lines {
            tr {
                td.n { "+" (count(line.at_ms)) " ms" }
                td { (level(line.level)) }
                td.log { bdi dir="auto" { (visible(&line.message)) } }
            }
        }
    };
    table("Log", &[("At", true), ("Level", false), ("Message", false)], rows)
}

/// Commands that run the job on the reader's machine, through the same module and limits.
fn run_here(found: &Found, catalog: &Catalog, visit: &Visit) -> Markup {
    let Some(spec) = catalog.types.get(&found.job_type) else { return html! {} };
    let ran = found.view.as_ref().and_then(|view| view.last.as_ref()).and_then(|last| last.ran.as_ref());
    let is_that = |handler: &&HandlerSpec| matches!(ran, Some(Ran::Module(tag)) if *tag == handler.module);
    let Some(handler) = spec.handlers.iter().find(is_that).or(spec.handlers.iter().next()) else {
        return html! {};
    };
    let file = word(&format!("{}.wasm", handler.module.name()));
    let fetch = visit.curl(&format!("-o {file} "), &format!("/v1/modules/{}", handler.digest));
    let (before, payload) = match found.payload() {
        Payload::Here(payload) if payload.len() <= ARGUMENT_BYTES_MAX && is_plain(payload) => {
            (format!("printf %s {} | ", word(&String::from_utf8_lossy(payload))), "-".to_owned())
        }
        // The reader has to have it from elsewhere.
        Payload::Gone => (String::new(), "payload.json".to_owned()),
        _ => {
            let (file, id) = (word(&format!("{}.payload", found.id)), found.id);
            let path = format!("/v1/jobs/{}/{id}/payload", found.job_type);
            (format!("{}\n", visit.curl(&format!("-f -o {file} "), &path)), file)
        }
    };
    let limits = &spec.limits;
    let run = format!(
        "{before}wasmill run {file} --payload {payload} --type {} --memory {}B --timeout {} --fuel {}",
        found.job_type,
        limits.memory_bytes,
        humantime::format_duration(limits.timeout).to_string().replace(' ', ""),
        limits.fuel,
    );
    html! {
        section aria-labelledby="run" {
            h2 #run { "Run it on your machine" }
            p.quiet { "The same module under the same limits, without a server. Grants have options of their own: " code { "wasmill run --help" } "." }
            (command("run-command", &format!("{fetch}\n{run}")))
        }
    }
}

/// Whether a terminal takes the bytes as they are shown.
fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| visible(text) == text) && shown(bytes).kind != "bytes"
}
