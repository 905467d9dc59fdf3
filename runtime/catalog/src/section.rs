//! Reads one TOML table key by key: every value comes with its place, every mistake goes into the report, and no key
//! passes unread.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::mistake::{Report, did_you_mean};
use crate::units::{parse_size, parse_span, show_size, show_span};

/// A table whose keys have been checked against what may stand there.
pub(crate) struct Section<'t> {
    table: &'t DeTable<'t>,
    /// Whose table it is, such as "job type `email.welcome`".
    owner: String,
    /// The table's place inside the owner, such as `limits.`; empty for the owner itself.
    prefix: String,
}

/// What may stand in a table.
pub(crate) struct Keys {
    pub(crate) known: &'static [&'static str],
    /// Keys of the design that this release does not build: refused by name, never ignored.
    pub(crate) later: &'static [&'static str],
}

impl<'t> Section<'t> {
    /// The table of `owner`, its unknown keys reported; `None` (reported) when `value` is something else.
    pub(crate) fn open(
        report: &mut Report<'_>,
        value: &'t Spanned<DeValue<'t>>,
        owner: String,
        keys: &Keys,
    ) -> Option<Self> {
        Self::open_at(report, value, owner, String::new(), keys)
    }

    /// The table under `key`; `None` when the key is absent, or (reported) when its value is something else.
    pub(crate) fn child(&self, report: &mut Report<'_>, key: &str, keys: &Keys) -> Option<Self> {
        let prefix = format!("{}{key}.", self.prefix);
        Self::open_at(report, self.value(key)?, self.owner.clone(), prefix, keys)
    }

    fn open_at(
        report: &mut Report<'_>,
        value: &'t Spanned<DeValue<'t>>,
        owner: String,
        prefix: String,
        keys: &Keys,
    ) -> Option<Self> {
        let DeValue::Table(table) = value.get_ref() else {
            let place = if prefix.is_empty() {
                owner
            } else {
                format!("`{}` of {owner}", prefix.trim_end_matches('.'))
            };
            let found = kind(value.get_ref());
            report.add(&value.span(), format!("{place} is {found}; it must be a table of keys and values"));
            return None;
        };
        let section = Self { table, owner, prefix };
        section.refuse_unknown(report, keys);
        Some(section)
    }

    fn refuse_unknown(&self, report: &mut Report<'_>, keys: &Keys) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            let Self { prefix, owner, .. } = self;
            if keys.later.contains(&name) {
                report
                    .add(&key.span(), format!("`{prefix}{name}` of {owner} is not built yet; leave it out"));
            } else if !keys.known.contains(&name) {
                let hint = did_you_mean(name, keys.known.iter().chain(keys.later).copied());
                report.add(&key.span(), format!("{owner} has no key `{prefix}{name}`{hint}"));
            }
        }
    }

    /// The raw value under `key`.
    pub(crate) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// "`limits.memory` of job type `email.welcome`".
    pub(crate) fn subject(&self, key: &str) -> String {
        format!("`{}{key}` of {}", self.prefix, self.owner)
    }

    /// The text under `key`, as `parse` understands it, and where it stands. `example` is what to write instead of
    /// something that is not text.
    pub(crate) fn text<T, E: Display>(
        &self,
        report: &mut Report<'_>,
        key: &str,
        example: &str,
        parse: impl FnOnce(&'t str) -> Result<T, E>,
    ) -> Option<(T, Range<usize>)> {
        let value = self.value(key)?;
        let DeValue::String(text) = value.get_ref() else {
            let (subject, found) = (self.subject(key), kind(value.get_ref()));
            report.add(&value.span(), format!("{subject} is {found}; write text, such as \"{example}\""));
            return None;
        };
        match parse(text) {
            Ok(parsed) => Some((parsed, value.span())),
            Err(reason) => {
                report.add(&value.span(), format!("{}: {reason}", self.subject(key)));
                None
            }
        }
    }

    /// A size in bytes, such as `"64MiB"`.
    pub(crate) fn size(&self, report: &mut Report<'_>, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let (size, place) = self.text(report, key, "64KiB", parse_size)?;
        self.within(report, key, &place, size, &range, |bytes| show_size(*bytes))
    }

    /// A span of time, such as `"30s"`.
    pub(crate) fn span(
        &self,
        report: &mut Report<'_>,
        key: &str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let (span, place) = self.text(report, key, "30s", parse_span)?;
        self.within(report, key, &place, span, &range, |span| show_span(*span))
    }

    /// A whole number.
    pub(crate) fn count(
        &self,
        report: &mut Report<'_>,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.value(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            let (subject, found) = (self.subject(key), kind(value.get_ref()));
            report.add(&value.span(), format!("{subject} is {found}; write a whole number"));
            return None;
        };
        // What does not fit is out of range either way; negative numbers are below every range.
        let parsed = whole(number).unwrap_or(if number.as_str().starts_with('-') { 0 } else { u64::MAX });
        if number.as_str().starts_with('-') || !range.contains(&parsed) {
            let (subject, low, high) = (self.subject(key), range.start(), range.end());
            report.add(&value.span(), format!("{subject} is {number}; it must lie between {low} and {high}"));
            return None;
        }
        Some(parsed)
    }

    /// A number, whole or not.
    pub(crate) fn number(&self, report: &mut Report<'_>, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let parsed = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok().filter(|_| number.radix() == 10),
            _ => None,
        };
        if parsed.is_none() {
            let (subject, found) = (self.subject(key), kind(value.get_ref()));
            report.add(&value.span(), format!("{subject} is {found}; write a number, such as 2.0"));
        }
        parsed
    }

    /// True or false.
    pub(crate) fn flag(&self, report: &mut Report<'_>, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        let (subject, found) = (self.subject(key), kind(value.get_ref()));
        report.add(&value.span(), format!("{subject} is {found}; write true or false"));
        None
    }

    /// A list of texts, each as `parse` understands it; those that it does not are reported and left out.
    pub(crate) fn texts<T, E: Display>(
        &self,
        report: &mut Report<'_>,
        key: &str,
        example: &str,
        parse: impl Fn(&'t str) -> Result<T, E>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let subject = self.subject(key);
        let DeValue::Array(entries) = value.get_ref() else {
            let found = kind(value.get_ref());
            report.add(&value.span(), format!("{subject} is {found}; write a list, such as [\"{example}\"]"));
            return Vec::new();
        };
        let mut parsed = Vec::with_capacity(entries.len());
        for entry in entries {
            let DeValue::String(text) = entry.get_ref() else {
                let found = kind(entry.get_ref());
                report.add(
                    &entry.span(),
                    format!("{subject} has {found} in it; write texts, such as \"{example}\""),
                );
                continue;
            };
            match parse(text) {
                Ok(entry) => parsed.push(entry),
                Err(reason) => report.add(&entry.span(), format!("{subject}: {reason}")),
            }
        }
        parsed
    }

    fn within<T: PartialOrd>(
        &self,
        report: &mut Report<'_>,
        key: &str,
        place: &Range<usize>,
        value: T,
        range: &RangeInclusive<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        if range.contains(&value) {
            return Some(value);
        }
        let [found, low, high] = [&value, range.start(), range.end()].map(show);
        report.add(place, format!("{} is {found}; it must lie between {low} and {high}", self.subject(key)));
        None
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn whole(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
