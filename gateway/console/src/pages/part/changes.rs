//! Changes of the routing table, field by field: words and signs, not colours alone.

use maud::{Markup, html};

use super::bytes::visible;
use super::table::badge;
use crate::catalog_view::{ChangeRow, FieldRow};

/// More entries are not named, and of more fields than this nothing is shown: a page stays small.
const ENTRIES_MAX: usize = 100;
const FIELDS_MAX: usize = 300;
/// A value is cut to so many characters.
const VALUE_CHARS: usize = 160;

/// The list of changes.
pub(crate) fn changes(rows: &[ChangeRow]) -> Markup {
    let mut room = FIELDS_MAX;
    // An entry whose fields have no room any more is only named.
    let with_fields = rows.iter().take(ENTRIES_MAX).map(|row| {
        let fits = row.fields.len() <= room;
        room -= if fits { row.fields.len() } else { 0 };
        (row, if fits { row.fields.as_slice() } else { &[] })
    });
    html! {
        @if rows.is_empty() {
            p.quiet { "Nothing changes." }
        } @else {
            ul.changes {
                @for (row, fields) in with_fields {
                    li {
                        (badge(row.kind)) " " b { (row.subject) }
                        @if !fields.is_empty() { ul { @for field in fields { li { (change(field)) } } } }
                        @else if !row.fields.is_empty() { " " span.quiet { (row.fields.len()) " fields" } }
                    }
                }
            }
            @if rows.len() > ENTRIES_MAX { p { "And " (rows.len() - ENTRIES_MAX) " more." } }
        }
    }
}

fn change(FieldRow { path, old, new }: &FieldRow) -> Markup {
    html! {
        code { (path) } ": "
        @match (old, new) {
            (Some(old), Some(new)) => { del { (cut(old)) } " → " ins { (cut(new)) } }
            (None, Some(new)) => { "set to " ins { (cut(new)) } }
            (Some(old), None) => { "no longer " del { (cut(old)) } }
            (None, None) => { "–" }
        }
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(VALUE_CHARS).collect();
    if text.chars().nth(VALUE_CHARS).is_some() {
        cut.push('…');
    }
    visible(&cut)
}
