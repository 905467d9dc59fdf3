//! `wasmill dead`: jobs that will not be tried again by themselves.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use wasmill_job::JobType;

use crate::client::{Answer, Call};
use crate::command::job::view::moment;
use crate::command::target::Target;
use crate::failure::{Exit, Failure, Result};
use crate::table::Table;
use crate::terminal::{GREEN, YELLOW, confirm, print, print_bytes, styled, tell};

/// List dead letters, send them round again, or throw them away
#[derive(Debug, Args)]
pub(crate) struct Dead {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, Subcommand)]
enum DeadCommand {
    List(List),
    Redrive(Redrive),
    Purge(Purge),
}

/// List dead letters in the order of their ids
#[derive(Debug, Args)]
struct List {
    /// Only letters of this type
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    /// Only letters after this one: where the page before ended
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    answer: Answering,
}

/// Run dead jobs again, with their attempts counted anew
#[derive(Debug, Args)]
struct Redrive {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    answer: Answering,
}

/// Throw dead letters away, for good
#[derive(Debug, Args)]
struct Purge {
    #[command(flatten)]
    which: Which,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    answer: Answering,
}

/// Which letters.
#[derive(Debug, Args)]
#[group(skip)]
struct Which {
    /// The letters, by the ids that the list shows
    #[arg(value_name = "ID", conflicts_with = "all")]
    ids: Vec<String>,
    /// All letters of this type; with ids, only those of them
    #[arg(long = "type", value_name = "TYPE")]
    job_type: Option<JobType>,
    /// All letters
    #[arg(long)]
    all: bool,
}

/// Who answers, and in which form.
#[derive(Debug, Args)]
struct Answering {
    /// Print the server's answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// The request of a redrive and of a purge.
#[derive(Debug, Serialize)]
struct WantedLetters<'w> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    job_type: Option<&'w JobType>,
    ids: &'w [String],
    all: bool,
    confirm: bool,
}

/// A page of letters.
#[derive(Debug, Deserialize)]
struct Page {
    letters: Vec<Letter>,
    next: Option<String>,
}

/// One letter.
#[derive(Debug, Deserialize)]
struct Letter {
    id: String,
    #[serde(rename = "type")]
    job_type: Option<String>,
    code: String,
    message: String,
    attempts: u32,
    died_at_ms: u64,
}

/// What became of the letters: the answer of a redrive or a purge.
#[derive(Debug, Deserialize)]
struct Outcome {
    #[serde(alias = "redriven", alias = "purged")]
    done: u64,
    waiting: u64,
    #[serde(default)]
    refused: u64,
    #[serde(default)]
    refusals: Vec<Refusal>,
    unknown: Vec<String>,
}

/// A letter that cannot be redriven.
#[derive(Debug, Deserialize)]
struct Refusal {
    id: String,
    why: String,
}

/// How much of a message fits into a line of the list, in characters.
const MESSAGE_CHARS: usize = 80;

impl Dead {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            DeadCommand::List(list) => list.run().await,
            DeadCommand::Redrive(redrive) => redrive.run().await,
            DeadCommand::Purge(purge) => purge.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<()> {
        let mut call = Call::get("/v1/dead").query("limit", &self.limit.to_string());
        if let Some(job_type) = &self.job_type {
            call = call.query("type", job_type.as_str());
        }
        if let Some(after) = &self.after {
            call = call.query("after", after);
        }
        let answer = self.answer.target.server()?.success(call).await?;
        if self.answer.json {
            return print_bytes(&answer.body);
        }
        let page: Page = answer.read()?;
        if page.letters.is_empty() {
            return print("no dead letters\n");
        }
        print(&page.table().render())?;
        if let Some(next) = page.next {
            tell(&format!("more: --after {next}"));
        }
        Ok(())
    }
}

impl Page {
    fn table(&self) -> Table {
        let mut table = Table::new(["ID", "TYPE", "DIED", "ATTEMPTS", "CODE", "MESSAGE"]);
        for letter in &self.letters {
            let job_type = letter.job_type.clone().unwrap_or_else(|| "(no job)".into());
            let (died, message) = (moment(letter.died_at_ms), shortened(&letter.message));
            table.row([
                letter.id.clone(),
                job_type,
                died,
                letter.attempts.to_string(),
                letter.code.clone(),
                message,
            ]);
        }
        table
    }
}

impl Redrive {
    async fn run(self) -> Result<()> {
        let call = Call::post("/v1/dead/redrive").json(&self.which.wanted(false)?);
        let answer = self.answer.target.server()?.success(call).await?;
        conclude("redriven", &answer, self.answer.json)
    }
}

impl Purge {
    async fn run(self) -> Result<()> {
        let server = self.answer.target.server()?;
        let wanted = self.which.wanted(true)?;
        if !self.yes {
            let question = format!("Throw {} away for good?", self.which.describe());
            confirm(&question, "Pass --yes to purge.")?;
        }
        let answer = server.success(Call::post("/v1/dead/purge").json(&wanted)).await?;
        conclude("purged", &answer, self.answer.json)
    }
}

impl Which {
    /// # Errors
    /// When nothing is named: nobody should throw away everything by leaving something out.
    fn wanted(&self, confirm: bool) -> Result<WantedLetters<'_>> {
        if self.ids.is_empty() && self.job_type.is_none() && !self.all {
            return Err(Failure::new(Exit::Usage, "no letters are named.")
                .advise("Name them by their ids, or say --type TYPE or --all."));
        }
        let all = self.ids.is_empty();
        Ok(WantedLetters { job_type: self.job_type.as_ref(), ids: &self.ids, all, confirm })
    }

    fn describe(&self) -> String {
        let of_type = self.job_type.as_ref().map(|job_type| format!(" of {job_type}")).unwrap_or_default();
        match self.ids.len() {
            0 => format!("all dead letters{of_type}"),
            1 => format!("this dead letter{of_type}"),
            count => format!("these {count} dead letters{of_type}"),
        }
    }
}

/// Tells what was done; what was not done is a failure.
fn conclude(verb: &str, answer: &Answer, json: bool) -> Result<()> {
    let outcome: Outcome = answer.read()?;
    if json {
        print_bytes(&answer.body)?;
    } else {
        print(&format!("{} {} dead letters\n", styled(GREEN, verb), outcome.done))?;
        let left_over = outcome.left_over();
        if !left_over.is_empty() {
            tell(left_over.trim_end());
        }
    }
    if outcome.waiting + outcome.refused + outcome.unknown.len() as u64 == 0 {
        return Ok(());
    }
    Err(Failure::new(Exit::No, format_args!("not every letter was {verb}.")))
}

impl Outcome {
    /// What was not done, a line each.
    fn left_over(&self) -> String {
        let mut text = String::new();
        if self.waiting > 0 {
            let _ = writeln!(
                text,
                "{} {} are not in the log yet; repeat in a moment",
                styled(YELLOW, "waiting"),
                self.waiting
            );
        }
        for Refusal { id, why } in &self.refusals {
            let _ = writeln!(text, "{} {id}: {why}", styled(YELLOW, "refused"));
        }
        for id in &self.unknown {
            let _ = writeln!(text, "{} {id}: there is no such letter", styled(YELLOW, "unknown"));
        }
        text
    }
}

/// The first line of a message, not too long.
fn shortened(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let whole = line.len() == message.len() && line.chars().count() <= MESSAGE_CHARS;
    if whole { line.to_owned() } else { line.chars().take(MESSAGE_CHARS).chain(['…']).collect() }
}
