//! A JSON object for people: a line for each member, names aligned.

use std::fmt::Write as _;

use serde_json::Value;

use crate::terminal::{DIM, styled};

/// The object's members that say something, a line each.
pub(crate) fn render(object: &Value) -> String {
    let members: Vec<_> =
        object.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
    let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in members {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}  {}", styled(DIM, format_args!("{name:<width$}")), show(value));
    }
    text
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name} {}", show(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}
