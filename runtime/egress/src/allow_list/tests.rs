//! The decision.

use proptest::prelude::*;

use super::*;
use crate::address::Reach;
use crate::origin::Host;

fn judge(rules: &[&str], method: Method, url: &str) -> Result<String, String> {
    let list = AllowList::parse(rules).unwrap();
    let judged = list.judge(method, &Target::parse(url).unwrap());
    judged.map(ToString::to_string).map_err(|denied| denied.to_string())
}

#[test]
fn a_denial_says_what_is_missing() {
    let rules = ["GET https://api.example.com"];
    assert!(
        judge(&[], Method::Get, "https://api.example.com")
            .unwrap_err()
            .contains("no grant for outgoing HTTP")
    );
    let method = judge(&rules, Method::Post, "https://api.example.com/s3cr3t").unwrap_err();
    assert_eq!(method, "https://api.example.com is granted, but not with the method POST");
    let host = judge(&rules, Method::Get, "http://api.example.com/s3cr3t").unwrap_err();
    assert_eq!(
        host,
        "no grant of this job type covers http://api.example.com; scheme, host and port must all be named"
    );
}

#[test]
fn the_rule_that_reaches_furthest_counts_and_then_the_first() {
    let rules = ["https://*.corp.example", "GET https://a.corp.example private", "https://a.corp.example"];
    assert_eq!(judge(&rules, Method::Get, "https://a.corp.example").unwrap(), rules[1]);
    assert_eq!(judge(&rules, Method::Put, "https://a.corp.example").unwrap(), rules[0]);
    assert_eq!(judge(&rules, Method::Get, "https://b.corp.example").unwrap(), rules[0]);
}

#[test]
fn every_mistake_of_a_list_is_reported() {
    let mistakes = AllowList::parse(&["https://a.example", "*", "http://10.0.0.7 private"]).unwrap_err();
    let rules: Vec<_> = mistakes.iter().map(|mistake| mistake.rule.as_str()).collect();
    assert_eq!(rules, ["*", "http://10.0.0.7 private"]);
    assert_eq!(AllowList::parse(&vec!["http://a.example"; 257]).unwrap_err().len(), 1);
}

#[test]
fn an_owner_changes_no_rule() {
    let list = AllowList::parse(&["https://a.example", "PUT http://b.example"]).unwrap();
    let owned = list.clone().owned_by("mail");
    assert_eq!(owned.rules(), list.rules());
    assert_eq!(owned.to_string(), "https://a.example; PUT http://b.example");
}

proptest! {
    /// Whatever is put around granted names in a URL: if it is allowed, the host is a granted one.
    #[test]
    fn judge_never_allows_a_host_that_is_not_named(
        before in "[a-z0-9.@:/\\\\%?#*\\[\\]\u{ff0e}\u{3002}\t -]{0,8}",
        host in "(api\\.example\\.com|example\\.com|hooks\\.example\\.org|10\\.0\\.0\\.7|127\\.0\\.0\\.1|evil\\.com)",
        after in "[a-z0-9.@:/\\\\%?#*\\[\\]\u{ff0e}\u{3002}\t -]{0,12}",
    ) {
        let list = AllowList::parse(&["https://api.example.com", "https://*.example.org", "https://10.0.0.7"]).unwrap();
        let Ok(target) = Target::parse(&format!("https://{before}{host}{after}")) else { return Ok(()) };
        if let Ok(rule) = list.judge(Method::Get, &target) {
            match target.origin().host() {
                Host::Name(name) => prop_assert!(name == "api.example.com" || name.ends_with(".example.org"), "{}", name),
                Host::Address(address) => {
                    prop_assert_eq!(address.to_string(), "10.0.0.7");
                    prop_assert_eq!(rule.reach(), Reach::Literal);
                }
            }
            prop_assert_eq!(target.origin().port(), 443);
        }
    }
}
