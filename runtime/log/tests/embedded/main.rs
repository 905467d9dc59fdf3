//! What only the embedded log promises: kill -9, failing disks, damage, retention. The port's own promises are held by
//! the conformance suite in `tests/conformance/log`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod damage;
mod failing_disk;
mod kill;
mod support;
mod trim;
