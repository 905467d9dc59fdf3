//! Unit tests of `logs`.

#![allow(clippy::unwrap_used)]
use std::io;
use std::sync::{Arc, Mutex};

use super::*;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, terminal: bool, level: &str) -> String {
    let page = Page::default();
    let writer = page.clone();
    let config = TelemetryConfig { format, level: level.into() };
    let subscriber = subscriber(&config, terminal, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(revision = 7, "new catalog\nrevision");
        tracing::debug!("a detail");
        tracing::info!(target: "audit", "a change");
    });
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn lines_are_json_unless_a_terminal_is_there() {
    let lines = logged(LogFormat::Auto, false, "info,audit=off");
    let line: serde_json::Value = serde_json::from_str(&lines).unwrap();
    assert_eq!((&line["level"], &line["revision"]), (&"INFO".into(), &7.into()));
    assert_eq!(line["message"], "new catalog\nrevision");
    assert!(line["timestamp"].is_string() && line["target"].is_string());
}

#[test]
fn lines_for_people_have_colours_only_on_a_terminal() {
    assert!(logged(LogFormat::Auto, true, "info").contains('\u{1b}'));
    let plain = logged(LogFormat::Human, false, "info");
    assert!(
        !plain.contains('\u{1b}') && plain.contains("new catalog") && plain.contains("revision=7"),
        "{plain}"
    );
}

#[test]
fn the_level_filters() {
    assert_eq!(logged(LogFormat::Json, false, "warn,audit=off"), "");
    assert_eq!(logged(LogFormat::Json, false, "warn,wasmill_process=debug,audit=off").lines().count(), 2);
}

#[test]
fn the_audit_is_there_at_every_level() {
    for level in ["warn", "error", "off", "wasmill_process=off"] {
        let lines = logged(LogFormat::Json, false, level);
        assert!(lines.contains("a change") && lines.lines().count() == 1, "{level}: {lines}");
    }
}

#[test]
fn a_level_that_is_none_is_refused() {
    let config = TelemetryConfig { level: "inof".into(), ..TelemetryConfig::default() };
    let Err(error) = subscriber(&config, false, io::sink) else { panic!("accepted") };
    assert!(error.to_string().contains("`inof` is no level"), "{error}");
}
