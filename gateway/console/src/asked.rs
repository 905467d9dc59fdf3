//! What the modules of a plan ask for. Each is looked at once in the life of this process.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use wasmill_catalog::{Asked, AskedOf, Catalog, Plan, StoreError};
use wasmill_http::{Kind, Problem};
use wasmill_job::ModuleDigest;

use crate::prepare::{ModuleRefusal, PreparedModule};
use crate::router::Console;
use crate::trouble::store_problem;

/// What is asked for by the modules of the job types that `plan` adds or changes.
pub(crate) async fn asked<L, Q>(
    console: &Console<L, Q>,
    current: &Catalog,
    plan: &Plan,
) -> Result<AskedOf, Problem> {
    let changed = plan.next.types.iter().filter(|(name, spec)| current.types.get(name) != Some(spec));
    let wanted: BTreeSet<_> =
        changed.flat_map(|(_, spec)| &spec.handlers).map(|handler| handler.digest).collect();
    let mut found = AskedOf::new();
    for digest in wanted {
        let asked = match known(console, digest) {
            Some(asked) => Some(asked),
            None => look(console, digest).await?,
        };
        found.extend(asked.map(|asked| (digest, asked)));
    }
    Ok(found)
}

/// What a module asks for, by name: as far as that is known, or, with `look`, after a look into it.
pub(crate) async fn asked_of<L, Q>(
    console: &Console<L, Q>,
    digest: ModuleDigest,
    look_into: bool,
) -> Result<Option<Vec<&'static str>>, Problem> {
    let asked = match known(console, digest) {
        None if look_into => look(console, digest).await?,
        known => known,
    };
    Ok(asked.map(|asked| asked.uses.iter().map(|import| import.as_str()).collect()))
}

/// Notes what a module asks for.
pub(crate) fn note<L, Q>(console: &Console<L, Q>, digest: ModuleDigest, asked: Asked) {
    console.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, asked);
}

fn known<L, Q>(console: &Console<L, Q>, digest: ModuleDigest) -> Option<Asked> {
    console.asked.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
}

/// One at a time: the largest modules take a second, and memory. Nothing for a module of before that would be refused today:
/// workers say what is wrong with it.
async fn look<L, Q>(console: &Console<L, Q>, digest: ModuleDigest) -> Result<Option<Asked>, Problem> {
    let _turn = console.compiling.lock().await;
    let module = console.store.module(digest).await.map_err(|error: StoreError| store_problem(&error))?;
    let prepare = console.prepare.clone();
    let failed = |reason: &dyn std::fmt::Display| {
        tracing::error!(%digest, %reason, "a module could not be looked at");
        Problem::new(Kind::Internal, format!("The module {digest} could not be looked at: {reason}."))
    };
    let looked = tokio::task::spawn_blocking(move || prepare.look(module)).await;
    match looked.map_err(|error| failed(&error))? {
        Ok(PreparedModule { asked, .. }) => {
            note(console, digest, asked.clone());
            Ok(Some(asked))
        }
        Err(refusal @ (ModuleRefusal::Unfit { .. } | ModuleRefusal::TooLarge { .. })) => {
            tracing::warn!(%digest, %refusal, "a stored module cannot be a handler any more");
            Ok(None)
        }
        Err(refusal @ ModuleRefusal::Failed { .. }) => Err(failed(&refusal)),
    }
}
