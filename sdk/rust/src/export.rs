//! What `#[handler]` leaves behind in the handler's crate: in a guest the export, natively a check of its types.

/// Exports the handler to the host.
#[cfg(target_arch = "wasm32")]
#[macro_export]
#[doc(hidden)]
macro_rules! __export {
    ($handler:ident) => {
        const _: () = {
            struct Exported;
            impl $crate::bindings::exports::wasmill::job::handler::Guest for Exported {
                fn handle(
                    payload: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<
                    ::std::vec::Vec<u8>,
                    $crate::bindings::exports::wasmill::job::handler::Failure,
                > {
                    $crate::__private::run_in_guest($handler, payload)
                }
            }
            $crate::bindings::export_handler!(
                Exported with_types_in $crate::bindings
            );
        };
    };
}

/// Says that the handler is used, and finds wrong types, where nothing is exported.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
#[doc(hidden)]
macro_rules! __export {
    ($handler:ident) => {
        const _: fn(::std::vec::Vec<u8>) -> ::std::result::Result<::std::vec::Vec<u8>, $crate::Failure> =
            |payload| $crate::__private::run($handler, payload);
    };
}
