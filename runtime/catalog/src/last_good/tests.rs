//! Unit tests of `last_good`.

#![allow(clippy::unwrap_used)]
use wasmill_job::Revision;

use super::*;

#[test]
fn what_was_kept_last_is_read_and_damage_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let kept = LastGood::at(folder.path().join("catalog.last"));
    assert_eq!(kept.read(), None);
    for number in [3, 4] {
        let catalog = Catalog { revision: Revision(number), ..Catalog::default() };
        kept.keep(&catalog);
        assert_eq!(kept.read(), Some(catalog));
    }
    fs::write(folder.path().join("catalog.last"), b"{\"v\":1").unwrap();
    assert_eq!(kept.read(), None);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
