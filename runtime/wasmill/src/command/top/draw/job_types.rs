//! The table of job types.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::Scene;
use super::rows::Rows;
use crate::command::top::cells;
use crate::command::top::order::{Column, Order};

pub(super) fn draw(scene: &Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let Order { by, is_reversed } = scene.choice.order;
    let name = |column: Column| {
        let mark = match (column == by, is_reversed) {
            (false, _) => "",
            (true, false) => "▼",
            (true, true) => "▲",
        };
        format!("{}{mark}", column.name())
    };
    let types = scene.choice.order.of(&scene.board.types, &scene.choice.filter);
    if types.is_empty() && scene.board.is_seen() {
        let why = if scene.board.types.is_empty() {
            "no job types yet"
        } else {
            "no job type has this in its name"
        };
        return Line::from(why).dim().render(area, buffer);
    }
    let rows = types.into_iter().map(cells::of_type).collect();
    let heading = Column::ALL.into_iter().map(name).collect();
    Rows { heading, rows, words: &[0], skipped: scene.choice.skipped }.draw(area, buffer);
}
