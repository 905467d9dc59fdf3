//! What the crate `getrandom` calls when it is built with the backend `custom`. Versions 0.3 and 0.4 ask for the same
//! name, with the same shape of error.
#![allow(unsafe_code, reason = "the name and its raw parts are getrandom's interface")]

/// # Safety
/// `target` must be valid for writes of `bytes` bytes, as getrandom promises.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    target: *mut u8,
    bytes: usize,
) -> Result<(), getrandom::Error> {
    // SAFETY: getrandom passes a buffer of its own of this length. It may be uninitialised, so it is written first.
    let target = unsafe {
        target.write_bytes(0, bytes);
        std::slice::from_raw_parts_mut(target, bytes)
    };
    wasmill_sdk::random::fill(target);
    Ok(())
}
