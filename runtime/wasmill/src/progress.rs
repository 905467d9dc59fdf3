//! Progress of long work: a bar when stderr is a terminal, else a plain line now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::tell;

/// How far some work is.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    told_at: Instant,
}

/// How often a plain line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Work named `what` of `total` units; `None` when nobody knows how much it is.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr()
            .is_terminal()
            .then(|| total.map_or_else(ProgressBar::no_length, ProgressBar::new));
        if let Some(bar) = &bar {
            let template = match total {
                Some(_) => "{prefix} {wide_bar} {percent:>3} %  {msg}  {elapsed}",
                None => "{prefix} {spinner} {msg}  {elapsed}",
            };
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_prefix(what);
        }
        Self { bar, what, told_at: Instant::now() }
    }

    /// The work has come to `position`; `message` says so in words.
    pub(crate) fn at(&mut self, position: u64, message: impl Into<String>) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(position);
                bar.set_message(message.into());
            }
            None if self.told_at.elapsed() >= LINE_EVERY => {
                self.told_at = Instant::now();
                tell(&format!("{}: {}", self.what, message.into()));
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
