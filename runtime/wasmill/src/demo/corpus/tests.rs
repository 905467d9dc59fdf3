//! Tests of the search for pages.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn pages_are_found_top_down_and_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/deep")).unwrap();
    for name in ["a/deep/3.html", "a/2.html", "z.html", "a/skipped.txt"] {
        fs::write(folder.path().join(name), format!("<title>{name}</title>")).unwrap();
    }
    let corpus = Corpus::find_in([folder.path().join("missing"), folder.path().to_path_buf()], 3);
    let urls: Vec<String> = (0..4).map(|index| corpus.page(index).url).collect();
    let expected = ["z.html", "a/2.html", "a/deep/3.html", "z.html"];
    assert_eq!(urls, expected.map(|name| format!("https://docs.example/{name}")));
    assert_eq!(corpus.page(0).html, "<title>z.html</title>");
}

#[test]
fn without_documentation_there_is_the_sample() {
    let corpus = Corpus::find_in([], 100);
    assert!(corpus.page(17).html.contains("Grinding corn"));
    assert!(corpus.describe().contains("no HTML documentation"));
}
