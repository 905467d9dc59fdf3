//! Rules about single files.

use crate::tree::{File, files, report};

/// Longer files need a reason in their first line.
const LINES_MAX: usize = 600;

/// Names that gather what nobody has found a home for.
const DRAWERS: [&str; 6] = ["common", "utils", "util", "helpers", "types", "manager"];

/// Things put off, or waited for by the clock. The needles are split so that this file does not find itself.
const SMELLS: [(&str, &str); 5] = [
    (concat!("#[ign", "ore"), "no test is ignored: run it, or delete it"),
    (concat!("to", "do!("), "nothing is put off"),
    (concat!("unimple", "mented!("), "nothing is put off"),
    (concat!("TO", "DO"), "nothing is put off: write an issue"),
    (concat!("FIX", "ME"), "nothing is put off: write an issue"),
];

#[test]
fn every_rust_file_says_what_it_is_for() {
    let says = |file: &File| {
        file.text.lines().take(3).any(|line| line.starts_with("//!") || line.contains("include_str!"))
    };
    let mistakes: Vec<_> =
        files(&[".rs"]).iter().filter(|file| !says(file)).map(|file| file.path.clone()).collect();
    report("these files do not begin with `//!` and what they are for", &mistakes);
}

#[test]
fn every_script_says_what_it_is_for() {
    let says = |file: &File| file.text.lines().take(3).any(|line| line.starts_with("# "));
    let scripts = ["tests/run", "plugins/build", ".ci/run", ".sh", ".py", ".toml"];
    let generated = |file: &File| file.path.ends_with("Cargo.toml") && file.path != "Cargo.toml";
    let mistakes: Vec<_> = files(&scripts)
        .iter()
        .filter(|file| !generated(file) && !file.path.contains("golden") && !says(file))
        .map(|file| file.path.clone())
        .collect();
    report("these files do not begin with a comment that says what they are for", &mistakes);
}

#[test]
fn files_stay_small() {
    let too_long = |file: &File| {
        let first = file.text.lines().next().unwrap_or_default().to_lowercase();
        file.text.lines().count() > LINES_MAX && !first.contains("long because")
    };
    let mistakes: Vec<_> = files(&[".rs", ".py", ".js"])
        .iter()
        .filter(|file| too_long(file))
        .map(|file| format!("{} ({} lines)", file.path, file.text.lines().count()))
        .collect();
    report("these files are over 600 lines without a reason (`long because …`) in the first line", &mistakes);
}

#[test]
fn no_module_is_a_drawer() {
    let is_drawer =
        |file: &File| file.path.trim_end_matches(".rs").split('/').any(|part| DRAWERS.contains(&part));
    let mistakes: Vec<_> =
        files(&[".rs"]).iter().filter(|file| is_drawer(file)).map(|file| file.path.clone()).collect();
    report("name these modules after the noun they serve", &mistakes);
}

#[test]
fn library_and_module_roots_only_declare() {
    let works = |line: &str| {
        let line = line.trim_start();
        line.starts_with("fn ")
            || line.starts_with("pub fn ")
            || line.starts_with("impl ")
            || line.starts_with("async fn ")
    };
    let is_root = |file: &File| file.path.ends_with("/lib.rs") && file.path.starts_with("runtime/");
    let mistakes: Vec<_> = files(&[".rs"])
        .iter()
        .filter(|file| is_root(file) && file.text.lines().any(works))
        .map(|file| file.path.clone())
        .collect();
    report("lib.rs only declares; move the work into a module with a name", &mistakes);
}

#[test]
fn nothing_is_put_off() {
    let mut mistakes = Vec::new();
    for file in files(&[".rs", ".sh", ".py", "tests/run", "plugins/build"]) {
        for (number, line) in file.text.lines().enumerate() {
            for (needle, advice) in SMELLS {
                if line.contains(needle) {
                    mistakes.push(format!("{}:{}: {advice}", file.path, number + 1));
                }
            }
        }
    }
    report("work put off", &mistakes);
}
