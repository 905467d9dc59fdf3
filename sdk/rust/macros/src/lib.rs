//! The `#[handler]` attribute of `wasmill-sdk`, which documents and exports it.
#![forbid(unsafe_code)]

mod expand;

/// Makes this function what the module exports: `wasmill:job`'s `handle`.
///
/// The function takes one argument that implements `FromPayload` (any serde type does, from JSON) and answers a
/// `Result` of something that implements `IntoOutput` and something that converts into a `Failure`. It stays an
/// ordinary function: tests call it. A module has one handler.
#[proc_macro_attribute]
pub fn handler(
    options: proc_macro::TokenStream,
    function: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand::expand(options.into(), function.into()).into()
}
