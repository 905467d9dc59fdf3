//! Each import has a place of its own in what was used, and older records of usage are read.

use super::{Import, ImportUsage, Imports, Usage};

#[test]
fn every_import_stands_at_its_own_place() {
    let mut imports = Imports::default();
    for (place, import) in Import::ALL.into_iter().enumerate() {
        imports.get_mut(import).calls = place as u64 + 1;
    }
    let found: Vec<_> = imports.called().map(|(import, usage)| (import, usage.calls)).collect();
    let wanted: Vec<_> = Import::ALL.into_iter().zip(1..).collect();
    assert_eq!(found, wanted);
    assert_eq!(imports.calls(), (1..=9).sum::<u64>());
}

#[test]
fn only_what_was_called_is_written_and_older_usage_is_read() {
    let mut usage =
        Usage { fuel: 1, wall_us: 2, memory_peak_bytes: 3, cpu_us: 4, imports: Imports::default() };
    *usage.imports.get_mut(Import::Http) = ImportUsage { calls: 1, bytes: 2, wall_us: 3 };
    let text = serde_json::to_string(&usage).unwrap();
    assert_eq!(
        text,
        r#"{"fuel":1,"wall_us":2,"memory_peak_bytes":3,"cpu_us":4,"imports":{"http":{"calls":1,"bytes":2,"wall_us":3}}}"#
    );
    assert_eq!(serde_json::from_str::<Usage>(&text).unwrap(), usage);
    let old: Usage = serde_json::from_str(r#"{"fuel":1,"wall_us":2,"memory_peak_bytes":3}"#).unwrap();
    assert_eq!(old, Usage { fuel: 1, wall_us: 2, memory_peak_bytes: 3, ..Usage::default() });
}
