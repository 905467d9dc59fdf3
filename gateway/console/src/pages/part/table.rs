//! Tables: with a caption, heads that say what they head, and the way to the next page.

use maud::{Markup, html};

use super::quote::query;

/// A column's head, and whether numbers stand in it.
pub(crate) type Head = (&'static str, bool);

/// A table. Wider than the screen, it scrolls by itself, and can be reached by keyboard to do so.
pub(crate) fn table(caption: &str, heads: &[Head], rows: Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead {
                    tr { @for (head, is_number) in heads { th scope="col" class=[is_number.then_some("n")] { (head) } } }
                }
                tbody { (rows) }
            }
        }
    }
}

/// The links to the first and the next page of a list: the same question with another cursor.
pub(crate) fn pages(
    address: &str,
    asked: &[(&str, &str)],
    cursor: (&str, Option<&str>),
    is_first: bool,
) -> Markup {
    let (name, next) = cursor;
    if is_first && next.is_none() {
        return html! {};
    }
    html! {
        nav.pages aria-label="More of this list" {
            @if !is_first { a href={ (address) (query(asked)) } rel="first" { "First page" } }
            @if let Some(next) = next {
                a href={ (address) (query(&[asked, &[(name, next)]].concat())) } rel="next" { "Next page" }
            }
        }
    }
}

/// A state or a mode, marked so that it is seen at a glance and read in words.
pub(crate) fn badge(word: &str) -> Markup {
    let class = match word {
        "completed" | "live" | "done" | "working" => "badge good",
        "dead" | "off" | "removed" | "full" | "away" | "old" => "badge bad",
        // How attempts end that do not end well.
        "rejected" | "trap" | "fuel" | "timeout" | "memory" | "output" | "host" | "calls" | "exited"
        | "lost" | "quarantined" => "badge bad",
        "paused" | "scheduled" | "parked" | "cancelled" | "changed" | "retry" | "interrupted" | "shadow"
        | "draining" => "badge warn",
        _ => "badge",
    };
    html! { span class=(class) { (word.replace('_', " ")) } }
}
