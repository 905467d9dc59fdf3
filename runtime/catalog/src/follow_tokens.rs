//! Follows the tokens of the artifact store: what is made, rotated or revoked anywhere holds here within the time between two
//! looks. While the store is away the last ones known hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use wasmill_job::TokenName;

use crate::store::TokenFile;
use crate::ticks::Ticks;
use crate::{ArtifactStore, LastTokens, StoreError, StoredToken};

/// Tokens that are kept up to date. Cheap to clone; the following ends when the last clone and the last receiver are gone.
#[derive(Clone, Debug)]
pub struct FollowingTokens {
    tokens: watch::Receiver<Arc<[StoredToken]>>,
    nudge: Arc<Notify>,
}

/// Reads the tokens, hands them to `take`, and again whenever they have changed, looking every `every`. Must be called inside
/// a tokio runtime.
///
/// They are kept in `last`, too, which holds while the store is away: also one that was emptied, or is not there. With nothing
/// kept a process begins without them: those of its configuration open it all the same. A token whose file is damaged is
/// refused, and told in the log.
pub async fn follow_tokens(
    store: ArtifactStore,
    every: Duration,
    last: Option<LastTokens>,
    take: impl Fn(&[StoredToken]) + Send + 'static,
) -> FollowingTokens {
    let kept = last.as_ref().and_then(LastTokens::read).unwrap_or_default();
    let mut follower = Follower { store, last, read: BTreeMap::new(), good: kept.into(), trouble: None };
    follower.advance().await;
    take(&follower.good);
    let (sender, tokens) = watch::channel(Arc::clone(&follower.good));
    let nudge = Arc::new(Notify::new());
    let mut ticks = Ticks::every(every, Arc::clone(&nudge));
    tokio::spawn(async move {
        while ticks.next(&sender).await {
            if follower.advance().await {
                // Before it is told: whoever waits for a token may use it at once.
                take(&follower.good);
                sender.send_replace(Arc::clone(&follower.good));
            }
        }
    });
    FollowingTokens { tokens, nudge }
}

impl FollowingTokens {
    /// The tokens as they are now, in the order of their names.
    pub fn current(&self) -> Arc<[StoredToken]> {
        Arc::clone(&self.tokens.borrow())
    }

    /// Looks at once, and waits until what was found is as wished, or `within` is over; whether it is.
    pub async fn reaches(&self, within: Duration, wished: impl FnMut(&Arc<[StoredToken]>) -> bool) -> bool {
        let mut tokens = self.tokens.clone();
        self.nudge.notify_one();
        matches!(tokio::time::timeout(within, tokens.wait_for(wished)).await, Ok(Ok(_)))
    }
}

/// Where the following stands.
struct Follower {
    store: ArtifactStore,
    last: Option<LastTokens>,
    /// The files that were read, so that each is read once; nothing for one that is damaged.
    read: BTreeMap<TokenName, (TokenFile, Option<StoredToken>)>,
    good: Arc<[StoredToken]>,
    /// What was logged last: a trouble is told once, not every second.
    trouble: Option<String>,
}

impl Follower {
    /// Takes up what is new; whether there was something.
    async fn advance(&mut self) -> bool {
        match self.look().await {
            Ok(()) if self.trouble.take().is_some() => tracing::info!("the tokens can be followed again"),
            Ok(()) => {}
            Err(trouble) => {
                if self.trouble.as_ref() != Some(&trouble) {
                    tracing::error!(keeping = self.good.len(), "the tokens cannot be followed: {trouble}");
                    self.trouble = Some(trouble);
                }
                return false;
            }
        }
        let good: Vec<_> = self.read.values().filter_map(|(_, token)| token.clone()).collect();
        if *good == *self.good {
            return false;
        }
        tracing::info!(tokens = good.len(), "tokens have changed");
        if let Some(last) = &self.last {
            last.keep(&good);
        }
        self.good = good.into();
        true
    }

    async fn look(&mut self) -> Result<(), String> {
        let said = |error: StoreError| error.to_string();
        let listing = self.store.token_listing().await.map_err(said)?;
        if !listing.is_marked && !self.good.is_empty() {
            return Err(
                "the artifact store has lost them, or is another one; the last ones known stay in force"
                    .into(),
            );
        }
        let mut read = BTreeMap::new();
        for file in listing.files {
            let name = file.name.clone();
            let token = match self.read.get(&name) {
                Some((known, token)) if *known == file => token.clone(),
                _ => match self.store.read_token_file(&file).await {
                    Ok(token) => token,
                    Err(error) if error.is_away() => return Err(said(error)),
                    Err(error) => {
                        tracing::error!("the token {name} is refused: {error}");
                        None
                    }
                },
            };
            read.insert(name, (file, token));
        }
        self.read = read;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
