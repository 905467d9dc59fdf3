//! The picture. Pure: everything that is shown is handed in, and it is drawn into whatever room there is.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Sparkline, Widget};

use super::board::Board;
use super::cells::rate;
use super::keys::{Choice, Tab};
use crate::age::age;

mod help;
mod job_types;
mod lanes;
mod rows;
mod workers;

/// What a picture is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'s> {
    pub(super) board: &'s Board,
    pub(super) choice: &'s Choice,
    /// The server's address.
    pub(super) server: &'s str,
    /// Since this began.
    pub(super) now: Duration,
    /// The wall clock, to which workers' moments are compared.
    pub(super) now_ms: u64,
}

/// Lines that the bars are high.
const BARS_HIGH: u16 = 2;

impl Scene<'_> {
    /// Draws all of it.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let trouble = u16::from(self.board.trouble.is_some());
        let rows = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(trouble),
            Constraint::Length(1),
            Constraint::Length(BARS_HIGH),
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ]);
        let [title, trouble, pipeline, bars, tabs, table, foot] = rows.areas(area);
        self.title().render(title, buffer);
        self.trouble().render(trouble, buffer);
        self.pipeline().render(pipeline, buffer);
        self.bars(bars, buffer);
        self.tabs().render(tabs, buffer);
        match self.choice.tab {
            Tab::Types => job_types::draw(self, table, buffer),
            Tab::Workers => workers::draw(self, table, buffer),
            Tab::Lanes => lanes::draw(self, table, buffer),
        }
        self.foot().render(foot, buffer);
        if self.choice.has_help {
            help::draw(area, buffer);
        }
    }

    fn title(&self) -> Line<'_> {
        let held = if self.choice.is_held { "  held: p goes on".yellow() } else { Span::default() };
        Line::from(vec!["wasmill top ".bold(), self.server.into(), held])
    }

    fn trouble(&self) -> Line<'_> {
        let Some(why) = &self.board.trouble else { return Line::default() };
        let old = if self.board.is_seen() {
            format!(" These numbers are {} old.", age(self.board.age(self.now)))
        } else {
            String::new()
        };
        Line::from(format!("{why}{old} Trying again.")).red().bold()
    }

    /// The way of a job.
    fn pipeline(&self) -> Line<'_> {
        if !self.board.is_seen() {
            return Line::from("waiting for the first answer").dim();
        }
        let sum = self.board.sum();
        let number = |number: String| number.bold();
        let failed = Style::new().fg(ratatui::style::Color::Red);
        let mut spans = vec!["in ".into(), number(rate(sum.flow.accepted)), "/s".into()];
        if let Some(lag) = sum.lag {
            spans.extend([" → log ".into(), number(lag.to_string()), " behind".into()]);
        }
        spans.extend([
            " → pending ".into(),
            number(sum.pending.to_string()),
            " → in flight ".into(),
            number(sum.in_flight.to_string()),
            " → done ".into(),
            number(rate(sum.flow.completed)),
            "/s".into(),
            "  failed ".into(),
            number(rate(sum.flow.failed)).patch_style(if sum.flow.failed > 0.0 {
                failed
            } else {
                Style::new()
            }),
            "/s".into(),
            "  dead ".into(),
            number(sum.dead.to_string()).patch_style(if sum.dead > 0 { failed } else { Style::new() }),
        ]);
        Line::from(spans)
    }

    /// What was completed in the last minutes, the newest to the right.
    fn bars(&self, area: Rect, buffer: &mut Buffer) {
        let completed = self.board.completed();
        let most = completed.iter().copied().max().unwrap_or_default();
        let label = format!("done/s, 5 min, most {most} ");
        let label_width = u16::try_from(label.len()).unwrap_or(u16::MAX);
        let [left, right] =
            Layout::horizontal([Constraint::Length(label_width), Constraint::Min(0)]).areas(area);
        Line::from(label).dim().render(left, buffer);
        let seen = completed.len().saturating_sub(usize::from(right.width));
        Sparkline::default().data(&completed[seen..]).max(most.max(1)).green().render(right, buffer);
    }

    fn tabs(&self) -> Line<'_> {
        let tab = |(place, tab): (usize, Tab)| {
            let style = if tab == self.choice.tab { Modifier::REVERSED } else { Modifier::DIM };
            [Span::from(format!(" {} {} ", place + 1, tab.name())).add_modifier(style), " ".into()]
        };
        Line::from(Tab::ALL.into_iter().enumerate().flat_map(tab).collect::<Vec<_>>())
    }

    fn foot(&self) -> Line<'_> {
        let Choice { filter, is_typing, .. } = self.choice;
        if *is_typing {
            return Line::from(vec!["/".bold(), filter.as_str().into(), "▏".into()]);
        }
        let keys = "q quit  ? help  Tab next  s sort  r reverse  / filter  p hold".dim();
        if filter.is_empty() {
            return Line::from(keys);
        }
        Line::from(vec![format!("only *{filter}*: Esc shows all  ").yellow(), keys])
    }
}

#[cfg(test)]
mod tests;
