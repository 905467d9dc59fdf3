//! Reads `grants`: what a job type's handlers may reach. Each rule is checked for its form here; whether the module asks
//! for it is judged when the plan is made.

use std::collections::BTreeMap;

use toml::de::DeValue;
use wasmill_egress::Rule;
use wasmill_job::{Grants, SecretName, TypePattern};

use crate::mistake::Report;
use crate::section::{Keys, Section, kind};

const GRANT_KEYS: Keys =
    Keys { known: &["http", "secrets", "config", "emit", "clock", "random"], later: &["kv"] };

/// A route is read whole by every process, and shown whole to people.
const ENTRIES_MAX: usize = 256;
const SETTING_BYTES_MAX: usize = 64 << 10;

pub(super) fn read_grants(report: &mut Report<'_>, route: &Section<'_>) -> Grants {
    let Some(section) = route.child(report, "grants", &GRANT_KEYS) else { return Grants::default() };
    let http = section.texts(report, "http", "https://api.example.com", |text| {
        // As it was written: a person will look for it.
        text.parse::<Rule>().map(|_| text.to_owned())
    });
    let secrets = section.texts(report, "secrets", "SMTP_TOKEN", str::parse::<SecretName>);
    let emit = section.texts(report, "emit", "email.*", str::parse::<TypePattern>);
    for (key, entries) in [("http", http.len()), ("secrets", secrets.len()), ("emit", emit.len())] {
        if entries > ENTRIES_MAX
            && let Some(value) = section.value(key)
        {
            let subject = section.subject(key);
            report.add(
                &value.span(),
                format!("{subject} has {entries} entries; at most {ENTRIES_MAX} are read"),
            );
        }
    }
    Grants {
        http,
        secrets: secrets.into_iter().collect(),
        config: read_settings(report, &section),
        emit,
        clock: section.flag(report, "clock").unwrap_or_default(),
        random: section.flag(report, "random").unwrap_or_default(),
    }
}

/// The settings: a table of texts, whose names are the handler's.
fn read_settings(report: &mut Report<'_>, section: &Section<'_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let Some(value) = section.value("config") else { return settings };
    let subject = section.subject("config");
    let DeValue::Table(table) = value.get_ref() else {
        let found = kind(value.get_ref());
        report.add(
            &value.span(),
            format!("{subject} is {found}; write a table of texts, such as {{ region = \"eu\" }}"),
        );
        return settings;
    };
    for (name, value) in table {
        let DeValue::String(text) = value.get_ref() else {
            let found = kind(value.get_ref());
            let message = format!(
                "{subject}: `{}` is {found}; settings are texts, so put it in quotes",
                name.get_ref()
            );
            report.add(&value.span(), message);
            continue;
        };
        settings.insert(name.get_ref().to_string(), text.to_string());
    }
    let bytes: usize = settings.iter().map(|(name, text)| name.len() + text.len()).sum();
    if bytes > SETTING_BYTES_MAX {
        report.add(
            &value.span(),
            format!("{subject} has {bytes} bytes in all; at most {SETTING_BYTES_MAX} are read"),
        );
    }
    settings
}
