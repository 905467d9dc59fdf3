//! `GET /console/types/{type}`: one job type: its numbers, its route, what changed of it, and pausing it.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use wasmill_catalog::{RouteMode, TypeSpec};
use wasmill_http::{Kind, Problem, did_you_mean, near};
use wasmill_job::{JobType, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::charts::{Ranged, charts};
use super::lately::lately_of;
use super::overview::old_numbers;
use super::part::bytes::visible;
use super::part::changes::changes;
use super::part::form::button;
use super::part::help::command;
use super::part::moment::moment;
use super::part::number::{count, size, span};
use super::part::spark::{rates, spark};
use super::part::table::{badge, table};
use super::shell::Section;
use super::type_history::{LOOKED, Step, mode_before_pause, steps};
use super::type_list::limits;
use super::visit::Visit;
use crate::catalog_view::TypeRow;
use crate::live::{Snapshot, cells};
use crate::router::Console;
use crate::scope::seen;

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    Path(name): Path<String>,
    ranged: Result<Query<Ranged>, QueryRejection>,
) -> Response {
    let body = match ranged {
        Ok(Query(ranged)) => body(&console, &visit, &name, &ranged).await,
        Err(error) => Err(Problem::new(Kind::InvalidField, error.body_text())),
    };
    visit.page(Section::JobTypes, &name, body)
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    name: &str,
    ranged: &Ranged,
) -> Result<Markup, Problem> {
    visit.caller.require_type(name)?;
    let snapshot = console.live.fresh(visit.caller.scope()).await;
    let catalog = console.catalog.current();
    let catalog = seen(&catalog, &visit.caller);
    let missing = || {
        let names = catalog.types.keys().map(JobType::as_str);
        let hint = did_you_mean(&near(name, names));
        Problem::new(
            Kind::UnknownType,
            format!("There is no job type `{name}` in the catalog or in the queue.{hint}"),
        )
    };
    let job_type: JobType = name.parse().map_err(|_| missing())?;
    let spec = catalog.types.get(&job_type);
    if spec.is_none() && !snapshot.counts.contains_key(&job_type) {
        return Err(missing());
    }
    let steps = steps(console, catalog.revision, &job_type).await;
    let now = console.clock.now();
    let address = format!("/console/types/{job_type}");
    let charts = charts(console, Some(&job_type), &address, ranged.range).await;
    Ok(html! {
        (old_numbers(&snapshot, now))
        @if let Some(spec) = spec {
            (mode(visit, &job_type, spec, catalog.revision.0, &steps))
        } @else {
            p.notice { "This type is no longer in the catalog; its jobs and dead letters are in the queue." }
        }
        (numbers(&snapshot, &job_type))
        (charts)
        (lately_of(console, visit, &job_type).await)
        @if let Some(spec) = spec { (route(&job_type, spec)) }
        (history(now, &steps))
        section aria-labelledby="send" {
            h2 #send { "Send a job" }
            (command("send-job", &format!("echo '{{}}' | wasmill enqueue {job_type} --payload -")))
        }
    })
}

fn mode(visit: &Visit, name: &JobType, spec: &TypeSpec, revision: u64, steps: &[Step]) -> Markup {
    let (action, revision) = (format!("/console/types/{name}/mode"), revision.to_string());
    let is_paused = spec.mode == RouteMode::Paused;
    let (label, next) = if is_paused {
        let before = mode_before_pause(steps).unwrap_or_else(|| "live".into());
        (format!("Resume: {before}"), before)
    } else {
        ("Pause".to_owned(), "paused".to_owned())
    };
    html! {
        div.actions {
            span { "Mode " (badge(&spec.mode.to_string())) }
            @if visit.may.deploy && spec.mode != RouteMode::Off {
                (button(visit.field(), &action, &label, &[("mode", &next), ("revision", &revision)], false))
            }
            @if is_paused { span.quiet { "Its jobs are accepted and kept; none is taken." } }
        }
    }
}

fn numbers(snapshot: &Snapshot, name: &JobType) -> Markup {
    let labels = [
        ("pending", "pending"),
        ("scheduled", "scheduled"),
        ("in flight", "in_flight"),
        ("completed", "completed"),
        ("dead", "dead"),
        ("accepted/s", ""),
        ("completed/s", ""),
        ("failed in 5 min", ""),
        ("wait p50 · p95 · p99 in 5 min", ""),
        ("run p50 · p95 · p99 in 5 min", ""),
    ];
    let lines = [
        ("accepted", rates(snapshot.series.of_type(name), |bucket| bucket.flow.accepted), "plain"),
        ("completed", rates(snapshot.series.of_type(name), |bucket| bucket.flow.completed), "good"),
        ("failed", rates(snapshot.series.of_type(name), |bucket| bucket.flow.failed), "bad"),
    ];
    html! {
        section aria-labelledby="numbers" {
            h2 #numbers { "Jobs" }
            ul.tiles data-row=(name) {
                @for ((label, state), text) in labels.into_iter().zip(cells(snapshot, name)) {
                    li.wide[label.contains("p50")] {
                        b.n { (text) } " "
                        @match state {
                            "" => span.unit { (label) },
                            "dead" => a href={ "/console/dead?type=" (name) } { (label) },
                            state => a href={ "/console/jobs?state=" (state) "&type=" (name) } { (label) },
                        }
                    }
                }
            }
            div.charts {
                @for (what, rates, class) in &lines {
                    figure {
                        figcaption { (what) " in a second, over five minutes; at most " (format!("{:.1}", greatest(rates))) }
                        (spark(None, what, rates, class))
                    }
                }
            }
        }
    }
}

fn greatest(rates: &[f64]) -> f64 {
    rates.iter().copied().fold(0.0, f64::max)
}

fn route(name: &JobType, spec: &TypeSpec) -> Markup {
    let row = TypeRow::of((name, spec));
    let versions = html! {
        @for handler in &row.handlers {
            tr {
                th scope="row" { (handler.module) }
                td.n { (handler.weight) " %" }
                td { code title=(handler.digest) { (handler.digest.chars().take(12).collect::<String>()) } }
            }
        }
    };
    let or_none = |texts: &[String]| if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") };
    html! {
        section aria-labelledby="route" {
            h2 #route { "Route" }
            (table("Versions", &[("Version", false), ("Weight", true), ("Module", false)], versions))
            dl.facts {
                @if let Some(owner) = &row.owner { dt { "Owner" } dd { bdi { (visible(owner)) } } }
                dt { "Queue" } dd { (row.queue) ", path " (row.path) }
                dt { "Flow" } dd { (limits(spec)) ", weight " (row.weight) }
                dt { "Attempts" } dd { (row.attempts) }
                dt { "Limits" }
                dd {
                    (size(row.memory_bytes)) " memory, " (span(row.timeout_ms)) ", " (count(row.fuel)) " fuel, payload "
                    (size(row.payload_bytes)) ", output " (size(row.output_bytes)) ", logs " (size(row.log_bytes))
                }
                dt { "May reach" }
                dd {
                    "HTTP: " (or_none(&row.grants.http)) "; secrets: " (or_none(&row.grants.secrets)) "; emit: "
                    (or_none(&row.grants.emit)) "; settings: "
                    (or_none(&row.grants.config.keys().cloned().collect::<Vec<_>>()))
                    @if row.grants.clock { "; clock" } @if row.grants.random { "; random numbers" }
                }
                dt { "Result kept" } dd { (span(row.keep_result_ms)) }
            }
        }
    }
}

fn history(now: UnixMs, steps: &[Step]) -> Markup {
    html! {
        section aria-labelledby="history" {
            h2 #history { "History" }
            @if steps.is_empty() {
                p.quiet { "The last " (LOOKED) " revisions did not change it." }
            }
            ol.steps {
                @for Step { catalog, changes: rows } in steps {
                    li {
                        a href={ "/console/history/" (catalog.revision) } { "Revision " (catalog.revision) }
                        ", " (moment(now, catalog.created_at.0))
                        @if let Some(author) = &catalog.author { " by " (author) }
                        @if !catalog.message.is_empty() { ": " bdi { (visible(&catalog.message)) } }
                        (changes(rows))
                    }
                }
            }
        }
    }
}
