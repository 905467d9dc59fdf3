//! The workers, and below them what runs now, the longest first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::Scene;
use super::rows::Rows;
use crate::command::top::cells;

pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let list = match &scene.board.workers {
        Ok(list) if !list.workers.is_empty() => list,
        Ok(_) => return Line::from("no workers: none has told of itself lately").dim().render(area, buffer),
        Err(why) => return Line::from(why.as_str()).yellow().render(area, buffer),
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    // Workers have their lines, but never more than half of the room.
    let wanted = u16::try_from(list.workers.len() + 2).unwrap_or(u16::MAX);
    let above = wanted.min((area.height / 2).max(2));
    let [workers, runs] = Layout::vertical([Constraint::Length(above), Constraint::Min(0)]).areas(area);
    let [workers, _gap] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(workers);
    let rows = list.workers.iter().map(|of| cells::of_worker(of, scene.now_ms)).collect();
    Rows { heading: names(&cells::WORKERS), rows, words: &[0, 1, 3, 4, 5, 8], skipped: 0 }
        .draw(workers, buffer);
    let rows: Vec<_> =
        list.longest_first().into_iter().map(|(_, run)| cells::of_run(run, scene.now_ms)).collect();
    if rows.is_empty() {
        return Line::from("nothing runs now").dim().render(runs, buffer);
    }
    let (heading, skipped) = (names(&cells::RUNS), scene.choice.skipped);
    Rows { heading, rows, words: &[0, 1, 2, 4], skipped }.draw(runs, buffer);
}
