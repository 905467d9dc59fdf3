//! The picture that moves: looks at the mill each second, keys, signals, and drawing after each of them.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, MissedTickBehavior, interval};
use wasmill_job::{Clock, SystemClock};
use wasmill_process::Signals;

use super::ask::look;
use super::board::{Board, Look};
use super::draw::Scene;
use super::keys::{Choice, Then};
use super::screen::{Happening, Screen, happenings};
use crate::client::Server;
use crate::failure::{Exit, Failure, Result};

/// How often the mill is asked.
const EVERY: Duration = Duration::from_secs(1);

/// What is known and what is shown.
struct Watch {
    server: Server,
    begun: Instant,
    board: Board,
    /// What is shown instead while the numbers are held.
    held: Option<Board>,
    choice: Choice,
}

/// Shows the mill until somebody quits.
///
/// # Errors
/// When the server refuses to tell, or the terminal cannot be used.
pub(super) async fn watch(server: Server) -> Result<()> {
    let cannot = |error| Failure::new(Exit::No, format_args!("the terminal cannot be used: {error}."));
    let mut signals = Signals::new().map_err(|error| Failure::new(Exit::No, error))?;
    let mut looks = looks(server.clone());
    let mut watch = Watch {
        server,
        begun: Instant::now(),
        board: Board::default(),
        held: None,
        choice: Choice::default(),
    };
    let mut screen = Screen::take()?;
    let mut happenings = happenings();
    loop {
        screen.terminal.draw(|frame| watch.draw(frame)).map_err(cannot)?;
        tokio::select! {
            Some(look) = looks.recv() => watch.take_in(look)?,
            happening = happenings.recv() => match happening {
                Some(Happening::Key(key)) => {
                    if watch.choice.key(key) == Then::Quit {
                        return Ok(());
                    }
                    watch.hold();
                }
                Some(Happening::Resized) => {}
                None => return Ok(()),
            },
            _ = signals.next() => return Ok(()),
        }
    }
}

/// Looks at the mill each second, one after the other, until nobody wants them.
fn looks(server: Server) -> Receiver<Result<Look>> {
    // One that nobody has taken yet holds the next one up.
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if sender.send(look(&server).await).await.is_err() {
                return;
            }
        }
    });
    receiver
}

impl Watch {
    /// # Errors
    /// When the server refuses: that does not pass by itself, as long as it never told.
    fn take_in(&mut self, look: Result<Look>) -> Result<()> {
        match look {
            Ok(look) => self.board.see(look, self.begun.elapsed()),
            Err(failure) if !failure.is_passing && !self.board.is_seen() => return Err(failure),
            Err(failure) => self.board.miss(failure.sentence().to_owned()),
        }
        if let Some(held) = &mut self.held {
            // Numbers are held, trouble is not.
            held.trouble.clone_from(&self.board.trouble);
        }
        Ok(())
    }

    /// Keeps what is shown, or lets it go, as the person at the keys has chosen.
    fn hold(&mut self) {
        match (self.choice.is_held, &self.held) {
            (true, None) => self.held = Some(self.board.clone()),
            (false, Some(_)) => self.held = None,
            _ => {}
        }
    }

    fn draw(&self, frame: &mut ratatui::Frame<'_>) {
        let board = self.held.as_ref().unwrap_or(&self.board);
        let (now, now_ms) = (self.begun.elapsed(), SystemClock.now().0);
        let Self { server, choice, .. } = self;
        let scene = Scene { board, choice, server: server.address(), now, now_ms };
        scene.draw(frame.area(), frame.buffer_mut());
    }
}
