//! In which order job types stand, and which of them. Pure.

use std::cmp::Ordering;

use super::board::TypeRow;
use crate::command::status::Percentiles;

/// A column of the table of job types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Type,
    Pending,
    Scheduled,
    InFlight,
    Accepted,
    Completed,
    Failed,
    Dead,
    Wait,
    Run,
}

/// Which column decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: Column,
    /// The least first.
    pub(super) is_reversed: bool,
}

impl Column {
    pub(super) const ALL: [Self; 10] = [
        Self::Type,
        Self::Pending,
        Self::Scheduled,
        Self::InFlight,
        Self::Accepted,
        Self::Completed,
        Self::Failed,
        Self::Dead,
        Self::Wait,
        Self::Run,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Type => "TYPE",
            Self::Pending => "PENDING",
            Self::Scheduled => "SCHEDULED",
            Self::InFlight => "IN FLIGHT",
            Self::Accepted => "ACCEPTED/s",
            Self::Completed => "COMPLETED/s",
            Self::Failed => "FAILED/s",
            Self::Dead => "DEAD",
            Self::Wait => "WAIT P99",
            Self::Run => "RUN P99",
        }
    }

    /// The column so many places further, round and round.
    fn moved(self, by: usize) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self).unwrap_or_default();
        Self::ALL[(place + by) % Self::ALL.len()]
    }

    pub(super) fn next(self) -> Self {
        self.moved(1)
    }

    pub(super) fn previous(self) -> Self {
        self.moved(Self::ALL.len() - 1)
    }
}

impl Default for Order {
    fn default() -> Self {
        Self { by: Column::Pending, is_reversed: false }
    }
}

impl Order {
    /// The types whose name has `filter` in it, the greatest first, and names from the first letter on; equals by name.
    pub(super) fn of<'b>(self, types: &'b [TypeRow], filter: &str) -> Vec<&'b TypeRow> {
        let mut rows: Vec<_> = types.iter().filter(|row| row.status.job_type.contains(filter)).collect();
        rows.sort_by(|a, b| {
            let ordering = self.compare(a, b);
            let ordering = if self.is_reversed { ordering.reverse() } else { ordering };
            ordering.then_with(|| a.status.job_type.cmp(&b.status.job_type))
        });
        rows
    }

    fn compare(self, a: &TypeRow, b: &TypeRow) -> Ordering {
        let counts = |of: fn(&TypeRow) -> u64| of(b).cmp(&of(a));
        let floats = |of: fn(&TypeRow) -> f64| of(b).total_cmp(&of(a));
        match self.by {
            Column::Type => a.status.job_type.cmp(&b.status.job_type),
            Column::Pending => counts(|row| row.status.pending),
            Column::Scheduled => counts(|row| row.status.scheduled),
            Column::InFlight => counts(|row| row.status.in_flight),
            Column::Dead => counts(|row| row.status.dead),
            Column::Accepted => floats(|row| row.flow.accepted),
            Column::Completed => floats(|row| row.flow.completed),
            Column::Failed => floats(|row| row.flow.failed),
            Column::Wait => floats(|row| p99(row.status.wait_ms)),
            Column::Run => floats(|row| p99(row.status.run_ms)),
        }
    }
}

/// What is not known is less than all that is.
fn p99(times: Option<Percentiles>) -> f64 {
    times.map_or(-1.0, |times| times.p99)
}

#[cfg(test)]
mod tests;
