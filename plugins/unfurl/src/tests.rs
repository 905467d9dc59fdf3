//! Pages and what is shown for them.
#![allow(clippy::unwrap_used)]

use wasmill_sdk::Failure;
use wasmill_sdk::testing::Job;

use super::{Card, Page, unfurl};

fn card(url: Option<&str>, html: &str) -> Card {
    unfurl(Page { url: url.map(str::to_owned), html: html.into() }).unwrap()
}

#[test]
fn a_news_page_shows_what_its_open_graph_tags_say() {
    let card = card(Some("https://news.example/2026/11/mill?utm_source=x"), include_str!("tests/news.html"));
    assert_eq!(
        card,
        Card {
            title: Some("A mill that runs jobs & sleeps at night".into()),
            description: Some("How one team moved its background jobs into sandboxes.".into()),
            canonical: Some("https://news.example/2026/11/mill".into()),
            image: Some("https://cdn.news.example/mill.jpg?w=1200&h=630".into()),
            links: [
                "https://news.example/",
                "https://news.example/2026/?page=2&order=new",
                "https://news.example/2026/11/next",
                "https://other.example/caf%C3%A9",
            ]
            .map(String::from)
            .into(),
        }
    );
}

#[test]
fn a_documentation_page_has_plain_html_and_a_base() {
    let card = card(Some("https://docs.example/v1/guide/start.html"), include_str!("tests/manual.html"));
    assert_eq!(card.title.as_deref(), Some("Getting started - The Manual"));
    assert_eq!(card.description.as_deref(), Some("First steps, from nothing to a job."));
    assert_eq!(card.canonical, None);
    assert_eq!(card.image, None);
    assert_eq!(
        card.links,
        ["https://docs.example/v1/", "https://docs.example/v1/install.html", "https://docs.example/api.html"]
    );
}

#[test]
fn markup_inside_text_and_text_inside_drawings_is_not_the_page() {
    let card = card(
        None,
        "<svg><title>A drawing</title></svg><title>The <b>page</b></title><title>late</title>
         <script>'<a href=/script>'</script><!-- <a href=/comment> --><textarea><a href=/area></textarea>",
    );
    assert_eq!(card, Card { title: Some("The <b>page</b>".into()), ..Card::default() });
}

#[test]
fn the_better_source_stays_whatever_the_order() {
    let card = card(
        None,
        "<meta name=twitter:title content=Twitter><meta property=og:title content=' '>
         <meta property=og:title content=Graph><meta property=og:title content=Second><title>Plain</title>",
    );
    assert_eq!(card.title.as_deref(), Some("Graph"));
}

#[test]
fn without_a_base_addresses_stay_as_written() {
    let card = card(None, "<link rel='Shortlink CANONICAL' href=' /a b '><a href=c.html#part>c</a>");
    assert_eq!(card.canonical.as_deref(), Some("/a b"));
    assert_eq!(card.links, ["c.html"]);
}

#[test]
fn links_are_different_and_few() {
    let many: String = (0..500).map(|n| format!("<a href='/{}?a=1&amp;b=2'>x</a>", n / 2)).collect();
    let links = card(Some("https://a.example"), &many).links;
    assert_eq!(links.len(), 100);
    assert_eq!(links[99], "https://a.example/99?a=1&b=2");
}

#[test]
fn long_texts_are_cut_between_characters() {
    let html = format!("<title>{}</title>", "é ".repeat(1000));
    let title = card(None, &html).title.unwrap();
    assert_eq!(title.chars().count(), 300, "the sign included");
    assert!(title.ends_with("é…"));
}

#[test]
fn odd_pages_show_nothing() {
    for html in [
        "",
        "no markup at all",
        "<title></title>",
        "<a>",
        "<meta content=x>",
        "\0<\u{fffd}<a href=\"",
        "<title",
    ] {
        assert_eq!(card(Some("https://a.example"), html), Card::default(), "{html}");
    }
}

#[test]
fn an_address_beyond_ascii_is_taken_in_punycode_only() {
    let html = "<a href='https://xn--bcher-kva.example/é'>1</a><a href='https://bücher.example/'>2</a>";
    let links = card(Some("https://a.example"), html).links;
    assert_eq!(links, ["https://xn--bcher-kva.example/%C3%A9", "https://bücher.example/"]);
}

#[test]
fn as_a_job_it_is_json_both_ways() {
    let payload = br#"{"url": "https://a.example/", "html": "<title>A</title><a href=\"b\">"}"#;
    let output = Job::default().run(unfurl, *payload).result.unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        r#"{"title":"A","description":null,"canonical":null,"image":null,"links":["https://a.example/b"]}"#
    );
    let refused = Job::default().run(unfurl, r#"{"url": "nowhere", "html": ""}"#).result;
    assert_eq!(refused, Err(Failure::reject("the page's `url` is no address: relative URL without a base")));
}
