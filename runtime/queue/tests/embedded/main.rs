//! What only the embedded queue promises: damage, kill -9, a full disk, due jobs that wake a sleeper. The port's own
//! promises are held by the conformance suite in `tests/conformance/queue`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod damage;
mod full_disk;
mod kill;
mod limits;
mod open;
mod support;
mod wake;
