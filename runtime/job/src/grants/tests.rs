//! Which types a pattern covers, and what a secret may be called.

use super::{SecretName, TypePattern};
use crate::JobType;

fn covers(pattern: &str, job_type: &str) -> bool {
    pattern.parse::<TypePattern>().unwrap().covers(&job_type.parse::<JobType>().unwrap())
}

#[test]
fn a_pattern_covers_a_type_a_family_or_all() {
    assert!(covers("email.welcome", "email.welcome"));
    assert!(!covers("email.welcome", "email.welcome.again"));
    assert!(covers("email.*", "email.welcome"));
    assert!(covers("email.*", "email.welcome.again"));
    assert!(!covers("email.*", "email"));
    assert!(!covers("email.*", "emails.welcome"));
    assert!(covers("*", "anything"));
}

#[test]
fn what_names_no_types_is_refused() {
    for wrong in ["", "**", "*.email", "email*", "email.*.welcome", ".*", "e mail", "email.**"] {
        assert!(wrong.parse::<TypePattern>().is_err(), "{wrong}");
    }
}

#[test]
fn secrets_are_called_as_environment_variables_are() {
    for right in ["SMTP_TOKEN", "_x", "a", "TOKEN2"] {
        assert_eq!(right.parse::<SecretName>().unwrap().as_str(), right);
    }
    for wrong in ["", "2FA", "SMTP-TOKEN", "A B", "../x", "Ä", &"A".repeat(65)] {
        assert!(wrong.parse::<SecretName>().is_err(), "{wrong}");
    }
}
