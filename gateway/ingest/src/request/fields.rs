//! The fields of a job request, one after the other, as serde meets them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use wasmill_http::near;

use super::FieldError;

/// The fields this version knows.
const FIELDS: [&str; 3] = ["type", "payload", "idempotency_key"];

/// The fields that stand in the design and come later: refused by name, never ignored.
const LATER: [&str; 6] = ["run_at", "delay_ms", "priority", "expires_at", "key", "headers"];

/// What was found.
#[derive(Default)]
pub(super) struct Fields<'t> {
    pub(super) job_type: Option<Cow<'t, str>>,
    pub(super) payload: Option<&'t RawValue>,
    pub(super) idempotency_key: Option<Cow<'t, str>>,
    key_seen: bool,
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
                later if LATER.contains(&later) => FieldError::NotBuilt(later.to_owned()),
                unknown => unknown_field(unknown),
            };
            *self.refused = Some(error);
            return Err(M::Error::custom("refused"));
        }
        Ok(fields)
    }
}

fn unknown_field(name: &str) -> FieldError {
    /// As much of a stranger's field name as an answer repeats, in characters.
    const SHOWN: usize = 80;
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
