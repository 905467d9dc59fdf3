//! An HTML page becomes what a chat application shows for its link. The payload is JSON, so that any client of the
//! HTTP interface can send it: `{"url": "https://…", "html": "<!doctype html>…"}`, the url optional. The output:
//!
//! ```json
//! {"title": "…", "description": "…", "canonical": "https://…", "image": "https://…", "links": ["https://…"]}
//! ```
//!
//! What a page does not tell is `null`. Open Graph tags come before Twitter's and those before plain HTML. Addresses
//! are absolute when the page's is known, from `url` or `<base>`, else as written; `links` are the first 100
//! different http(s) addresses of `<a href>`, without fragments. 100 KB of page take a few milliseconds.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, handler};

mod address;
mod found;
mod tags;
mod text;

/// The page as it was fetched.
#[derive(Deserialize)]
struct Page {
    /// Where it was fetched from.
    url: Option<String>,
    html: String,
}

/// What to show for it.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Card {
    title: Option<String>,
    description: Option<String>,
    canonical: Option<String>,
    image: Option<String>,
    links: Vec<String>,
}

/// Longer texts end in `…`; a chat shows less than that.
const TITLE_CHARS_MAX: usize = 300;
const DESCRIPTION_CHARS_MAX: usize = 1000;

#[handler]
fn unfurl(page: Page) -> Result<Card, Failure> {
    let found = tags::read(&page.html);
    let base = address::Base::new(page.url.as_deref(), found.base.as_deref())
        .map_err(|error| Failure::reject(format_args!("the page's `url` is no address: {error}")))?;
    let absolute = |written: Option<&str>| written.and_then(|written| base.resolve(written));
    Ok(Card {
        title: found.title.get().and_then(|title| text::tidy(title, TITLE_CHARS_MAX)),
        description: found.description.get().and_then(|text| text::tidy(text, DESCRIPTION_CHARS_MAX)),
        canonical: absolute(found.canonical.get()),
        image: absolute(found.image.get()),
        links: base.links(&found.links),
    })
}

#[cfg(test)]
mod tests;
