//! `GET /console/modules/of/{name}`: the versions of one module, and what changed from each to the next: size, and what it asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use wasmill_http::{Kind, Problem};
use wasmill_job::{ModuleTag, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::help::command;
use super::part::moment::moment;
use super::part::number::{count, size};
use super::part::table::{Head, table};
use super::shell::Section;
use super::visit::Visit;
use crate::asked::asked_of;
use crate::modules::{ModuleRow, stored_modules};
use crate::router::Console;

/// A version, and what is known of its module.
struct Version<'m> {
    tag: ModuleTag,
    module: &'m ModuleRow,
    /// `None` when it was not looked into yet, or cannot be any more.
    asks: Option<BTreeSet<&'static str>>,
}

/// Versions that are shown, the newest.
const VERSIONS_MAX: usize = 20;
/// Modules that are looked into for one page; each only once in the life of this process. The largest take a second.
const LOOKS_MAX: usize = 4;

const HEADS: [Head; 6] = [
    ("Version", false),
    ("Module", false),
    ("Size", true),
    ("Stored", false),
    ("Asks for", false),
    ("Used by", false),
];

pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    Path(name): Path<String>,
) -> Response {
    let body = body(&console, &visit, &name).await;
    visit.page(Section::Modules, &format!("Versions of {name}"), body)
}

async fn body<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    visit: &Visit,
    name: &str,
) -> Result<Markup, Problem> {
    let modules = stored_modules(console, &visit.caller).await?;
    let tagged = modules.iter().flat_map(|module| module.tags.iter().map(move |tag| (tag, module)));
    let named = tagged.filter_map(|(tag, module)| {
        let tag: ModuleTag = tag.parse().ok()?;
        (tag.name() == name).then_some((tag, module))
    });
    let mut found: Vec<_> = named.collect();
    if found.is_empty() {
        let detail = "No version of a module of this name is in the store.";
        return Err(Problem::new(Kind::UnknownModule, detail));
    }
    // In the order in which they came; two names for the same bytes in that of their names.
    found.sort_by(|(tag, module), (other, than)| (than.stored_at_ms, other).cmp(&(module.stored_at_ms, tag)));
    let all = found.len();
    let (mut versions, mut looks) = (Vec::new(), 0);
    for (tag, module) in found.into_iter().take(VERSIONS_MAX) {
        let asks = match module.digest.parse() {
            Ok(digest) => match asked_of(console, digest, false).await? {
                None if looks < LOOKS_MAX => {
                    looks += 1;
                    asked_of(console, digest, true).await?
                }
                known => known,
            },
            Err(_) => None,
        };
        versions.push(Version { tag, module, asks: asks.map(|asks| asks.into_iter().collect()) });
    }
    let now = console.clock.now();
    let newest = versions.first().map(|version| version.tag.to_string()).unwrap_or_default();
    let rows = html! {
        @for (at, version) in versions.iter().enumerate() { (row(version, versions.get(at + 1), now)) }
    };
    Ok(html! {
        p.quiet { "In the order in which they were stored, the newest first. Each is compared to the one below it." }
        (table(&format!("Versions of {name}"), &HEADS, rows))
        @if all > versions.len() { p { "And " (count((all - versions.len()) as u64)) " older ones." } }
        p.quiet { "All of a module, its interfaces among them:" }
        (command("inspect", &format!("wasmill modules inspect {newest}")))
    })
}

fn row(version: &Version<'_>, before: Option<&Version<'_>>, now: UnixMs) -> Markup {
    let module = version.module;
    html! {
        tr {
            th scope="row" { (version.tag) }
            td {
                a href={ "/console/modules/" (module.digest) } download={ (module.digest) ".wasm" } title=(module.digest) {
                    code { (module.digest.chars().take(12).collect::<String>()) }
                }
            }
            td.n {
                (size(module.size_bytes))
                @if let Some(before) = before { " " span.quiet { (grown(before.module.size_bytes, module.size_bytes)) } }
            }
            td { (moment(now, module.stored_at_ms)) }
            td { (asks(version, before)) }
            td {
                @if module.used_by.is_empty() { span.quiet { "nobody" } }
                @for (index, name) in module.used_by.iter().enumerate() {
                    @if index > 0 { ", " } a href={ "/console/types/" (name) } { (name) }
                }
            }
        }
    }
}

/// What a version asks for: what is new in it marked, and what it asks for no more.
fn asks(version: &Version<'_>, before: Option<&Version<'_>>) -> Markup {
    let Some(asks) = &version.asks else { return html! { "not looked into; reload" } };
    let old = before.and_then(|before| before.asks.as_ref());
    let gone: Vec<_> = old.map(|old| old.difference(asks).copied().collect()).unwrap_or_default();
    html! {
        @if asks.is_empty() { "nothing" }
        @for (index, name) in asks.iter().enumerate() {
            @if index > 0 { ", " }
            @if old.is_some_and(|old| !old.contains(name)) { ins { (name) } " (new)" } @else { (name) }
        }
        @if !gone.is_empty() { "; no more: " del { (gone.join(", ")) } }
    }
}

/// The change of a size, in words.
fn grown(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => "the same".into(),
        std::cmp::Ordering::Greater => format!("{} more", size(after - before)),
        std::cmp::Ordering::Less => format!("{} less", size(before - after)),
    }
}
