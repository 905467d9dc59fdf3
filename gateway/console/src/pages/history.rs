//! `GET /console/history`: the revisions of the routing table: when, by whom, why.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_http::{Kind, Problem};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::bytes::visible;
use super::part::help::next_step;
use super::part::moment::moment;
use super::part::table::{Head, pages, table};
use super::shell::Section;
use super::visit::Visit;
use crate::revisions::{HistoryQuery, history};
use crate::router::Console;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    before: Option<u64>,
}

const HEADS: [Head; 4] = [("Revision", false), ("When", false), ("By", false), ("Why", false)];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let body = match asked {
        Ok(Query(asked)) => body(&console, &asked).await,
        Err(error) => Err(Problem::new(Kind::InvalidField, error.body_text())),
    };
    visit.page(Section::History, "History", body)
}

async fn body<L: Log, Q: Queue>(console: &Console<L, Q>, asked: &Asked) -> Result<Markup, Problem> {
    let found = history(console, HistoryQuery { before: asked.before, limit: None }).await?;
    if found.revisions.is_empty() {
        return Ok(next_step(
            "Nothing was applied yet. The first revision comes with:",
            &["wasmill apply mill.toml"],
        ));
    }
    let (now, in_force) = (console.clock.now(), console.catalog.current().revision.0);
    let rows = html! {
        @for row in &found.revisions {
            tr {
                th scope="row" {
                    a href={ "/console/history/" (row.revision) } { (row.revision) }
                    @if row.revision == in_force { " (in force)" }
                }
                td { @if let Some(at) = row.created_at_ms { (moment(now, at)) } }
                td { bdi { (row.author.as_deref().unwrap_or("–")) } }
                td {
                    @if let Some(message) = &row.message { bdi { (visible(message)) } }
                    @if let Some(trouble) = &row.trouble { span.bad { "It cannot be read: " (trouble) } }
                }
            }
        }
    };
    let next = found.next.map(|next| next.to_string());
    Ok(html! {
        (table("Revisions of the routing table", &HEADS, rows))
        (pages("/console/history", &[], ("before", next.as_deref()), asked.before.is_none()))
    })
}
