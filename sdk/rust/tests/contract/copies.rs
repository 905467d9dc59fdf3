//! The SDKs that are packages of their own carry the contract with them.

use std::fs;
use std::path::Path;

#[test]
fn every_sdk_has_the_contract_as_it_is() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let contract = fs::read_to_string(sdk.join("wit/job.wit")).unwrap();
    for copy in ["python/wasmill_sdk/wit/job.wit", "javascript/wit/job.wit"] {
        assert!(
            fs::read_to_string(sdk.join(copy)).unwrap() == contract,
            "sdk/{copy} is another text than sdk/wit/job.wit: copy it there"
        );
    }
}
