//! `wasmill dead list`: dead letters, a line each.

use clap::Args;
use serde::Deserialize;

use super::Answering;
use super::which::{Filter, shortened};
use crate::client::Call;
use crate::command::job::view::moment;
use crate::failure::Result;
use crate::table::Table;
use crate::terminal::{print, print_bytes, tell};

/// List dead letters in the order of their ids
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    filter: Filter,
    /// Only letters after this one: where the page before ended
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    answer: Answering,
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

impl List {
    pub(super) async fn run(self) -> Result<()> {
        let mut call = self.filter.on(Call::get("/v1/dead").query("limit", &self.limit.to_string()));
        if let Some(after) = &self.after {
            call = call.query("after", after);
        }
        let answer = self.answer.target.server()?.success(call).await?;
        if self.answer.json {
            return print_bytes(&answer.body);
        }
        let page: Page = answer.read()?;
        if page.letters.is_empty() && page.next.is_none() {
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
