//! Makes the folders of a store so that they are still there after a power cut: `object_store` syncs what it writes,
//! but not its root, and not what a process that was killed between writing and syncing has left.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes `root` and the `folders` below it where they are missing, and syncs each of them, so that every name that can
/// be seen from here on is on the disk.
pub(super) fn create_durably(root: &Path, folders: &[&str]) -> io::Result<()> {
    let root = std::path::absolute(root)?;
    let missing: Vec<_> =
        root.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(&root)?;
    for folder in folders {
        let folder = root.join(folder);
        fs::create_dir_all(&folder)?;
        folder.ancestors().take_while(|folder| folder.starts_with(&root)).try_for_each(sync)?;
    }
    // A new folder's name stands in the one above it.
    missing.iter().filter_map(|folder| folder.parent()).try_for_each(sync)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
