//! Letters in bulk: asked about once, then done page by page, so that each request is short and progress can be told.

use serde::Deserialize;

use super::Answering;
use super::outcome::{Act, Outcome};
use super::which::{WantedLetters, Which};
use crate::client::{Call, Server};
use crate::failure::Result;
use crate::progress::Progress;
use crate::terminal::{can_ask, confirm, print_bytes, tell};

/// When nobody has said --yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// The answer has to be yes; where nobody can be asked it is no.
    Always,
    /// Where nobody can be asked it is yes.
    OnTerminals,
    Never,
}

/// What a list says of letters: their ids.
#[derive(Debug, Deserialize)]
struct Page {
    letters: Vec<Named>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// Letters of one request: ten times what the server stores at once.
const PAGE: usize = 1_000;

impl Asking {
    /// Whether somebody is asked about these letters.
    fn is_asked(self, which: &Which) -> bool {
        !which.yes
            && match self {
                Self::Always => true,
                Self::OnTerminals => can_ask(),
                Self::Never => false,
            }
    }
}

/// Does it with the letters meant, and tells what became of them.
pub(super) async fn run(which: &Which, act: Act, asking: Asking, to: &Answering) -> Result<()> {
    which.require_some()?;
    let server = to.target.server()?;
    if which.dry_run {
        let answer = server.success(call(act, &which.preview())).await?;
        return if to.json { print_bytes(&answer.body) } else { answer.read::<Outcome>()?.foretell(act) };
    }
    let mut total = None;
    if asking.is_asked(which) {
        let preview: Outcome = server.success(call(act, &which.preview())).await?.read()?;
        if preview.found() == 0 {
            // Nobody was asked, so nothing is done, also not with a letter that comes in this moment.
            return preview.tell(act, to.json);
        }
        let question = act.question(&which.describe(preview.found()));
        confirm(&question, &format!("Pass --yes to {}.", act.name()))?;
        total = Some(preview.found());
    }
    if !which.is_bulk() {
        let answer = server.success(call(act, &which.named())).await?;
        if to.json {
            print_bytes(&answer.body)?;
        }
        return answer.read::<Outcome>()?.conclude(act, to.json);
    }
    pages(&server, which, act, total).await?.tell(act, to.json)
}

/// Does it page by page. A letter that is gone when its turn comes was dealt with by somebody else, and is nothing to tell.
async fn pages(server: &Server, which: &Which, act: Act, total: Option<u64>) -> Result<Outcome> {
    let mut progress = Progress::new(act.done(), total);
    let (mut sum, mut after) = (Outcome::default(), None::<String>);
    loop {
        let mut list = which.filter().on(Call::get("/v1/dead").query("limit", &PAGE.to_string()));
        if let Some(after) = &after {
            list = list.query("after", after);
        }
        let done = page(server, list, which, act).await;
        let (next, mut outcome) = done.inspect_err(|_| {
            if sum.done > 0 {
                tell(&format!("{} {} so far; the command can be repeated", act.done(), sum.done));
            }
        })?;
        outcome.unknown.clear();
        sum.add(outcome);
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        progress.at(sum.found(), format!("{}{of} letters", sum.found()));
        after = next;
        if after.is_none() {
            return Ok(sum);
        }
    }
}

/// One page: where the next one begins, and what became of this one.
async fn page(server: &Server, list: Call, which: &Which, act: Act) -> Result<(Option<String>, Outcome)> {
    let Page { letters, next } = server.success(list).await?.read()?;
    let ids: Vec<String> = letters.into_iter().map(|letter| letter.id).collect();
    if ids.is_empty() {
        return Ok((next, Outcome::default()));
    }
    let outcome = server.success(call(act, &which.wanted(&ids))).await?.read()?;
    Ok((next, outcome))
}

fn call(act: Act, wanted: &WantedLetters<'_>) -> Call {
    Call::post(act.path()).json(wanted)
}
