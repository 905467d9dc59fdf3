//! `GET /console/dead`: dead letters by error, and those of one error.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_http::{Kind, Problem};
use wasmill_job::UnixMs;
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::bytes::visible;
use super::part::choose::choose;
use super::part::moment::moment;
use super::part::number::{count, size};
use super::part::quote::query;
use super::part::table::{Head, pages, table};
use super::shell::Section;
use super::visit::Visit;
use crate::dead::{ListQuery, page_of_dead};
use crate::dead_groups::{DeadGroup, DeadGroups, GroupsQuery, dead_groups};
use crate::dead_view::DeadList;
use crate::router::Console;
use crate::scope::seen;

/// Rows of a page of letters.
const ROWS: usize = 50;

/// Which letters.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) error: String,
    #[serde(default)]
    after: String,
    /// What is to be done with them, for the preview.
    #[serde(default)]
    pub(super) act: String,
}

const GROUP_HEADS: [Head; 6] = [
    ("Job type", false),
    ("Error", false),
    ("Letters", true),
    ("First died", false),
    ("Last died", false),
    ("Do", false),
];
const LETTER_HEADS: [Head; 5] =
    [("Id", false), ("Error", false), ("Attempts", true), ("Payload", true), ("Died", false)];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let body = match asked {
        Ok(Query(asked)) => body(&console, &visit, &asked).await,
        Err(error) => Err(Problem::new(Kind::InvalidField, error.body_text())),
    };
    visit.page(Section::Dead, "Dead letters", body)
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    asked: &Asked,
) -> Result<Markup, Problem> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let now = console.clock.now();
    let is_one = !asked.code.is_empty() || !asked.after.is_empty();
    if asked.r#type.is_empty() && !visit.caller.scope().is_whole() {
        let catalog = console.catalog.current();
        return Ok(choose("/console/dead", &[], seen(&catalog, &visit.caller).types.keys()));
    }
    let groups = match is_one {
        true => DeadGroups::default(),
        false => dead_groups(console, &visit.caller, GroupsQuery { r#type: some(&asked.r#type) }).await?,
    };
    let letters = page_of_dead(
        console,
        &visit.caller,
        ListQuery {
            r#type: some(&asked.r#type),
            code: some(&asked.code),
            error: some(&asked.error),
            after: some(&asked.after),
            limit: Some(ROWS),
        },
    )
    .await?;
    let carried = carried(asked);
    Ok(html! {
        form.filter method="get" role="search" {
            label for="type" { "Job type" }
            input #type type="text" name="type" value=(asked.r#type) maxlength="200" spellcheck="false" placeholder="all";
            button type="submit" { "Show" }
            @if is_one { a href={ "/console/dead" (query(&[("type", &asked.r#type)])) } { "All errors" } }
        }
        @if letters.letters.is_empty() && letters.next.is_none() {
            p { "No letters. A job becomes one when its attempts are used up, or its handler rejects it." }
        } @else {
            @if is_one {
                p { "Error " b { (asked.code) } @if !asked.error.is_empty() { ": " bdi { (visible(&asked.error)) } } }
                @if visit.may.operate { (actions(&carried)) }
            } @else {
                (by_error(&groups, now, visit.may.operate))
            }
            (rows(&letters, now, visit.may.operate))
            (pages("/console/dead", &carried, ("after", letters.next.as_deref()), asked.after.is_empty()))
        }
    })
}

/// The question in an address, without cursor.
pub(super) fn carried(asked: &Asked) -> [(&'static str, &str); 3] {
    [("type", &asked.r#type), ("code", &asked.code), ("error", &asked.error)]
}

/// What can be done with the letters of a question: both first show what they would do.
fn actions(carried: &[(&'static str, &str)]) -> Markup {
    let preview =
        |act: &'static str| format!("/console/dead/preview{}", query(&[carried, &[("act", act)]].concat()));
    html! {
        span.actions {
            a.button href=(preview("redrive")) { "Redrive …" }
            a.button.grave href=(preview("purge")) { "Purge …" }
        }
    }
}

fn by_error(found: &DeadGroups, now: UnixMs, may_act: bool) -> Markup {
    let asked = |group: &DeadGroup| Asked {
        r#type: group.r#type.clone().unwrap_or_default(),
        code: group.code.to_owned(),
        error: group.error.clone(),
        ..Asked::default()
    };
    let rows = html! {
        @for group in &found.groups {
            @let asked = asked(group);
            @let carried = carried(&asked);
            tr {
                td { @match &group.r#type { Some(name) => a href={ "/console/types/" (name) } { (name) }, None => "no job" } }
                th scope="row" {
                    a href={ "/console/dead" (query(&carried)) } { b { (group.code) } @if !group.error.is_empty() { ": " bdi { (visible(&group.error)) } } }
                }
                td.n { (count(group.count)) }
                td { (moment(now, group.first_died_at_ms)) }
                td { (moment(now, group.last_died_at_ms)) }
                td { @if may_act { (actions(&carried)) } }
            }
        }
    };
    html! {
        (table("By error", &GROUP_HEADS, rows))
        @if found.others > 0 { p { (count(found.others)) " letters have other errors, too many to tell apart." } }
        @if found.more {
            p { "Only the first " (count(found.looked)) " letters were looked at; choose a job type, or redrive and look again." }
        }
    }
}

pub(super) fn rows(found: &DeadList, now: UnixMs, may_look: bool) -> Markup {
    let rows = html! {
        @for letter in &found.letters {
            tr {
                th scope="row" {
                    @match &letter.r#type {
                        Some(name) if may_look => a href={ "/console/jobs/" (name) "/" (letter.id) } { code { (letter.id) } },
                        _ => code { (letter.id) },
                    }
                }
                td { b { (letter.code) } ": " bdi { (short(&letter.message)) } }
                td.n { (letter.attempts) }
                td.n { (size(letter.payload_bytes)) }
                td { (moment(now, letter.died_at_ms)) }
            }
        }
    };
    table("Letters", &LETTER_HEADS, rows)
}

/// The beginning of a message.
fn short(message: &str) -> String {
    const CHARS: usize = 160;
    let mut text: String = message.chars().take(CHARS).collect();
    if message.chars().nth(CHARS).is_some() {
        text.push('…');
    }
    visible(&text)
}
