//! Child jobs under test: what was emitted, and the stand-in for the host.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// A child job that was emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// What `submit` answered: it follows from the parent's id and the key, or the number among its type's children.
    pub id: String,
    pub job_type: String,
    pub payload: Vec<u8>,
    pub key: Option<String>,
    pub delay: Duration,
}

/// An id that the same parent, type and key (or number) always have. Not the one that a host would give.
fn id_of(parent: &str, job_type: &str, key: Option<&str>, number: usize) -> String {
    let half = |which: u8| {
        let mut hasher = DefaultHasher::new();
        (which, parent, job_type).hash(&mut hasher);
        match key {
            Some(key) => key.hash(&mut hasher),
            None => number.hash(&mut hasher),
        }
        hasher.finish()
    };
    let (high, low) = (half(0), half(1));
    format!(
        "{:08x}-{:04x}-8{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// The stand-in for the host's interface.
pub(crate) mod host {
    use std::cell::RefCell;
    use std::time::Duration;

    use crate::emit::Error;
    use crate::testing::running::with;

    pub(crate) struct Child(RefCell<super::Child>);

    pub(crate) fn submit(child: Child) -> Result<String, Error> {
        let mut child = child.0.into_inner();
        with(|running| {
            if let Some(error) = &running.job.emit_error {
                return Err(error.clone());
            }
            let of_type = || running.children.iter().filter(|other| other.job_type == child.job_type);
            if child.key.is_some() && of_type().any(|other| other.key == child.key) {
                let key = child.key.unwrap_or_default();
                return Err(Error::Invalid(format!(
                    "two children of `{}` have the key `{key}`",
                    child.job_type
                )));
            }
            let number = of_type().filter(|other| other.key.is_none()).count();
            child.id = super::id_of(&running.job.id, &child.job_type, child.key.as_deref(), number);
            let id = child.id.clone();
            running.children.push(child);
            Ok(id)
        })
    }

    impl Child {
        pub(crate) fn new(job_type: &str, payload: &[u8]) -> Self {
            Self(RefCell::new(super::Child {
                id: String::new(),
                job_type: job_type.into(),
                payload: payload.into(),
                key: None,
                delay: Duration::ZERO,
            }))
        }

        pub(crate) fn key(&self, key: &str) {
            self.0.borrow_mut().key = Some(key.into());
        }

        pub(crate) fn delay_ms(&self, milliseconds: u64) {
            self.0.borrow_mut().delay = Duration::from_millis(milliseconds);
        }
    }
}
