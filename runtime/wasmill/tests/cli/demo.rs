//! `wasmill demo`: it works, tells what it measured, and ends as it was asked to.

use crate::mill::Mill;
use crate::wasmill::{command, wasmill};

#[test]
fn it_tells_and_ends() {
    let said = wasmill(["demo", "--exit", "--jobs", "50"]).ok();
    for words in
        ["50 completed, 0 dead", "run ", "enqueue to end", "one at a time", "fuel on average", "title"]
    {
        assert!(said.stdout.contains(words), "`{words}` is missing in\n{}", said.stdout);
    }
    let folder = said.stdout.split_once("data in ").unwrap().1.split_once(',').unwrap().0;
    assert!(!std::path::Path::new(folder).exists(), "{folder} is left behind");
}

#[test]
fn it_goes_on_until_it_is_interrupted() {
    let mut demo = command();
    demo.args(["demo", "--jobs", "20"]);
    let mill = Mill::spawn(demo);
    mill.line("Ctrl-C ends it");
    let status = mill.wasmill(["status", "--json"]).ok().json();
    assert_eq!(status["types"][0]["type"], "chat.unfurl");
    mill.signal("INT");
    assert_eq!(mill.ended().code(), Some(0));
}
