//! What the macro expands to, and what it says about functions that cannot be handlers.

use quote::quote;

use super::expand;

fn expanded(function: proc_macro2::TokenStream) -> String {
    expand(quote!(), function).to_string()
}

#[test]
fn a_function_is_kept_and_exported() {
    let function = quote! { pub fn greet(job: Greeting) -> Result<Reply, Failure> { answer(job) } };
    let both = quote! { #function ::wasmill_sdk::__export!(greet); };
    assert_eq!(expanded(function), both.to_string());
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = expanded(quote! { async unsafe extern "C" fn greet<T>(&self) { } });
    for part in
        ["not async", "safe function", "plain Rust function", "not generic", "without `self`", "a Result"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("__export"));
}

#[test]
fn a_handler_takes_one_argument() {
    for function in [quote! { fn none() -> R {} }, quote! { fn two(a: A, b: B) -> R {} }] {
        assert!(expanded(function).contains("takes one argument"));
    }
}

#[test]
fn only_functions_can_be_handlers() {
    let text = expanded(quote! { struct Greeting; });
    assert!(text.contains("struct Greeting") && text.contains("stands on a function"));
}

#[test]
fn options_are_refused() {
    let text = expand(quote!(raw), quote! { fn greet(job: Raw) -> R {} }).to_string();
    assert!(text.contains("takes no options"));
}
