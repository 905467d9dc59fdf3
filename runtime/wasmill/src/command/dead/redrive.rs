//! `wasmill dead redrive`: dead jobs go round again.

use clap::Args;

use super::Answering;
use super::bulk::{Asking, run};
use super::outcome::Act;
use super::which::Which;
use crate::failure::Result;

/// Run dead jobs again, with their attempts counted anew
///
/// Without ids it asks first, on a terminal, and says how many there are; then it goes on page by page. It can be repeated.
#[derive(Debug, Args)]
pub(super) struct Redrive {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    answer: Answering,
}

impl Redrive {
    pub(super) async fn run(self) -> Result<()> {
        // Scripts of before do not say --yes.
        let asking = if self.which.is_bulk() { Asking::OnTerminals } else { Asking::Never };
        run(&self.which, Act::Redrive, asking, &self.answer).await
    }
}
