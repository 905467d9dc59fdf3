//! What is around every page: head, navigation, search, message of the last action, keys.

use maud::{DOCTYPE, Markup, html};

use super::assets::{SCRIPT, STYLE};
use super::cookie::Flash;
use super::part::form::{TokenField, button};

/// Where in the console a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    JobTypes,
    Queues,
    Workers,
    Jobs,
    Dead,
    Modules,
    History,
}

/// The icon: a mill wheel.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
                    height='16' rx='3' fill='%232f5d8a'/%3E%3Cpath d='M8 2v12M2 8h12M4 4l8 8M12 4l-8 8' stroke='white' \
                    stroke-width='1.5'/%3E%3C/svg%3E";

/// What the keys do, for the help.
const KEYS: [(&str, &str); 11] = [
    ("g o", "overview"),
    ("g t", "job types"),
    ("g q", "queues"),
    ("g w", "workers"),
    ("g j", "jobs"),
    ("g d", "dead letters"),
    ("g m", "modules"),
    ("g h", "history"),
    ("/", "search a job by its id"),
    ("p", "hold or go on with live numbers"),
    ("?", "this help"),
];

impl Section {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::JobTypes,
        Self::Queues,
        Self::Workers,
        Self::Jobs,
        Self::Dead,
        Self::Modules,
        Self::History,
    ];

    /// Its name, address, and the key that goes there after `g`.
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Overview => ("Overview", "/console", "o"),
            Self::JobTypes => ("Job types", "/console/types", "t"),
            Self::Queues => ("Queues", "/console/queues", "q"),
            Self::Workers => ("Workers", "/console/workers", "w"),
            Self::Jobs => ("Jobs", "/console/jobs", "j"),
            Self::Dead => ("Dead letters", "/console/dead", "d"),
            Self::Modules => ("Modules", "/console/modules", "m"),
            Self::History => ("History", "/console/history", "h"),
        }
    }
}

/// Who has signed in.
pub(super) struct Account<'a> {
    /// The name of the token.
    pub(super) name: Option<&'a str>,
    /// For the form to sign out, where a session can be given up.
    pub(super) sign_out: Option<TokenField<'a>>,
}

/// A page that stands for itself.
pub(super) fn bare(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, false))
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top { a.brand href="/console" { "Wasmill" } }
                main #main tabindex="-1" { h1 { (title) } (body) }
            }
        }
    }
}

fn head(title: &str, has_script: bool) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Wasmill" }
            link rel="icon" href=(ICON);
            link rel="stylesheet" href=(STYLE.address());
            @if has_script { script type="module" src=(SCRIPT.address()) {} }
        }
    }
}

/// A whole page.
pub(super) fn shell(
    section: Section,
    title: &str,
    flash: Option<&Flash>,
    account: Account<'_>,
    body: Markup,
) -> Markup {
    // Of all pages only those of job types have rows of types.
    let stream = if section == Section::JobTypes { "/console/live?types=all" } else { "/console/live" };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, true))
            body data-stream=(stream) {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/console" { "Wasmill" }
                    (navigation(section))
                    form.find action="/console/jobs" method="get" role="search" {
                        label.quiet for="find" { "Job id" }
                        input #find type="search" name="id" placeholder="Job id" autocomplete="off" spellcheck="false" maxlength="80";
                        button type="submit" { "Find" }
                    }
                }
                main #main tabindex="-1" {
                    h1 { (title) }
                    @if let Some(Flash { is_good, text }) = flash {
                        p.flash.bad[!is_good].good[*is_good] role="status" { (text) }
                    }
                    (body)
                }
                footer {
                    span #stream-state role="status" { "Numbers as of when the page was loaded." }
                    @if let Some(name) = account.name { span { "Signed in as " (name) } }
                    @if let Some(token) = account.sign_out {
                        (button(token, "/console/sign-out", "Sign out", &[], false))
                    }
                    span.script-only hidden { "Press " kbd { "?" } " for keys." }
                    a href="/openapi.json" { "API" }
                }
                dialog #keys aria-labelledby="keys-title" {
                    h2 #keys-title { "Keys" }
                    dl { @for (key, what) in KEYS { dt { kbd { (key) } } dd { (what) } } }
                    form method="dialog" { button { "Close" } }
                }
            }
        }
    }
}

fn navigation(here: Section) -> Markup {
    html! {
        nav aria-label="Pages" {
            ul {
                @for section in Section::ALL {
                    @let (name, address, key) = section.row();
                    li {
                        a href=(address) data-key=(key) aria-current=[(section == here).then_some("page")] {
                            (name)
                            @if section == Section::Dead { " " span.badge data-live="dead.badge" hidden {} }
                        }
                    }
                }
            }
        }
    }
}
