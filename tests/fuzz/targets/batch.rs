//! The batch body: no line makes its reader panic, and a payload that is read stands in the line byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasmill_ingest::parse_line;

fuzz_target!(|data: &[u8]| {
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(request) = parse_line(line) else { continue };
        let Some(payload) = request.payload else { continue };
        // Not a copy: the payload is a piece of the line itself.
        assert!(line.as_ptr_range().contains(&payload.get().as_ptr()));
    }
});
