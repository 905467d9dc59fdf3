//! Notes when tokens were used last, for whoever lists them: seldom, and beside the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use wasmill_catalog::ArtifactStore;
use wasmill_http::Access;
use wasmill_job::{TokenName, UnixMs};

/// How often at most a token's last use is written.
const EVERY: Duration = Duration::from_secs(60);
/// How long the last writing may take: the process is about to end.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// Writes each minute, and once more at the end, what was used since.
pub(super) async fn note_uses(access: Access, store: ArtifactStore, stop: CancellationToken) {
    let mut noted = BTreeMap::new();
    let mut tick = interval_at(Instant::now() + EVERY, EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => note(&access, &store, &mut noted).await,
            () = stop.cancelled() => break,
        }
    }
    if tokio::time::timeout(LAST_WITHIN, note(&access, &store, &mut noted)).await.is_err() {
        tracing::debug!("the last uses of tokens were not all noted");
    }
}

async fn note(access: &Access, store: &ArtifactStore, noted: &mut BTreeMap<TokenName, UnixMs>) {
    for (name, used_at) in access.uses() {
        if noted.get(&name).is_some_and(|known| *known >= used_at) {
            continue;
        }
        match store.note_token_use(&name, used_at).await {
            Ok(()) => {
                noted.insert(name, used_at);
            }
            // The store is away: then the others cannot be noted either, and the next time is soon.
            Err(error) => {
                tracing::debug!(%error, "the last uses of tokens were not noted");
                return;
            }
        }
    }
}
