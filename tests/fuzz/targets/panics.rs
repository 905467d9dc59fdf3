//! Which panics are findings. The engine would end the process at any; the checker stands in front of decoders that others
//! wrote, and turns their panics into a refusal, which is how it is meant.

use std::panic;
use std::process::abort;

/// From here on, panics in crates of this workspace end the process, and others unwind to whoever catches them.
pub(crate) fn end_the_process_when_they_are_ours() {
    panic::set_hook(Box::new(|info| {
        // Crates from elsewhere have absolute paths.
        let ours = info.location().is_none_or(|place| !place.file().starts_with('/'));
        eprintln!("{info}");
        if ours {
            abort();
        }
    }));
}
