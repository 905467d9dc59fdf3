//! The terminal while `top` has it, and the keys that are pressed on it.

use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::{Exit, Failure, Result};

/// The terminal, in its own mode and on its other screen; given back when this is dropped, and when the process panics.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) terminal: DefaultTerminal,
}

/// What happens on the terminal.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Key(KeyEvent),
    Resized,
}

/// How long the thread that reads keys waits before it looks whether anybody still wants them.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Screen {
    /// # Errors
    /// When the terminal cannot be had.
    pub(super) fn take() -> Result<Self> {
        let terminal = ratatui::try_init()
            .map_err(|error| Failure::new(Exit::No, format_args!("the terminal cannot be used: {error}.")))?;
        Ok(Self { terminal })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// What happens on the terminal, until the receiver is gone.
pub(super) fn happenings() -> UnboundedReceiver<Happening> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        while !sender.is_closed() {
            // An end of the terminal ends the keys, and with them the picture.
            match event::poll(LOOK_EVERY) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return,
            }
            let happening = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Happening::Key(key),
                Ok(Event::Resize(..)) => Happening::Resized,
                Ok(_) => continue,
                Err(_) => return,
            };
            if sender.send(happening).is_err() {
                return;
            }
        }
    });
    receiver
}
