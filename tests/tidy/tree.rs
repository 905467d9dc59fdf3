//! The files of the checkout, as git knows them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file: its path from the root of the checkout, with forward slashes, and its text.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every text file with one of these endings that git tracks or would add.
pub(crate) fn files(endings: &[&str]) -> Vec<File> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8(output.stdout).unwrap();
    let wanted = listing.lines().filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    // A file deleted but not yet committed is still listed.
    let read =
        |path: &str| Some(File { path: path.into(), text: std::fs::read_to_string(root().join(path)).ok()? });
    let files: Vec<_> = wanted.filter_map(read).collect();
    assert!(!files.is_empty(), "no files with the endings {endings:?}");
    files
}

/// Fails with all mistakes at once.
pub(crate) fn report(rule: &str, mistakes: &[String]) {
    assert!(mistakes.is_empty(), "{rule}:\n  {}", mistakes.join("\n  "));
}
