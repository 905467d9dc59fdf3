//! Cuts the body of a batch into groups of lines while it comes in: never more than a group and a line in memory.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use wasmill_http::{BodyReader, Problem};

/// How much a group may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupLimits {
    pub(crate) lines: usize,
    /// A group is closed when it has this many bytes or more.
    pub(crate) bytes: usize,
    /// The longest line; a longer one is dropped while it comes in, and reported.
    pub(crate) line_bytes: usize,
}

/// One line of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The first line of the body is 1.
    pub(crate) number: u64,
    /// Without its end; `None` when it was too long.
    pub(crate) text: Option<Bytes>,
}

/// The lines of a body.
#[derive(Debug)]
pub(crate) struct Lines {
    body: BodyReader,
    limits: GroupLimits,
    /// What has been read and not given out.
    buffer: BytesMut,
    /// Where in the whole body the buffer begins.
    base: usize,
    /// Where in the whole body the line feeds in the buffer are.
    feeds: VecDeque<usize>,
    given: u64,
    /// Inside a line that is too long, and already dropped in part.
    dropping: bool,
    ended: bool,
}

impl Lines {
    pub(crate) fn new(body: BodyReader, limits: GroupLimits) -> Self {
        let (buffer, feeds) = (BytesMut::new(), VecDeque::new());
        Self { body, limits, buffer, base: 0, feeds, given: 0, dropping: false, ended: false }
    }

    /// The next group; empty at the end of the body. Empty lines are counted, not given.
    ///
    /// # Errors
    /// When the body breaks off or comes too slowly. What came before it was given out or is lost with it.
    pub(crate) async fn next_group(&mut self) -> Result<Vec<Line>, Problem> {
        loop {
            while self.wants_more() {
                match self.body.next().await? {
                    Some(piece) => self.take(&piece),
                    None => self.end(),
                }
            }
            let group = self.cut();
            if !group.is_empty() || self.is_done() {
                return Ok(group);
            }
        }
    }

    /// Whether everything has been given out.
    pub(crate) fn is_done(&self) -> bool {
        self.ended && self.buffer.is_empty() && !self.dropping
    }

    /// The number of the line that would come next.
    pub(crate) fn next_number(&self) -> u64 {
        self.given + 1
    }

    fn wants_more(&self) -> bool {
        let GroupLimits { lines, bytes, line_bytes } = self.limits;
        let held = self.buffer.len();
        let room = held < bytes || (self.feeds.is_empty() && held <= line_bytes);
        !self.ended && self.feeds.len() < lines && room
    }

    fn take(&mut self, piece: &[u8]) {
        let at = self.base + self.buffer.len();
        self.feeds.extend(memchr::memchr_iter(b'\n', piece).map(|feed| at + feed));
        self.buffer.extend_from_slice(piece);
    }

    /// A last line without an end is a line.
    fn end(&mut self) {
        self.ended = true;
        if self.dropping || self.buffer.last().is_some_and(|last| *last != b'\n') {
            self.take(b"\n");
        }
    }

    fn cut(&mut self) -> Vec<Line> {
        let mut group = Vec::with_capacity(self.feeds.len().min(self.limits.lines));
        let count = self.feeds.len().min(self.limits.lines);
        if let Some(last) = count.checked_sub(1).map(|last| self.feeds[last]) {
            let region = self.buffer.split_to(last + 1 - self.base).freeze();
            let mut start = 0;
            for feed in self.feeds.drain(..count) {
                let end = feed - self.base;
                self.given += 1;
                let number = self.given;
                if std::mem::take(&mut self.dropping) || end - start > self.limits.line_bytes {
                    group.push(Line { number, text: None });
                } else {
                    // The beginning stays, so that columns are the caller's.
                    let text = region[start..end].trim_ascii_end();
                    if !text.is_empty() {
                        group.push(Line { number, text: Some(region.slice_ref(text)) });
                    }
                }
                start = end + 1;
            }
            self.base = last + 1;
        }
        if self.feeds.is_empty() && self.buffer.len() > self.limits.line_bytes {
            self.dropping = true;
            self.base += self.buffer.len();
            self.buffer.clear();
        }
        group
    }
}

#[cfg(test)]
mod tests;
