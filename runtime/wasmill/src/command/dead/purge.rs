//! `wasmill dead purge`: dead letters are thrown away.

use clap::Args;

use super::Answering;
use super::bulk::{Asking, run};
use super::outcome::Act;
use super::which::Which;
use crate::failure::Result;

/// Throw dead letters away, for good
///
/// It asks first, and says how many there are.
#[derive(Debug, Args)]
pub(super) struct Purge {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    answer: Answering,
}

impl Purge {
    pub(super) async fn run(self) -> Result<()> {
        run(&self.which, Act::Purge, Asking::Always, &self.answer).await
    }
}
