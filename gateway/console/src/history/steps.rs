//! Minutes joined into equal steps, for whoever draws them. Pure.

use std::collections::BTreeMap;

use wasmill_job::UnixMs;

use super::minute::{HourNumber, Minute, MinuteNumber};
use super::row::Row;
use crate::live::{Flow, WaitAndRun};

/// Minutes side by side, as they are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first minute, and the one behind the last.
    pub(crate) from: MinuteNumber,
    pub(crate) to: MinuteNumber,
    /// So many minutes are a step. Steps begin at its multiples, so that a chart does not change its shape from minute to minute.
    pub(crate) step: u64,
}

/// What happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// When it begins.
    pub(crate) at: UnixMs,
    /// How many of its minutes were recorded.
    pub(crate) minutes: u32,
    pub(crate) flow: Flow,
    /// At the end of its last minute.
    pub(crate) pending: u64,
    /// The greatest percentiles of its minutes.
    pub(crate) times: WaitAndRun,
}

/// An hour as it was stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    pub(super) hour: HourNumber,
    pub(super) mill: Row,
    /// The type's row, where a type was asked for.
    pub(super) own: Option<Row>,
}

/// The longest span: a week.
pub(crate) const MINUTES_MAX: u64 = 7 * 24 * 60;

impl Span {
    /// The `minutes` up to now, the present one among them, in at most `points` steps. Both are taken as 1 at least. Where minutes
    /// are joined, the first ones may be left out, because a step is whole.
    pub(crate) fn until(now: UnixMs, minutes: u64, points: u64) -> Self {
        let minutes = minutes.clamp(1, MINUTES_MAX);
        let step = minutes.div_ceil(points.max(1));
        let to = MinuteNumber::of(now).0.saturating_add(1);
        let from = to.saturating_sub(minutes).div_ceil(step).saturating_mul(step);
        Self { from: MinuteNumber(from.min(to)), to: MinuteNumber(to), step }
    }

    /// The hours in which it lies, the first and the last.
    pub(super) fn hours(self) -> (HourNumber, HourNumber) {
        (self.from.place().0, MinuteNumber(self.to.0.saturating_sub(1)).place().0)
    }
}

/// The steps of a span in which any minute was recorded: of a type, or of the mill.
pub(super) fn join(span: Span, hours: &[Stored], is_of_type: bool) -> Vec<Step> {
    let mut steps: BTreeMap<u64, Step> = BTreeMap::new();
    for stored in hours {
        for (minute, of) in minutes(stored, is_of_type) {
            if minute < span.from || minute >= span.to {
                continue;
            }
            let begins = minute.0 / span.step * span.step;
            let empty = || Step {
                at: MinuteNumber(begins).begins(),
                minutes: 0,
                flow: Flow::default(),
                pending: 0,
                times: WaitAndRun::default(),
            };
            let step = steps.entry(begins).or_insert_with(empty);
            step.minutes += 1;
            step.flow = step.flow.plus(of.flow);
            step.pending = of.pending;
            step.times = step.times.max(of.times);
        }
    }
    steps.into_values().collect()
}

/// The recorded minutes of an hour. A type has entries only where something changed: the mill's row says which minutes there were,
/// and in between nothing happened and as many jobs were pending.
fn minutes(stored: &Stored, is_of_type: bool) -> Vec<(MinuteNumber, Minute)> {
    let number = |place: &u8| stored.hour.minute(*place);
    if !is_of_type {
        return stored.mill.minutes.iter().map(|(place, minute)| (number(place), *minute)).collect();
    }
    let empty = Row::default();
    let own = match &stored.own {
        Some(own) => own,
        // It found no room: nothing is known of it.
        None if stored.mill.is_full => return Vec::new(),
        None => &empty,
    };
    let mut pending = 0;
    let minute = |place| {
        let still = Minute { pending, ..Minute::default() };
        let minute = own.minutes.get(place).copied().unwrap_or(still);
        pending = minute.pending;
        (number(place), minute)
    };
    stored.mill.minutes.keys().map(minute).collect()
}

#[cfg(test)]
mod tests;
