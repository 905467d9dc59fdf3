//! The fields of a job request, one after the other, as serde meets them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use wasmill_http::near;
use wasmill_job::Priority;

use super::FieldError;

/// The fields this version knows.
const FIELDS: [&str; 4] = ["type", "payload", "idempotency_key", "priority"];

/// The fields that stand in the design and come later: refused by name, never ignored.
const LATER: [&str; 5] = ["run_at", "delay_ms", "expires_at", "key", "headers"];

/// As much of a stranger's word as an answer repeats, in characters.
const SHOWN: usize = 80;

/// What was found.
#[derive(Default)]
pub(super) struct Fields<'t> {
    pub(super) job_type: Option<Cow<'t, str>>,
    pub(super) payload: Option<&'t RawValue>,
    pub(super) idempotency_key: Option<Cow<'t, str>>,
    pub(super) priority: Option<Priority>,
    key_seen: bool,
    priority_seen: bool,
}

/// Reads the object. A field that is refused is told through `refused`, because serde's errors are only text.
pub(super) struct FieldsVisitor<'r> {
    pub(super) refused: &'r mut Option<FieldError>,
}

/// A string, borrowed unless it has escapes.
struct Text<'t>(Cow<'t, str>);

impl<'t> Visitor<'t> for FieldsVisitor<'_> {
    type Value = Fields<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a job: an object such as {\"type\": \"hello\", \"payload\": null}")
    }

    fn visit_map<M: MapAccess<'t>>(self, mut map: M) -> Result<Fields<'t>, M::Error> {
        let mut fields = Fields::default();
        while let Some(Text(name)) = map.next_key()? {
            let error = match &*name {
                "type" if fields.job_type.is_some() => FieldError::Twice("type"),
                "payload" if fields.payload.is_some() => FieldError::Twice("payload"),
                "idempotency_key" if fields.key_seen => FieldError::Twice("idempotency_key"),
                "priority" if fields.priority_seen => FieldError::Twice("priority"),
                "type" => {
                    fields.job_type = Some(map.next_value::<Text<'t>>()?.0);
                    continue;
                }
                "payload" => {
                    fields.payload = Some(map.next_value()?);
                    continue;
                }
                "idempotency_key" => {
                    fields.key_seen = true;
                    fields.idempotency_key = map.next_value::<Option<Text<'t>>>()?.map(|text| text.0);
                    continue;
                }
                "priority" => {
                    fields.priority_seen = true;
                    match map.next_value::<Option<&'t RawValue>>()?.map(read_priority).transpose() {
                        Ok(priority) => {
                            fields.priority = priority;
                            continue;
                        }
                        Err(error) => error,
                    }
                }
                later if LATER.contains(&later) => FieldError::NotBuilt(later.to_owned()),
                unknown => unknown_field(unknown),
            };
            *self.refused = Some(error);
            return Err(M::Error::custom("refused"));
        }
        Ok(fields)
    }
}

fn read_priority(value: &RawValue) -> Result<Priority, FieldError> {
    let name = serde_json::from_str::<Text<'_>>(value.get()).map(|text| text.0);
    let found = name
        .ok()
        .and_then(|name| Priority::FIRST_TO_LAST.into_iter().find(|priority| priority.as_str() == name));
    found.ok_or_else(|| FieldError::NoPriority(value.get().chars().take(SHOWN).collect()))
}

fn unknown_field(name: &str) -> FieldError {
    FieldError::Unknown { field: name.chars().take(SHOWN).collect(), near: near(name, FIELDS) }
}

impl<'t> Deserialize<'t> for Text<'t> {
    fn deserialize<D: Deserializer<'t>>(from: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'t> Visitor<'t> for TextVisitor {
            type Value = Text<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Text<'t>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'t>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(TextVisitor)
    }
}
