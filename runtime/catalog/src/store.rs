//! The artifact store: revisions, modules, tags and tokens in a folder or a bucket. The only part that knows `object_store`.
//! Nothing in it is ever changed, but for the moment of a token's last use: things are added, each under a name of its own, and
//! modules that nobody needs and tokens that were revoked are deleted.

mod bucket;
mod error;
mod folder;
mod modules;
mod revisions;
mod tokens;

use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use tokio::sync::OnceCell;

pub use bucket::BucketConfig;
pub use error::StoreError;
pub use modules::StoredModule;
pub(crate) use tokens::TokenFile;

/// The artifact store. Cheap to clone.
///
/// What a method has answered survives the loss of power: files and the folders that name them are synced first, and a bucket
/// answers when it has stored.
#[derive(Clone)]
pub struct ArtifactStore {
    store: Arc<dyn ObjectStore>,
    place: Arc<Place>,
}

/// Where the store is.
struct Place {
    /// For messages.
    name: String,
    /// Set when it was seen that conditional writes are. A folder needs no proof.
    writes: Option<OnceCell<()>>,
}

/// The folders of a store.
const FOLDERS: [&str; 5] = [revisions::FOLDER, modules::MODULES, modules::TAGS, tokens::TOKENS, tokens::USED];

/// What became of a put-if-absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    Created,
    /// Something stands there already; it was not touched.
    Present,
}

impl ArtifactStore {
    /// The store in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made or opened.
    pub fn folder(path: &std::path::Path) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let cannot = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Away {
            action: "open it".into(),
            place: place.clone(),
            source,
        };
        folder::create_durably(path, &FOLDERS).map_err(|error| cannot(error.into()))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| cannot(error.into()))?;
        // Without it a deploy that was answered could be gone after a power cut.
        let store = store.with_fsync(true);
        Ok(Self { store: Arc::new(store), place: Arc::new(Place { name: place, writes: None }) })
    }

    /// The bytes under `path`, or nothing.
    async fn read(&self, path: &Path) -> Result<Option<Bytes>, StoreError> {
        let answer = match self.store.get(path).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.away(format!("read {path}"), error)),
        }
    }

    /// Whether something stands under `path`. The cheapest question there is.
    async fn exists(&self, path: &Path) -> Result<bool, StoreError> {
        match self.store.head(path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.away(format!("look for {path}"), error)),
        }
    }

    /// Stores `bytes` under `path` if nothing stands there.
    async fn put_if_absent(&self, path: &Path, bytes: Bytes) -> Result<Put, StoreError> {
        self.writes_are_conditional().await?;
        self.put(path, bytes).await
    }

    async fn put(&self, path: &Path, bytes: Bytes) -> Result<Put, StoreError> {
        match self.store.put_opts(path, PutPayload::from(bytes), PutMode::Create.into()).await {
            Ok(_) => Ok(Put::Created),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Put::Present),
            Err(error) => Err(self.away(format!("write {path}"), error)),
        }
    }

    /// Stores `bytes` under `path`, whatever stands there: to heal a damaged file that its name defines, and for the moment of
    /// a token's last use.
    async fn replace(&self, path: &Path, bytes: Bytes) -> Result<(), StoreError> {
        let answer = self.store.put(path, PutPayload::from(bytes)).await;
        answer.map(|_| ()).map_err(|error| self.away(format!("write {path}"), error))
    }

    /// Deletes what stands under `path`, if something does.
    async fn delete(&self, path: &Path) -> Result<(), StoreError> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.away(format!("delete {path}"), error)),
        }
    }

    /// What stands directly under `folder`; nothing when the folder is missing.
    async fn list(&self, folder: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let answer = self.store.list_with_delimiter(Some(&Path::from(folder))).await;
        answer.map(|listing| listing.objects).map_err(|error| self.away(format!("list {folder}"), error))
    }

    fn away(&self, action: String, error: object_store::Error) -> StoreError {
        StoreError::Away { action, place: self.place.name.clone(), source: Box::new(error) }
    }
}

impl std::fmt::Debug for ArtifactStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ArtifactStore").field(&self.place.name).finish()
    }
}

#[cfg(test)]
mod tests;
