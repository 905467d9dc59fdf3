//! What the keys do, over the picture.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Widget};

const KEYS: [(&str, &str); 11] = [
    ("q", "quit"),
    ("?", "this help; any key closes it"),
    ("Tab 1 2 3", "types, workers, lanes"),
    ("s S", "sort by the next, the previous column"),
    ("r", "turn the order round"),
    ("/", "only types with this in their name"),
    ("Esc", "all types again"),
    ("j k ↓ ↑", "a line down, up"),
    ("PgDn PgUp", "ten lines down, up"),
    ("Home", "the first line"),
    ("p", "hold the numbers, go on"),
];

/// Columns of the box.
const WIDE: u16 = 54;

pub(super) fn draw(area: Rect, buffer: &mut Buffer) {
    let high = u16::try_from(KEYS.len() + 2).unwrap_or(u16::MAX);
    let place = area.centered(Constraint::Length(WIDE), Constraint::Length(high));
    let lines: Vec<_> = KEYS.iter().map(|(key, what)| Line::from(format!(" {key:<10} {what}"))).collect();
    Clear.render(place, buffer);
    Paragraph::new(lines).block(Block::bordered().title(" keys ")).render(place, buffer);
}
