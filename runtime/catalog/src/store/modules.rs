//! Modules and their tags in the store. A module is named by the digest of its bytes; a tag points to one for ever.

use std::collections::BTreeMap;

use bytes::Bytes;
use object_store::path::Path;
use wasmill_job::{ModuleDigest, ModuleTag, UnixMs};

use super::{ArtifactStore, Put, StoreError};
use crate::wire::{read_tag, write_tag};

pub(super) const MODULES: &str = "modules";
pub(super) const TAGS: &str = "tags";

/// A module in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredModule {
    pub digest: ModuleDigest,
    pub size_bytes: u64,
    pub stored_at: UnixMs,
}

impl ArtifactStore {
    /// Stores a module's bytes and answers their digest. Doing it again is fine, and heals a damaged file.
    ///
    /// # Errors
    /// When the store is away: repeat.
    pub async fn put_module(&self, bytes: Bytes) -> Result<ModuleDigest, StoreError> {
        let digest = ModuleDigest::of(&bytes);
        let path = module_path(digest);
        if self.put_if_absent(&path, bytes.clone()).await? == Put::Present {
            let stored = self.read(&path).await?;
            if stored.is_none_or(|stored| stored != bytes) {
                self.replace(&path, bytes).await?;
            }
        }
        Ok(digest)
    }

    /// The bytes of a module, checked against its digest.
    ///
    /// # Errors
    /// When there is no such module, its file is damaged, or the store is away.
    pub async fn module(&self, digest: ModuleDigest) -> Result<Bytes, StoreError> {
        let path = module_path(digest);
        let bytes = self.read(&path).await?.ok_or(StoreError::NoModule(digest))?;
        let found = ModuleDigest::of(&bytes);
        if found != digest {
            let reason = format!("its digest is {found:?}");
            return Err(StoreError::Damaged { file: path.to_string(), reason });
        }
        Ok(bytes)
    }

    /// Every module, in the order of the digests. Cost: a listing.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn modules(&self) -> Result<Vec<StoredModule>, StoreError> {
        let files = self.list(MODULES).await?;
        let module = |file: &object_store::ObjectMeta| {
            let digest = file.location.filename()?.strip_suffix(".wasm")?.parse().ok()?;
            // A store whose clock stands before 1970 has none.
            let stored_at = UnixMs(u64::try_from(file.last_modified.timestamp_millis()).unwrap_or_default());
            Some(StoredModule { digest, size_bytes: file.size, stored_at })
        };
        let mut modules: Vec<_> = files.iter().filter_map(module).collect();
        modules.sort_by_key(|module| module.digest);
        Ok(modules)
    }

    /// Deletes a module's bytes. Tags that point to it stay; storing the same bytes again brings it back. Doing it again is
    /// fine. Whether somebody needs it, the caller has to know.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn remove_module(&self, digest: ModuleDigest) -> Result<(), StoreError> {
        self.delete(&module_path(digest)).await
    }

    /// Points a tag to a stored module. Doing it again is fine.
    ///
    /// # Errors
    /// When the tag points to another module, there is no such module, or the store is away.
    pub async fn tag(&self, tag: &ModuleTag, digest: ModuleDigest) -> Result<(), StoreError> {
        if !self.exists(&module_path(digest)).await? {
            return Err(StoreError::NoModule(digest));
        }
        if self.put_if_absent(&tag_path(tag), write_tag(tag, digest).into()).await? == Put::Created {
            return Ok(());
        }
        match self.resolve(tag).await? {
            Some(points_to) if points_to != digest => {
                Err(StoreError::TagTaken { tag: tag.clone(), points_to, refused: digest })
            }
            _ => Ok(()),
        }
    }

    /// What a tag points to, or nothing.
    ///
    /// # Errors
    /// When the tag's file is damaged, or the store is away.
    pub async fn resolve(&self, tag: &ModuleTag) -> Result<Option<ModuleDigest>, StoreError> {
        let path = tag_path(tag);
        let Some(bytes) = self.read(&path).await? else { return Ok(None) };
        read_tag(tag, &bytes).map(Some).map_err(|why| why.of_file(&path))
    }

    /// Every tag and what it points to. Cost: a listing and a read per tag.
    ///
    /// # Errors
    /// When a tag's file is damaged, or the store is away.
    pub async fn tags(&self) -> Result<BTreeMap<ModuleTag, ModuleDigest>, StoreError> {
        let files = self.list(TAGS).await?;
        let names = files.iter().filter_map(|file| file.location.filename()?.strip_suffix(".json"));
        let mut tags = BTreeMap::new();
        for tag in names.filter_map(|name| name.parse::<ModuleTag>().ok()) {
            if let Some(digest) = self.resolve(&tag).await? {
                tags.insert(tag, digest);
            }
        }
        Ok(tags)
    }
}

fn module_path(digest: ModuleDigest) -> Path {
    Path::from(format!("{MODULES}/{digest}.wasm"))
}

fn tag_path(tag: &ModuleTag) -> Path {
    Path::from(format!("{TAGS}/{tag}.json"))
}
