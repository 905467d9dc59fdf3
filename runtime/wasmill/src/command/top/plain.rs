//! One picture as plain text, for scripts and for those without a terminal.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::{Instant, sleep};
use wasmill_job::{Clock, SystemClock};

use super::ask::look;
use super::board::Board;
use super::draw::Scene;
use super::keys::Choice;
use crate::client::Server;
use crate::failure::Result;

/// Between the two looks that rates need.
const BETWEEN: Duration = Duration::from_secs(1);
/// Columns of the picture.
const WIDE: u16 = 120;
/// Lines around the table of job types.
const AROUND: usize = 7;

/// Looks twice, and draws what there was.
pub(super) async fn picture(server: &Server) -> Result<String> {
    let begun = Instant::now();
    let mut board = Board::default();
    board.see(look(server).await?, begun.elapsed());
    sleep(BETWEEN).await;
    board.see(look(server).await?, begun.elapsed());
    let choice = Choice::default();
    let (now, now_ms) = (begun.elapsed(), SystemClock.now().0);
    let scene = Scene { board: &board, choice: &choice, server: server.address(), now, now_ms };
    let high = u16::try_from(board.types.len() + AROUND).unwrap_or(u16::MAX);
    let mut buffer = Buffer::empty(Rect::new(0, 0, WIDE, high));
    scene.draw(buffer.area, &mut buffer);
    Ok(text_of(&buffer))
}

/// The picture's lines, without what is empty at their ends, and without the line of keys, which nobody can press.
fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area;
    let line = |y: u16| {
        let cells = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol());
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    (area.top()..area.bottom().saturating_sub(1)).map(line).collect()
}
