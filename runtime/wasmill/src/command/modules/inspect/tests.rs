//! Which version comes before another.

use super::*;

#[test]
fn the_version_before_is_the_next_smaller_semantic_one_of_the_same_name() {
    let tags: Vec<ModuleTag> = ["a@1.9.0", "a@1.10.0", "a@2.0.0-rc.1", "a@2.0.0", "b@1.11.0", "a@today"]
        .map(|tag| tag.parse().unwrap())
        .into();
    for (tag, expected) in [
        ("a@2.0.0", Some("a@2.0.0-rc.1")),
        ("a@2.0.0-rc.1", Some("a@1.10.0")),
        ("a@1.10.0", Some("a@1.9.0")),
        ("a@1.9.0", None),
        ("a@today", None),
        ("c@1.0.0", None),
    ] {
        let found = before(&tag.parse().unwrap(), tags.iter());
        assert_eq!(found.map(|tag| tag.to_string()).as_deref(), expected, "before {tag}");
    }
}
