//! Revisions in the store. A new one is created if its number is free: that is the compare-and-swap.

use object_store::path::Path;
use wasmill_job::Revision;

use super::{ArtifactStore, Put, StoreError};
use crate::Catalog;
use crate::wire::{Unreadable, read_revision, write_revision};

pub(super) const FOLDER: &str = "catalog/revisions";

impl ArtifactStore {
    /// The newest revision; the empty catalog of revision 0 while there is none. Cost: a listing and a read.
    ///
    /// # Errors
    /// When the store is away, or the newest revision is damaged or of a newer version.
    pub async fn latest(&self) -> Result<Catalog, StoreError> {
        match self.latest_number().await? {
            Revision(0) => Ok(Catalog::default()),
            number => self.revision(number).await,
        }
    }

    /// The number of the newest revision, 0 while there is none. Cost: a listing.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn latest_number(&self) -> Result<Revision, StoreError> {
        let files = self.list(FOLDER).await?;
        let numbers =
            files.iter().filter_map(|file| file.location.filename()?.strip_suffix(".json")?.parse().ok());
        Ok(Revision(numbers.max().unwrap_or(0)))
    }

    /// The revision with this number.
    ///
    /// # Errors
    /// When there is none, the store is away, or the revision is damaged or of a newer version.
    pub async fn revision(&self, number: Revision) -> Result<Catalog, StoreError> {
        let path = path_of(number);
        let bytes = self.read(&path).await?.ok_or(StoreError::NoRevision(number))?;
        read_revision(number, &bytes).map_err(|why| why.of_file(&path))
    }

    /// Whether there is a revision with this number. Cheap enough to ask every second.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn has_revision(&self, number: Revision) -> Result<bool, StoreError> {
        self.exists(&path_of(number)).await
    }

    /// Stores a new revision under its number. Doing it again with the same catalog is fine.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another revision took the number: nothing was written. When the store fails, the
    /// revision may or may not have been written: repeat.
    pub async fn create(&self, next: &Catalog) -> Result<(), StoreError> {
        let number = next.revision;
        let follows = number.0 == 1 || (number.0 > 1 && self.has_revision(Revision(number.0 - 1)).await?);
        if !follows {
            return Err(StoreError::Gap(number));
        }
        let bytes = write_revision(next);
        match self.put_if_absent(&path_of(number), bytes.clone().into()).await? {
            Put::Created => Ok(()),
            // Our own bytes: an earlier try arrived, and only its answer was lost.
            Put::Present if self.read(&path_of(number)).await?.is_some_and(|stored| stored == bytes) => {
                Ok(())
            }
            Put::Present => Err(StoreError::Conflict(number)),
        }
    }
}

impl Unreadable {
    /// The error that names the file.
    pub(super) fn of_file(self, path: &Path) -> StoreError {
        let (file, reason) = (path.to_string(), self.to_string());
        match self {
            Self::Newer(_) => StoreError::Newer { file, reason },
            Self::Damaged(_) => StoreError::Damaged { file, reason },
        }
    }
}

/// Eight digits, so that a listing is in order for the first hundred million.
fn path_of(number: Revision) -> Path {
    Path::from(format!("{FOLDER}/{:08}.json", number.0))
}
