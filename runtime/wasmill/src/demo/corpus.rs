//! Real HTML pages for the demo: the documentation that is on this machine, or one bundled sample.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Pages to make jobs from, never none.
#[derive(Debug)]
pub(crate) enum Corpus {
    /// Files below a folder.
    Files { under: PathBuf, pages: Vec<PathBuf> },
    /// Nothing was found: the bundled page, again and again.
    Sample,
}

/// A job's payload, as the unfurl handler takes it.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) html: String,
}

const SAMPLE: &str = include_str!("corpus/sample.html");
/// Larger pages (the index of all of Rust has megabytes) would exceed the default payload limit as JSON.
const PAGE_BYTES_MAX: u64 = 400 << 10;
/// Fewer pages than this are not worth the name.
const PAGES_MIN: usize = 20;

impl Corpus {
    /// The first of the places where documentation lives that has enough pages; at most `max` of them.
    pub(crate) fn find(max: usize) -> Self {
        Self::find_in(places(), max)
    }

    fn find_in(places: impl IntoIterator<Item = PathBuf>, max: usize) -> Self {
        let found = places.into_iter().map(|under| (pages(&under, max), under));
        found
            .filter(|(pages, _)| pages.len() >= PAGES_MIN.min(max))
            .map(|(pages, under)| Self::Files { under, pages })
            .next()
            .unwrap_or(Self::Sample)
    }

    /// What the pages are, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Files { under, pages } => format!("{} HTML pages under {}", pages.len(), under.display()),
            Self::Sample => {
                "one bundled sample page (no HTML documentation was found on this machine)".into()
            }
        }
    }

    /// Page `index`; they begin again when there are no more. The sample takes the place of one that cannot be read.
    pub(crate) fn page(&self, index: usize) -> Page {
        let sample = || Page { url: "https://docs.example/sample.html".into(), html: SAMPLE.into() };
        let Self::Files { under, pages } = self else { return sample() };
        let Some(path) = pages.get(index % pages.len().max(1)) else { return sample() };
        let Ok(bytes) = fs::read(path) else { return sample() };
        let name = path.strip_prefix(under).unwrap_or(path).to_string_lossy();
        Page {
            url: format!("https://docs.example/{name}"),
            // Old pages are not always UTF-8; what is not shows as replacement characters.
            html: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// Where documentation lives: the Rust toolchains, then the system.
fn places() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let rustup =
        env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".rustup")));
    let toolchains = rustup.map(|rustup| entries(&rustup.join("toolchains"))).unwrap_or_default();
    let rust = toolchains.into_iter().map(|toolchain| toolchain.join("share/doc/rust/html"));
    rust.chain(["/usr/share/doc/rust-doc/html", "/usr/share/doc", "/usr/local/share/doc"].map(PathBuf::from))
        .collect()
}

/// HTML files below `under`, those nearest to the top first, so that they come from many books rather than from one.
fn pages(under: &Path, max: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = VecDeque::from([under.to_path_buf()]);
    while let Some(folder) = folders.pop_front() {
        for entry in entries(&folder) {
            // Links are not followed: they could lead round in circles.
            let Ok(metadata) = fs::symlink_metadata(&entry) else { continue };
            let is_page = entry.extension().is_some_and(|extension| extension == "html");
            if metadata.is_dir() {
                folders.push_back(entry);
            } else if is_page && metadata.is_file() && (1..=PAGE_BYTES_MAX).contains(&metadata.len()) {
                found.push(entry);
            }
            if found.len() >= max {
                return found;
            }
        }
    }
    found
}

/// What is in a folder, by name; nothing when it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect());
    let mut entries: Vec<PathBuf> = listed.unwrap_or_default();
    entries.sort_unstable();
    entries
}

#[cfg(test)]
mod tests;
