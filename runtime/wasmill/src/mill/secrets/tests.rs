//! Where secrets are found, and what is said of those that are missing or open to others.
#![allow(clippy::unwrap_used)]

use std::fs::{Permissions, set_permissions, write};

use super::*;

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

#[test]
fn a_file_is_read_without_its_last_line_feed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("TOKEN_OF_A_FILE");
    write(&file, "s3cr3t\nwith two lines\n").unwrap();
    set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(find(&name("TOKEN_OF_A_FILE"), folder.path()).unwrap(), "s3cr3t\nwith two lines");
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("OPEN_TOKEN");
    write(&file, "s3cr3t").unwrap();
    set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let refusal = find(&name("OPEN_TOKEN"), folder.path()).unwrap_err();
    assert!(refusal.contains("chmod 600"), "{refusal}");
    assert!(!refusal.contains("s3cr3t"), "{refusal}");
}

#[test]
fn what_is_missing_says_where_it_could_be() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = find(&name("NO_SUCH_TOKEN"), folder.path()).unwrap_err();
    assert!(refusal.contains("WASMILL_SECRET_NO_SUCH_TOKEN"), "{refusal}");
    let refusal = find(&name("NO_SUCH_TOKEN"), Path::new("")).unwrap_err();
    assert!(refusal.contains("sandbox.secrets_dir"), "{refusal}");
}
