//! What an empty page says: the command that fills it.

use maud::{Markup, html};

/// A sentence, and commands to copy.
pub(crate) fn next_step(sentence: &str, commands: &[&str]) -> Markup {
    html! {
        section.notice aria-label="What to do next" {
            p { (sentence) }
            @if !commands.is_empty() { (command("next-step", &commands.join("\n"))) }
        }
    }
}

/// A command with a button that copies it, where there is a script to do so.
pub(crate) fn command(id: &str, text: &str) -> Markup {
    html! {
        div.command {
            pre tabindex="0" { code id=(id) { (text) } }
            button.script-only type="button" data-copy=(id) hidden { "Copy" }
        }
    }
}
