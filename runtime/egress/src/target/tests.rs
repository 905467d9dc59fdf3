//! URLs that are meant to be read in two ways.

use proptest::prelude::*;

use super::*;

#[test]
fn what_parsers_read_differently_is_refused() {
    for url in [
        "",
        "https://",
        "https:///api.example.com",
        "https:api.example.com",
        "//api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "javascript:alert(1)",
        "https://api.example.com@evil.com",
        "https://user:password@api.example.com",
        "https://@api.example.com",
        "https://api.example.com\\@evil.com",
        "https://evil.com\\.example.com",
        "https://evil.com%2eexample.com",
        "https://evil.com%2f.example.com",
        "https://api%2eexample.com",
        "https://api.exa\tmple.com",
        "https://api.example.com\n",
        " https://api.example.com",
        "https://api.example.com/a b",
        "https://api.example.com/\u{85}",
        "https://api.example.com/\u{2028}",
        "https://.api.example.com",
        "https://api..example.com",
        "https://api.example.com..",
        "https://.",
        "https://*.example.com",
        "https://a!b.example.com",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:8o",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "http://256.1.1.1",
        "http://1.2.3.4.5",
        "http://0x100000000",
    ] {
        assert!(Target::parse(url).is_err(), "{url:?}");
    }
    let long = format!("https://{}.example.com", "a".repeat(64));
    assert!(Target::parse(&long).is_err());
}

#[test]
fn a_host_comes_out_in_the_one_form_in_which_it_is_judged() {
    for (url, origin) in [
        ("HTTPS://API.Example.COM/", "https://api.example.com"),
        ("https://api.example.com.", "https://api.example.com"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("http://api.example.com:443", "http://api.example.com:443"),
        ("https://api.example.com:", "https://api.example.com"),
        ("https://api.example.com#@evil.com", "https://api.example.com"),
        ("https://api.example.com?@evil.com", "https://api.example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://api。example．com", "https://api.example.com"),
        ("https://ａｐｉ.example.com", "https://api.example.com"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0x7f.1", "http://127.0.0.1"),
        ("http://0177.0.0.01", "http://127.0.0.1"),
        ("http://127.1", "http://127.0.0.1"),
        ("http://１２７.0.0.1", "http://127.0.0.1"),
        ("http://①②⑦.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.1.", "http://127.0.0.1"),
        ("http://0", "http://0.0.0.0"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
    ] {
        let target = Target::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((url, target.origin().to_string()), (url, origin.to_owned()));
    }
}

#[test]
fn debug_shows_neither_path_nor_query() {
    let target = Target::parse("https://api.example.com/s3cr3t?s3cr3t").unwrap();
    assert_eq!(format!("{target:?}"), "Target(https://api.example.com/…)");
    assert_eq!(target.path_and_query(), "/s3cr3t?s3cr3t");
}

proptest! {
    #[test]
    fn garbage_never_panics(text in ".*", tail in "\\PC*") {
        let _ = Target::parse(&text);
        let _ = Target::parse(&format!("https://{tail}"));
    }

    #[test]
    fn an_origin_parses_to_itself(tail in "[a-z0-9.:\\[\\]@/\\\\%*-]{1,30}") {
        if let Ok(target) = Target::parse(&format!("http://{tail}")) {
            let again = Target::parse(&target.origin().to_string()).unwrap();
            prop_assert_eq!(target.origin(), again.origin());
        }
    }
}
