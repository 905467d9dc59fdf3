//! A minute of a type or of the mill. Pure.

use wasmill_job::UnixMs;

use crate::live::{Flow, WaitAndRun};

/// What happened in a minute, and how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    pub(crate) flow: Flow,
    /// Jobs that were pending when it ended.
    pub(crate) pending: u64,
    pub(crate) times: WaitAndRun,
}

/// Minutes since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MinuteNumber(pub(crate) u64);

/// Hours since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HourNumber(pub(crate) u32);

const MINUTE_MS: u64 = 60_000;

impl MinuteNumber {
    pub(crate) fn of(at: UnixMs) -> Self {
        Self(at.0 / MINUTE_MS)
    }

    /// When it begins.
    pub(crate) fn begins(self) -> UnixMs {
        UnixMs(self.0.saturating_mul(MINUTE_MS))
    }

    /// The hour that it is in, and its place in that. Hours that no calendar has are the last.
    pub(crate) fn place(self) -> (HourNumber, u8) {
        let hour = HourNumber(u32::try_from(self.0 / 60).unwrap_or(u32::MAX));
        // Below 60.
        (hour, (self.0 % 60) as u8)
    }
}

impl HourNumber {
    pub(crate) fn minute(self, place: u8) -> MinuteNumber {
        MinuteNumber(u64::from(self.0) * 60 + u64::from(place))
    }
}

impl Minute {
    /// What is known when a minute is told twice, as after a restart in its middle: the sums, the greater percentiles, and how it
    /// ended at last.
    pub(crate) fn and(self, later: Self) -> Self {
        Self { flow: self.flow.plus(later.flow), pending: later.pending, times: self.times.max(later.times) }
    }

    /// Whether anything happened in it.
    pub(crate) fn is_busy(&self) -> bool {
        self.flow != Flow::default() || self.times != WaitAndRun::default()
    }

    /// What it counts against others where there is no room for all.
    pub(crate) fn weight(&self) -> (u64, u64) {
        (
            self.flow.accepted.saturating_add(self.flow.completed).saturating_add(self.flow.failed),
            self.pending,
        )
    }
}
