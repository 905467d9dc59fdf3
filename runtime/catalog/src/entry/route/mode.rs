//! Reads `mode` of a job type: a word, or the share of ids that is live.

use toml::de::DeValue;
use wasmill_job::Percent;

use crate::RouteMode;
use crate::mistake::Report;
use crate::section::{Keys, Section};

const KEYS: Keys = Keys { known: &["live"], later: &[] };

/// Reads `mode`; `None` when it is absent, or was refused.
pub(super) fn read_mode(report: &mut Report<'_>, job_type: &Section<'_>) -> Option<RouteMode> {
    let value = job_type.value("mode")?;
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        return job_type.text(report, "mode", "live", word).map(|(mode, _)| mode);
    }
    let section = job_type.child(report, "mode", &KEYS)?;
    if section.value("live").is_none() {
        report.add(
            &value.span(),
            format!("{} is missing; write mode = {{ live = \"5%\" }}", section.subject("live")),
        );
        return None;
    }
    section.text(report, "live", "5%", share).map(|(live, _)| RouteMode::Part(live))
}

fn word(text: &str) -> Result<RouteMode, String> {
    match text {
        "off" => Ok(RouteMode::Off),
        "shadow" => Ok(RouteMode::Shadow),
        "live" => Ok(RouteMode::Live),
        "paused" => Ok(RouteMode::Paused),
        other => Err(format!(
            "`{other}` is no mode; write \"off\", \"shadow\", \"live\" or \"paused\", or {{ live = \"5%\" }} for a share"
        )),
    }
}

/// The share of ids that is live; the others are shadow.
fn share(text: &str) -> Result<Percent, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    let share = percent.and_then(|percent| Percent::new(percent).ok());
    match share.filter(|share| *share != Percent::WHOLE) {
        Some(share) => Ok(share),
        None => Err(format!("`{text}` is no share; write whole percents, from \"1%\" to \"99%\"")),
    }
}
