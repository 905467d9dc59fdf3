//! `GET /console/dead/preview`: what a bulk redrive or purge would do, before it is done.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use wasmill_http::{Kind, Problem};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::act::{WantedBulk, wanted};
use super::dead::{Asked, carried, rows};
use super::part::bytes::visible;
use super::part::form::button;
use super::part::number::count;
use super::part::quote::query;
use super::shell::Section;
use super::visit::Visit;
use crate::dead::{ListQuery, page_of_dead};
use crate::purge::purge_letters;
use crate::redrive::redrive_letters;
use crate::router::Console;

/// Letters that are shown of those that are meant.
const SHOWN: usize = 10;

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (title, body) = match asked {
        Ok(Query(asked)) if asked.act == "redrive" => {
            ("Redrive dead letters?", body(&console, &visit, &asked).await)
        }
        Ok(Query(asked)) if asked.act == "purge" => {
            ("Purge dead letters?", body(&console, &visit, &asked).await)
        }
        Ok(_) => ("Dead letters", Err(Problem::new(Kind::InvalidField, "`act` must be redrive or purge."))),
        Err(error) => ("Dead letters", Err(Problem::new(Kind::InvalidField, error.body_text()))),
    };
    visit.page(Section::Dead, title, body)
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    asked: &Asked,
) -> Result<Markup, Problem> {
    let bulk =
        WantedBulk { r#type: asked.r#type.clone(), code: asked.code.clone(), error: asked.error.clone() };
    let is_purge = asked.act == "purge";
    let (meant, told) = if is_purge {
        let would = purge_letters(console, &visit.caller, wanted(&bulk, true)).await?;
        (
            would.purged,
            html! { p { b { (count(would.purged)) } " letters will be thrown away, for good." } (waiting(would.waiting)) },
        )
    } else {
        let would = redrive_letters(console, &visit.caller, wanted(&bulk, true)).await?;
        let told = html! {
            p { b { (count(would.redriven)) } " jobs will run again, as the routing table says now, with their attempts counted anew." }
            (waiting(would.waiting))
            @if would.refused > 0 {
                p { (count(would.refused)) " cannot be redriven:" }
                ul { @for refusal in would.refusals.iter().take(SHOWN) { li { code { (refusal.id) } ": " (refusal.why) } } }
            }
        };
        (would.redriven, told)
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let sample = page_of_dead(
        console,
        &visit.caller,
        ListQuery {
            r#type: some(&asked.r#type),
            code: some(&asked.code),
            error: some(&asked.error),
            after: None,
            limit: Some(SHOWN),
        },
    )
    .await?;
    let carried = carried(asked);
    let fields: Vec<_> = carried.iter().map(|(name, value)| (*name, *value)).collect();
    let label = format!("{} {} letters", if is_purge { "Purge" } else { "Redrive" }, count(meant));
    Ok(html! {
        dl.facts {
            dt { "Job type" } dd { @if asked.r#type.is_empty() { "all" } @else { (asked.r#type) } }
            dt { "Error" }
            dd { @if asked.code.is_empty() { "all" } @else { b { (asked.code) } @if !asked.error.is_empty() { ": " bdi { (visible(&asked.error)) } } } }
        }
        (told)
        div.actions {
            @if meant > 0 && visit.may.operate {
                (button(visit.field(), &format!("/console/dead/{}", asked.act), &label, &fields, is_purge))
            }
            a href={ "/console/dead" (query(&carried)) } { "Back, and change nothing" }
        }
        @if !sample.letters.is_empty() { h2 { "The first of them" } (rows(&sample, console.clock.now(), visit.may.operate)) }
    })
}

fn waiting(count_of: u64) -> Markup {
    html! { @if count_of > 0 { p { (count(count_of)) " are not in the log yet and will be left; repeat in a moment." } } }
}
