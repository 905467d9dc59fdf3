//! Forms that change something. Each repeats the token of the browser.

use maud::{Markup, Render, html};

/// The field that a form repeats the token in.
#[derive(Clone, Copy)]
pub(crate) struct TokenField<'t>(pub(crate) &'t str);

impl Render for TokenField<'_> {
    fn render(&self) -> Markup {
        html! { input type="hidden" name="token" value=(self.0); }
    }
}

/// A form that is one button.
pub(crate) fn button(
    token: TokenField<'_>,
    action: &str,
    label: &str,
    fields: &[(&str, &str)],
    is_grave: bool,
) -> Markup {
    html! {
        form.act method="post" action=(action) {
            (token)
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button type="submit" class=[is_grave.then_some("grave")] { (label) }
        }
    }
}
