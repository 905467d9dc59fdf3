//! Calls to the host: summed by import, limited in all.

use super::*;

#[test]
fn calls_are_summed_by_import_and_limited_in_all() {
    let mut meter = Meter::new(3);
    assert_eq!(meter.call(Import::Log, 10), Ok(()));
    assert_eq!(meter.call(Import::Log, 5), Ok(()));
    assert_eq!(meter.call(Import::Http, 0), Ok(()));
    meter.add_bytes(Import::Http, 100);
    meter.add_wait(Import::Http, Duration::from_millis(2));
    assert_eq!(meter.call(Import::Context, 0), Err(Halt::Calls));
    let imports = meter.imports();
    assert_eq!((imports.get(Import::Log).calls, imports.get(Import::Log).bytes), (2, 15));
    assert_eq!((imports.get(Import::Http).bytes, imports.get(Import::Http).wall_us), (100, 2_000));
    assert_eq!(imports.calls(), 4, "the one too many was made");
}
