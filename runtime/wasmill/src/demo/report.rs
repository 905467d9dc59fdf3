//! What the demo tells: counts, rates, times (each with how it was measured), and one job's real output.

use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;
use wasmill_job::JobId;

use crate::command::job::view::JobView;
use crate::demo::load::{Burst, Load};
use crate::demo::spread::{Spread, short};
use crate::failure::Result;
use crate::terminal::{BOLD, DIM, styled};

/// What the records of jobs say.
#[derive(Debug)]
pub(crate) struct Records {
    /// From accepted to ended, by the server's clock, which has milliseconds.
    whole: Spread,
    /// The handler's own wall time.
    run: Spread,
    fuel: u64,
    memory_peak_bytes: u64,
    /// A job whose output has much to show.
    example: Option<(JobId, JobView)>,
}

/// The unfurl handler's output.
#[derive(Debug, Deserialize)]
struct Card {
    title: Option<String>,
    description: Option<String>,
    canonical: Option<String>,
    image: Option<String>,
    links: Vec<String>,
}

impl Card {
    /// How much there is to look at.
    fn score(&self) -> usize {
        let described = self.description.as_ref().filter(|text| self.title.as_ref() != Some(*text));
        let text = described.map_or(0, |text| text.chars().count().min(DESCRIPTION_CHARS));
        let addresses = [&self.canonical, &self.image].iter().filter(|address| address.is_some()).count();
        text + 20 * addresses + self.links.len().min(20)
    }
}

/// What fits beside its name on a terminal.
const DESCRIPTION_CHARS: usize = 90;
/// As many records are read at most; of more jobs every n-th.
const RECORDS_MAX: usize = 5_000;

impl Records {
    /// Reads the records of the jobs.
    pub(crate) async fn read(load: &Load, ids: &[JobId]) -> Result<Self> {
        let step = ids.len().div_ceil(RECORDS_MAX).max(1);
        let (mut whole, mut run) = (Vec::new(), Vec::new());
        let (mut fuel, mut memory_peak_bytes) = (0, 0);
        let mut example: Option<(usize, JobId, JobView)> = None;
        for &id in ids.iter().step_by(step) {
            let view = load.job(id).await?;
            whole.extend(
                view.ended_at_ms.map(|at| Duration::from_millis(at.saturating_sub(view.accepted_at_ms))),
            );
            if let Some(usage) = &view.usage {
                run.push(Duration::from_micros(usage.wall_us));
                fuel += usage.fuel;
                memory_peak_bytes = usage.memory_peak_bytes.max(memory_peak_bytes);
            }
            let score = card(&view).map_or(0, |card| card.score());
            if example.as_ref().is_none_or(|(best, ..)| score > *best) {
                example = Some((score, id, view));
            }
        }
        let example = example.map(|(_, id, view)| (id, view));
        Ok(Self { whole: Spread::of(whole), run: Spread::of(run), fuel, memory_peak_bytes, example })
    }

    /// A job worth looking at.
    pub(crate) fn example(&self) -> Option<JobId> {
        self.example.as_ref().map(|(id, _)| *id)
    }

    /// All of it, for people.
    pub(crate) fn render(&self, burst: &Burst, alone: Vec<Duration>) -> String {
        let jobs = burst.ids.len();
        let rate = |count: u64, span: Duration| count as f64 / span.as_secs_f64().max(0.001);
        let counts = &burst.counts;
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {} {value}", styled(DIM, format_args!("{name:<14}")));
        };
        let stored = rate(jobs as u64, burst.enqueued_in);
        let (size, span) = (ByteSize(burst.payload_bytes).display().iec(), short(burst.enqueued_in));
        line("stored", &format!("{jobs} jobs, {size} of payload, in {span}: {stored:.0} jobs/s"));
        let done = rate(counts.ended(), burst.ended_in);
        let (completed, dead, span) = (counts.completed, counts.dead, short(burst.ended_in));
        line("done", &format!("{completed} completed, {dead} dead, in {span}: {done:.0} jobs/s"));
        line("run", &self.run.to_string());
        line("enqueue to end", &format!("{}  in the burst", self.whole));
        let alone = Spread::of(alone);
        line("", &format!("{alone}  one at a time"));
        let mean = self.fuel / (self.run.len().max(1) as u64);
        let memory = ByteSize(self.memory_peak_bytes).display().iec().to_string();
        line("per job", &format!("{mean} fuel on average, {memory} of memory at most"));
        let _ = writeln!(text, "\n{}", styled(DIM, how(self.run.len(), alone.len())));
        text.push_str(&self.render_example());
        text
    }

    fn render_example(&self) -> String {
        let Some((id, view)) = &self.example else { return String::new() };
        let mut text = format!("\n{}\n", styled(BOLD, format_args!("One of them, {id}:")));
        let Some(card) = card(view) else { return text + &view.render() };
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "  {} {value}", styled(DIM, format_args!("{name:<12}")));
        };
        let nothing = || "(the page does not say)".to_owned();
        line("title", &card.title.unwrap_or_else(nothing));
        line("description", &first_line(card.description.unwrap_or_else(nothing)));
        line("canonical", &card.canonical.unwrap_or_else(nothing));
        line("image", &card.image.unwrap_or_else(nothing));
        for (index, link) in card.links.iter().take(3).enumerate() {
            line(if index == 0 { "links" } else { "" }, link);
        }
        if card.links.len() > 3 {
            line("", &format!("and {} more", card.links.len() - 3));
        }
        text
    }
}

fn card(view: &JobView) -> Option<Card> {
    serde_json::from_slice(&view.output().ok()??).ok()
}

/// How it was measured, in words.
fn how(records: usize, alone: usize) -> String {
    format!(
        "stored: batches over HTTP, each fsynced before its answer, while jobs ran already; done: until the last had\n\
         ended. run: wall time in the sandbox; in the burst: from accepted to ended, mostly waiting; both from {records}\n\
         job records. one at a time: {alone} jobs as a client sees them, posting one and asking for it every ms."
    )
}

fn first_line(text: String) -> String {
    if text.chars().count() <= DESCRIPTION_CHARS {
        return text;
    }
    text.chars().take(DESCRIPTION_CHARS).chain(['…']).collect()
}
