//! `[telemetry]`: what a process tells about itself.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Refusal;

/// How log lines look and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// `auto` (for people on a terminal, JSON elsewhere), `human` or `json`. Default `auto`.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`; also per part: `info,wasmill_queue=debug`. The variable `RUST_LOG`
    /// says the same. The audit, which tells each change, is there at every level, unless this names it: `info,audit=off`.
    /// Default `info`.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Auto,
    Human,
    Json,
}

/// The part that tells who changed what.
const AUDIT: &str = "audit";

impl TelemetryConfig {
    /// The filter that `level` describes.
    pub(crate) fn filter(&self) -> Result<EnvFilter, String> {
        // The parser of such a text panics where it meets some of them.
        if let Some(character) = self.level.chars().find(|character| !character.is_ascii()) {
            return Err(format!(
                "`{character}` stands in no name of a part; write error, warn, info, debug or trace, or PART=LEVEL"
            ));
        }
        // Alone, a word that is no level would pass as the name of a part, and `inof` would show nothing at all.
        let is_level =
            |part: &str| part.parse::<LevelFilter>().is_ok() || part.contains(['=', '[', ']', '{', '}']);
        if let Some(word) = self.level.split(',').map(str::trim).find(|part| !is_level(part)) {
            return Err(format!(
                "`{word}` is no level; write error, warn, info, debug or trace, or PART=LEVEL"
            ));
        }
        // Who changed what is told however little else is, unless somebody says otherwise by name.
        let level = match self.level.contains(AUDIT) {
            true => self.level.clone(),
            false => format!("{},{AUDIT}=info", self.level),
        };
        EnvFilter::try_new(level).map_err(|error| format!("it does not read as levels: {error}"))
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let refuse =
            |message| Refusal { section: "telemetry", key: "level", message: format!("is wrong: {message}") };
        self.filter().err().map(refuse).into_iter().collect()
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: "info".into() }
    }
}
