//! Unit tests of `queue::more`.

#![allow(clippy::unwrap_used)]
use crate::config::tests::load;

#[test]
fn sets_of_servers_are_read_in_order() {
    let file = "[queue]\nkind = \"redis\"\n\n[[queue.more]]\nname = \"big\"\nurl = [\"redis://:s3cret@one:1\", \"redis://two:2\"]\n\
                shards = 8\n\n[[queue.more]]\nname = \"cold\"\nurl = \"redis://three\"\n";
    let config = load(file, &[]).unwrap();
    let shown: Vec<_> =
        config.queue.more.iter().map(|set| (set.name.as_str(), set.shards_in_all())).collect();
    assert_eq!(shown, [("big", 8), ("cold", 1)]);
    assert_eq!(config.queue.urls().count(), 4);
    let shown = config.to_string();
    assert!(shown.contains("redis://:***@one:1") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn what_is_wrong_with_a_set_is_told_without_its_password() {
    let says = |set: &str| load(&format!("[queue]\nmore = [\n  {set},\n]\n"), &[]).unwrap_err().to_string();
    let cases = [
        ("{ name = \"main\", url = \"redis://one\" }", "has a set called `main`"),
        ("{ name = \"b g\", url = \"redis://one\" }", "has a set whose name is not 1 to 64 letters"),
        ("{ name = \"big\", url = \"one:s3cret\" }", "`big`: url must begin with redis:// or unix://"),
        (
            "{ name = \"big\", url = [\"redis://one\", \"redis://two\"], shards = 3 }",
            "`big`: shards must be a multiple of 2",
        ),
        ("{ name = \"big\", url = \"redis://one\", shards = 65 }", "`big`: shards must lie between 1 and 64"),
        ("{ name = \"big\" }", "missing field `url`"),
        ("{ name = \"big\", url = \"redis://one\", parts = 1 }", "unknown field `parts`"),
        ("\"redis://:s3cret@one\"", "a set of servers is a table"),
    ];
    for (set, expected) in cases {
        let says = says(set);
        assert!(says.starts_with("wasmill.toml:3:3: ") || says.starts_with(":3:3: "), "{says}");
        assert!(says.contains(expected) && !says.contains("s3cret"), "{says}");
    }
    let twice = "{ name = \"big\", url = \"redis://one\" }";
    assert!(says(&format!("{twice}, {twice}")).contains("has two sets called `big`"));
}
