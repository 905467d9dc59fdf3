//! Tables for people: aligned columns, numbers to the right.

use std::fmt::Write as _;

use crate::terminal::{BOLD, styled};

/// Rows under a heading. A cell of digits is set to the right.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(heading: [&'static str; N]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, with as many cells as the heading.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines.
    pub(crate) fn render(&self) -> String {
        let columns = self.heading.len();
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([self.heading.get(column).map_or(0, |name| name.len())]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let to_right: Vec<bool> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell)))
            .collect();
        let line = |cells: &[String]| {
            let mut text = String::new();
            for ((cell, width), to_right) in cells.iter().zip(&widths).zip(&to_right) {
                let _ = if *to_right {
                    write!(text, "{cell:>width$}  ")
                } else {
                    write!(text, "{cell:<width$}  ")
                };
            }
            text.trim_end().to_owned()
        };
        let heading: Vec<String> = self.heading.iter().map(|&name| name.to_owned()).collect();
        let mut text = format!("{}\n", styled(BOLD, line(&heading)));
        for row in &self.rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        text
    }
}

fn is_number(cell: &str) -> bool {
    !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'))
}

#[cfg(test)]
mod tests;
