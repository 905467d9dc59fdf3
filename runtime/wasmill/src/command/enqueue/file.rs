//! `wasmill enqueue --batch`: streams a file of any length, a few pieces in flight at a time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::batch::{Lines, Piece, Pieces};
use crate::client::problem::Problem;
use crate::client::{Answer, Call, Server};
use crate::failure::{Exit, Failure, Result};
use crate::input::Input;
use crate::progress::Progress;
use crate::terminal::{GREEN, RED, print, styled, tell};

/// How it went.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// Jobs the server stored.
    stored: u64,
    /// Lines that made no job.
    refused: u64,
    /// The first of them, with the reasons.
    refusals: Vec<Refusal>,
    seconds: f64,
}

/// A line that made no job, and why.
#[derive(Debug, Serialize)]
struct Refusal {
    line: u64,
    why: String,
}

/// One line of the server's answer: a stored job, or a problem document.
#[derive(Debug, Deserialize)]
struct LineAnswer {
    id: Option<serde::de::IgnoredAny>,
    #[serde(flatten)]
    problem: Problem,
}

/// Requests under way at once: while one is fsynced, the next is parsed and the one after is on its way.
const IN_FLIGHT: usize = 4;
/// How many refusals are told one by one.
const REFUSALS_TOLD: usize = 10;

/// Sends the file and tells how it went.
pub(super) async fn enqueue(server: &Server, batch: Input, lines: Lines, json: bool) -> Result<()> {
    let began = Instant::now();
    let mut summary = stream(server, batch, lines).await?;
    summary.seconds = began.elapsed().as_secs_f64();
    if json {
        let text = serde_json::to_string(&summary).unwrap_or_default();
        print(&format!("{text}\n"))?;
    } else {
        summary.print(began.elapsed())?;
    }
    if summary.refused == 0 {
        return Ok(());
    }
    Err(Failure::new(Exit::No, format_args!("{} of the lines made no job.", summary.refused))
        .advise("Correct them and send them again; the others are stored."))
}

async fn stream(server: &Server, batch: Input, lines: Lines) -> Result<Summary> {
    let (from, length) = batch.open()?;
    let (pieces, mut arriving) = mpsc::channel(IN_FLIGHT);
    // Reading blocks; on its own thread it goes on while requests are under way.
    let reader = tokio::task::spawn_blocking(move || {
        Pieces::new(from, lines).try_for_each(|piece| pieces.blocking_send(piece).map_err(drop))
    });
    let mut summary = Summary::default();
    let mut progress = Progress::new("enqueue", length);
    let mut position = 0;
    let mut under_way: JoinSet<Result<(Piece, Option<Answer>)>> = JoinSet::new();
    let mut reading = true;
    while reading || !under_way.is_empty() {
        tokio::select! {
            piece = arriving.recv(), if reading && under_way.len() < IN_FLIGHT => match piece {
                None => reading = false,
                Some(piece) => {
                    let piece = piece.map_err(|error| batch.unreadable(&error)).map_err(|error| summary.so_far(error))?;
                    let server = server.clone();
                    under_way.spawn(async move { send(&server, piece).await });
                }
            },
            Some(done) = under_way.join_next() => {
                let sent = done.map_err(|error| Failure::new(Exit::No, error)).and_then(|sent| sent);
                let (piece, answer) = sent.map_err(|failure| summary.so_far(failure))?;
                position += piece.bytes_read;
                summary.count(&piece, answer.as_ref()).map_err(|failure| summary.so_far(failure))?;
                progress.at(position, format!("{} jobs stored", summary.stored));
            }
        }
    }
    let _ = reader.await; // it has ended: its end of the channel is closed
    Ok(summary)
}

/// The piece and the answer to it; none when there was nothing to send.
async fn send(server: &Server, piece: Piece) -> Result<(Piece, Option<Answer>)> {
    if piece.lines.is_empty() {
        return Ok((piece, None));
    }
    let call = Call::post("/v1/jobs/batch").body("application/x-ndjson", piece.body.clone());
    let answer = server.success(call).await?;
    Ok((piece, Some(answer)))
}

impl Summary {
    /// Takes in the answers to one piece: one per line, in order.
    fn count(&mut self, piece: &Piece, answer: Option<&Answer>) -> Result<()> {
        for (line, why) in &piece.refused {
            self.refuse(*line, why.clone());
        }
        let body = answer.map(|answer| &answer.body[..]).unwrap_or_default();
        let answers = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let mut answered = 0;
        for (line, text) in piece.lines.iter().zip(answers) {
            answered += 1;
            let parsed: LineAnswer = serde_json::from_slice(text).map_err(|error| {
                Failure::new(Exit::No, format_args!("the server's answer is not understood: {error}"))
            })?;
            match parsed.id {
                Some(_) => self.stored += 1,
                None => self.refuse(*line, parsed.problem.to_string()),
            }
        }
        if answered < piece.lines.len() {
            let why = format!("the server answered {answered} of {} lines.", piece.lines.len());
            return Err(Failure::new(Exit::No, why));
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, why: String) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_TOLD {
            self.refusals.push(Refusal { line, why });
        }
    }

    /// Adds to a failure in the middle of the file what is known.
    fn so_far(&self, failure: Failure) -> Failure {
        let stored = self.stored;
        tell(&format!(
            "{stored} jobs were stored before that; whether the lines on their way are, is not known. With --key the \
             whole file can be sent again without making a second job of any line."
        ));
        failure
    }

    fn print(&self, took: Duration) -> Result<()> {
        let rate = self.stored as f64 / took.as_secs_f64().max(0.001);
        print(&format!(
            "{} {} jobs in {:.2} s ({rate:.0} jobs/s)\n",
            styled(GREEN, "stored"),
            self.stored,
            took.as_secs_f64()
        ))?;
        for refusal in &self.refusals {
            tell(&format!("{} line {}: {}", styled(RED, "refused"), refusal.line, refusal.why));
        }
        let untold = self.refused.saturating_sub(self.refusals.len() as u64);
        if untold > 0 {
            tell(&format!("{} and {untold} more", styled(RED, "refused")));
        }
        Ok(())
    }
}
