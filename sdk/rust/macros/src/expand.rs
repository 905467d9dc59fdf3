//! What `#[handler]` expands to: the function as it was written, and the export that calls it. A function that
//! cannot be a handler gets all its mistakes told at once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, ReturnType, Safety};

pub(crate) fn expand(options: TokenStream, function: TokenStream) -> TokenStream {
    let item: ItemFn = match syn::parse2(function.clone()) {
        Ok(item) => item,
        Err(_) => {
            let error = Error::new(function.span(), "#[handler] stands on a function").to_compile_error();
            return quote! { #function #error };
        }
    };
    let name = &item.sig.ident;
    let rest = match mistakes(&options, &item).into_iter().reduce(combined) {
        Some(error) => error.to_compile_error(),
        None => quote! { ::wasmill_sdk::__export!(#name); },
    };
    quote! { #item #rest }
}

fn mistakes(options: &TokenStream, item: &ItemFn) -> Vec<Error> {
    let signature = &item.sig;
    let mut errors = Vec::new();
    if !options.is_empty() {
        errors.push(Error::new(
            options.span(),
            "#[handler] takes no options; the argument's type says how the payload is read",
        ));
    }
    if let Some(word) = &signature.asyncness {
        errors.push(Error::new(
            word.span(),
            "a handler is not async: it has its instance for itself and may block",
        ));
    }
    if let Safety::Unsafe(word) = &signature.safety {
        errors.push(Error::new(word.span(), "a handler is a safe function"));
    }
    if let Some(abi) = &signature.abi {
        errors.push(Error::new(abi.span(), "a handler is a plain Rust function; the macro makes the export"));
    }
    if !signature.generics.params.is_empty() {
        errors.push(Error::new(
            signature.generics.span(),
            "a handler is not generic: its types say how the payload is read",
        ));
    }
    if let Some(argument @ FnArg::Receiver(_)) = signature.inputs.first() {
        errors.push(Error::new(argument.span(), "a handler is a free function, without `self`"));
    } else if signature.inputs.len() != 1 {
        errors.push(Error::new(
            signature.ident.span(),
            "a handler takes one argument, the job's payload; `_: wasmill_sdk::Raw` takes any",
        ));
    }
    if matches!(signature.output, ReturnType::Default) {
        errors.push(Error::new(
            signature.ident.span(),
            "a handler answers a Result, for instance `Result<(), wasmill_sdk::Failure>`",
        ));
    }
    errors
}

fn combined(mut first: Error, next: Error) -> Error {
    first.combine(next);
    first
}

#[cfg(test)]
mod tests;
