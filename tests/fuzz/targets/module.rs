//! The module checker: whatever is uploaded, it answers; and the component that it makes of a core module is one that it
//! takes itself, with the same imports.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use wasm_smith::{Config, Module};
use wasmill_sandbox::{CheckLimits, check};

mod contract;
mod panics;

fuzz_target!(
    init: panics::end_the_process_when_they_are_ours(),
    |data: &[u8]| {
        look_at(data);
        let mut bytes = Unstructured::new(data);
        // Any module at all, and one that has the shape of a handler with features that may be forbidden here.
        let Ok(mut config) = bytes.arbitrary::<Config>() else { return };
        if let Ok(module) = Module::new(config.clone(), &mut bytes) {
            look_at(&module.to_bytes());
        }
        config.module_shape = Some(contract::shape());
        if let Ok(module) = Module::new(config, &mut bytes) {
            look_at(&contract::with_contract(module.to_bytes()));
        }
    }
);

fn look_at(upload: &[u8]) {
    let limits = CheckLimits::default();
    let Ok(component) = check(upload, &limits) else { return };
    let again = check(component.bytes(), &limits).expect("what the checker makes, it takes");
    assert_eq!((component.speaks(), component.imports()), (again.speaks(), again.imports()));
}
