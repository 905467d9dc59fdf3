//! What is shown to a token for some job types where a list is of one type at a time.

use maud::{Markup, html};
use wasmill_job::JobType;

use super::quote::query;

/// So many are named.
const NAMED_MAX: usize = 200;

/// Links to the list of each of these types.
pub(crate) fn choose<'t>(
    address: &str,
    asked: &[(&str, &str)],
    types: impl Iterator<Item = &'t JobType>,
) -> Markup {
    let types: Vec<_> = types.take(NAMED_MAX).collect();
    html! {
        p { "Your token is for some job types, and this list is of one at a time." }
        @if types.is_empty() { p.quiet { "None of them is in the routing table." } }
        ul {
            @for name in types {
                li { a href={ (address) (query(&[asked, &[("type", name.as_str())]].concat())) } { (name) } }
            }
        }
    }
}
