//! `GET /console/modules`: the modules in the store: their versions, sizes, what they import, and who uses them.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_http::{Kind, Problem};
use wasmill_job::{ModuleDigest, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::help::next_step;
use super::part::moment::moment;
use super::part::number::{count, size};
use super::part::quote::query;
use super::part::table::{Head, pages, table};
use super::shell::Section;
use super::visit::Visit;
use crate::asked::asked_of;
use crate::modules::{ModuleRow, stored_modules};
use crate::router::Console;

/// Rows of a page, and names in one of its cells.
const ROWS: usize = 100;
const NAMES_MAX: usize = 8;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// How many were shown before.
    #[serde(default)]
    from: usize,
    /// A module to be looked into.
    #[serde(default)]
    look: String,
}

const HEADS: [Head; 6] = [
    ("Versions", false),
    ("Module", false),
    ("Size", true),
    ("Stored", false),
    ("Asks for", false),
    ("Used by", false),
];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let body = match asked {
        Ok(Query(asked)) => body(&console, &visit, &asked).await,
        Err(error) => Err(Problem::new(Kind::InvalidField, error.body_text())),
    };
    visit.page(Section::Modules, "Modules", body)
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    asked: &Asked,
) -> Result<Markup, Problem> {
    let mut modules = stored_modules(console, &visit.caller).await?;
    if modules.is_empty() {
        let sentence = "There are no modules. Build a handler and deploy it:";
        return Ok(next_step(
            sentence,
            &["wasmill new hello --lang rust", "wasmill deploy hello.wasm --name hello@1.0.0"],
        ));
    }
    // Nothing is looked into that is not in the store: the name comes with the address.
    let is_stored = |module: &ModuleRow| module.digest == asked.look;
    if modules.iter().any(is_stored)
        && let Ok(digest) = asked.look.parse::<ModuleDigest>()
    {
        asked_of(console, digest, true).await?;
    }
    modules.sort_by(|a, b| (b.stored_at_ms, &a.digest).cmp(&(a.stored_at_ms, &b.digest)));
    let page: Vec<_> = modules.iter().skip(asked.from).take(ROWS).collect();
    let mut imports = Vec::with_capacity(page.len());
    for module in &page {
        imports.push(match module.digest.parse() {
            Ok(digest) => asked_of(console, digest, false).await?,
            Err(_) => None,
        });
    }
    let end = asked.from.saturating_add(page.len());
    let next = (end < modules.len()).then(|| end.to_string());
    let now = console.clock.now();
    let rows = html! {
        @for (module, asks) in page.iter().zip(&imports) { (row(module, asks.as_deref(), now, asked.from)) }
    };
    Ok(html! {
        p.quiet { (count(modules.len() as u64)) " modules, the newest first. What a module asks for is known once it was routed, \
                   or looked into." }
        (table("Modules", &HEADS, rows))
        (pages("/console/modules", &[], ("from", next.as_deref()), asked.from == 0))
    })
}

fn row(module: &ModuleRow, asks: Option<&[&str]>, now: UnixMs, from: usize) -> Markup {
    let (from, digest) = (from.to_string(), module.digest.as_str());
    html! {
        tr {
            th scope="row" { @if module.tags.is_empty() { "no version" } @else { (versions(&module.tags)) } }
            td { a href={ "/console/modules/" (digest) } download={ (digest) ".wasm" } title=(digest) { code { (digest.chars().take(12).collect::<String>()) } } }
            td.n { (size(module.size_bytes)) }
            td { (moment(now, module.stored_at_ms)) }
            td {
                @match asks {
                    Some([]) => "nothing",
                    Some(asks) => (asks.join(", ")),
                    None => a href={ "/console/modules" (query(&[("from", &from), ("look", digest)])) } { "Look into it" },
                }
            }
            td {
                @if module.used_by.is_empty() { span.quiet { "nobody" } }
                @for (index, name) in module.used_by.iter().take(NAMES_MAX).enumerate() {
                    @if index > 0 { ", " } a href={ "/console/types/" (name) } { (name) }
                }
                @if module.used_by.len() > NAMES_MAX { " and " (module.used_by.len() - NAMES_MAX) " more" }
            }
        }
    }
}

/// The tags of a module, each with the way to all versions of that name.
fn versions(tags: &[String]) -> Markup {
    html! {
        @for (index, tag) in tags.iter().take(NAMES_MAX).enumerate() {
            @if index > 0 { ", " }
            a href={ "/console/modules/of/" (tag.split('@').next().unwrap_or_default()) } { (tag) }
        }
        @if tags.len() > NAMES_MAX { " and " (tags.len() - NAMES_MAX) " more" }
    }
}
