//! The lanes of the log, those that are furthest behind first.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::Scene;
use super::rows::Rows;
use crate::command::status::Lane;

pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let lanes = match &scene.board.lanes {
        Ok(lanes) if !lanes.is_empty() => lanes,
        Ok(_) => {
            return Line::from("no lanes: this mill has no log, or nothing in it yet")
                .dim()
                .render(area, buffer);
        }
        Err(why) => return Line::from(why.as_str()).yellow().render(area, buffer),
    };
    let mut lanes: Vec<&Lane> = lanes.iter().collect();
    // Stable: equals stay in the order of their names.
    lanes.sort_by_key(|lane| Reverse(lane.lag));
    let rows = lanes.into_iter().map(|lane| lane.cells().to_vec()).collect();
    let heading = Lane::HEADING.iter().map(|&name| name.to_owned()).collect();
    Rows { heading, rows, words: &[0], skipped: scene.choice.skipped }.draw(area, buffer);
}
