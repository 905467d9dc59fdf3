//! A table in the room there is: columns that do not fit are left out from the right, lines that do not fit below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table, Widget};

/// A table that is to be drawn.
pub(super) struct Rows {
    pub(super) heading: Vec<String>,
    /// Each with as many cells as the heading.
    pub(super) rows: Vec<Vec<String>>,
    /// Columns of words, which are set to the left.
    pub(super) words: &'static [usize],
    /// Lines that have gone by above.
    pub(super) skipped: usize,
}

/// Between two columns.
const SPACING: u16 = 2;

impl Rows {
    pub(super) fn draw(self, area: Rect, buffer: &mut Buffer) {
        let widths = self.widths(area.width);
        let below_heading = usize::from(area.height.saturating_sub(1));
        // The last lines stay in sight, however far somebody has gone.
        let skipped = self.skipped.min(self.rows.len().saturating_sub(below_heading));
        let line = |cells: Vec<String>| {
            let cell = |(column, text): (usize, String)| {
                let line = Line::from(text);
                Cell::from(if self.words.contains(&column) { line } else { line.right_aligned() })
            };
            Row::new(cells.into_iter().enumerate().take(widths.len()).map(cell).collect::<Vec<_>>())
        };
        let heading = line(self.heading).style(Style::new().bold());
        let rows = self.rows.into_iter().skip(skipped).take(below_heading).map(line);
        let columns = widths.iter().map(|width| Constraint::Length(*width));
        Widget::render(Table::new(rows, columns).header(heading).column_spacing(SPACING), area, buffer);
    }

    /// The widths of the columns that fit; the first one is always there.
    fn widths(&self, room: u16) -> Vec<u16> {
        let (mut used, mut widths) = (0u16, Vec::new());
        for (column, name) in self.heading.iter().enumerate() {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let width =
                cells.chain([name]).map(|cell| Line::from(cell.as_str()).width()).max().unwrap_or_default();
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            used = used.saturating_add(width).saturating_add(if column == 0 { 0 } else { SPACING });
            if used > room && column > 0 {
                break;
            }
            widths.push(width.min(room));
        }
        widths
    }
}
