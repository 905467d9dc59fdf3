//! Dead letters in bulk: counted by error, and redriven and purged by it.

use serde_json::Value;

use crate::mill::Mill;
use crate::modes::{enqueue, mill_with};

/// A mill with two letters of one error and one of another, all in the log.
fn mill_with_letters() -> (tempfile::TempDir, Mill) {
    let (folder, mill) = mill_with("\"live\"");
    for payload in ["7", "8", r#"{"name": true}"#] {
        enqueue(&mill, "greeting", payload);
    }
    mill.until(["dead", "list", "--json"], |page| {
        page["letters"].as_array().is_some_and(|letters| letters.len() == 3)
    });
    // Whether letters are in the log already is a matter of moments.
    mill.until(["dead", "redrive", "--all", "--dry-run", "--json"], |answer| answer["waiting"] == 0);
    (folder, mill)
}

fn groups(mill: &Mill) -> Vec<Value> {
    let counted = mill.wasmill(["dead", "groups", "--json"]).ok().json();
    counted["groups"].as_array().unwrap().clone()
}

#[test]
fn letters_are_counted_listed_and_redriven_by_their_error() {
    let (_folder, mill) = mill_with_letters();
    let found = groups(&mill);
    assert_eq!((found.len(), &found[0]["count"]), (2, &2.into()), "{found:?}");
    let (common, rare) = (found[0]["error"].as_str().unwrap(), found[1]["error"].as_str().unwrap());
    let table = mill.wasmill(["dead", "groups", "--type", "greeting"]).ok().stdout;
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().take(3).collect();
    assert_eq!(row, ["2", "greeting", "rejected"], "{table}");
    let listed =
        mill.wasmill(["dead", "list", "--code", "rejected", "--error", common, "--json"]).ok().json();
    assert_eq!(listed["letters"].as_array().unwrap().len(), 2);
    let none = mill.wasmill(["dead", "list", "--code", "trap"]).ok().stdout;
    assert!(none.contains("no dead letters"), "{none}");

    let foretold = mill.wasmill(["dead", "redrive", "--error", common, "--dry-run"]).ok().stdout;
    assert_eq!(foretold, "would be redriven 2 dead letters\n");
    let only = ["dead", "redrive", "--error", common, "--code", "trap", "--dry-run", "--json"];
    assert_eq!(mill.wasmill(only).ok().json()["redriven"], 0);
    // Where nobody can be asked a redrive goes on, as it always did.
    let redriven = mill.wasmill(["dead", "redrive", "--error", common, "--json"]).ok().json();
    assert_eq!((&redriven["redriven"], &redriven["refused"]), (&2.into(), &0.into()), "{redriven}");
    // They die again; the other one was left alone.
    mill.until(["dead", "list", "--json"], |page| {
        let letters = page["letters"].as_array().cloned().unwrap_or_default();
        letters.iter().filter(|letter| letter["redrives"] == 1).count() == 2
    });
    let left = mill.wasmill(["dead", "list", "--error", rare, "--json"]).ok().json();
    assert_eq!(left["letters"][0]["redrives"], 0, "{left}");
}

#[test]
fn a_purge_by_error_asks_with_its_number_and_leaves_the_others() {
    let (_folder, mill) = mill_with_letters();
    let common = groups(&mill)[0]["error"].as_str().unwrap().to_owned();
    let asked = mill.wasmill(["dead", "purge", "--error", &common]).code(1).stderr;
    assert!(asked.contains("--yes"), "{asked}");
    let foretold = mill.wasmill(["dead", "purge", "--error", &common, "--dry-run"]).ok().stdout;
    assert_eq!(foretold, "would be purged 2 dead letters\n");
    let purged = mill.wasmill(["dead", "purge", "--error", &common, "--yes"]).ok().stdout;
    assert_eq!(purged, "purged 2 dead letters\n");
    mill.until(["dead", "list", "--json"], |page| {
        page["letters"].as_array().is_some_and(|letters| letters.len() == 1)
    });
    let none = mill.wasmill(["dead", "purge", "--error", "nobody said this"]).ok().stdout;
    assert_eq!(none, "purged 0 dead letters\n");
}
