//! What is written, and what is refused.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use clap::ValueEnum;

use super::template::{Language, Sdk, Values};
use super::{Name, checkout_at, write};
use crate::failure::Exit;

fn published() -> Sdk {
    Sdk::Published { version: "0.1.0".into() }
}

fn written(language: Language, sdk: &Sdk) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("to-ada"), language, &Values { name: "to-ada", sdk }).unwrap();
    folder
}

fn read(folder: &tempfile::TempDir, file: &str) -> String {
    std::fs::read_to_string(folder.path().join("to-ada").join(file)).unwrap()
}

#[test]
fn every_placeholder_is_filled() {
    for language in Language::value_variants() {
        let folder = written(*language, &published());
        for (file, _) in language.files() {
            assert!(!read(&folder, file).contains("{{"), "{language:?}: {file}");
        }
        let next = language.next(&Values { name: "to-ada", sdk: &published() });
        assert!(
            next.lines().count() >= 4 && next.contains("wasmill deploy") && !next.contains("{{"),
            "{next}"
        );
    }
}

#[test]
fn every_file_of_a_template_is_written() {
    for language in Language::value_variants() {
        let folder = format!("../../sdk/templates/{}", language.title().to_lowercase());
        let there = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert_eq!(there, language.files().len(), "{language:?}");
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[test]
fn manifests_refer_to_the_sdk() {
    let checkout = Sdk::Checkout { folder: "/src/wasmill".into() };
    let published = published();
    let manifest = |language, file: &str, sdk: &Sdk| read(&written(language, sdk), file);
    let rust = manifest(Language::Rust, "Cargo.toml", &checkout);
    assert!(rust.contains(r#"wasmill-sdk = { path = "/src/wasmill/sdk/rust" }"#), "{rust}");
    assert!(manifest(Language::Rust, "Cargo.toml", &published).contains(r#"wasmill-sdk = "0.1.0""#));
    let python = manifest(Language::Python, "requirements.txt", &checkout);
    assert!(python.contains("\n/src/wasmill/sdk/python[build,test]\n"), "{python}");
    assert!(
        manifest(Language::Python, "requirements.txt", &published).contains("wasmill-sdk[build,test]==0.1.0")
    );
    let javascript = manifest(Language::Javascript, "package.json", &checkout);
    assert!(javascript.contains(r#""@wasmill/sdk": "file:/src/wasmill/sdk/javascript""#), "{javascript}");
    assert!(
        manifest(Language::Javascript, "package.json", &published).contains(r#""@wasmill/sdk": "0.1.0""#)
    );
}

#[test]
fn a_folder_that_is_there_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let failure = write(folder.path(), Language::Rust, &Values { name: "x", sdk: &published() }).unwrap_err();
    assert_eq!(failure.exit, Exit::No);
    assert!(failure.to_string().contains("is there already"), "{failure}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_checkout_is_known_by_its_contract() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(matches!(checkout_at(&checkout), Some(Sdk::Checkout { folder }) if folder.is_absolute()));
    assert_eq!(checkout_at(tempfile::tempdir().unwrap().path()), None);
}

#[test]
fn names_fit_every_language() {
    for good in ["a", "welcome", "to-ada-2"] {
        assert!(good.parse::<Name>().is_ok(), "{good}");
    }
    for bad in ["", "2x", "-x", "x-", "Ada", "a_b", "a/b", "..", "é", &"x".repeat(65)] {
        assert!(bad.parse::<Name>().is_err(), "{bad}");
    }
}
