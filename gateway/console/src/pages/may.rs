//! What whoever looks at a page may do: decides which buttons and links it has. Not a guard: the routes have their own.

use wasmill_http::Caller;
use wasmill_job::Role;

/// What the roles of a caller leave. What its scope leaves, each page asks itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct May {
    /// Look into single jobs, redrive and purge dead letters.
    pub(super) operate: bool,
    /// Cancel jobs.
    pub(super) cancel: bool,
    /// Change the routing table: pause and resume job types, go back to an older revision.
    pub(super) deploy: bool,
}

impl May {
    pub(super) fn of(caller: &Caller) -> Self {
        let roles = caller.roles();
        let operate = roles.contain(Role::Operate);
        let cancel = operate || roles.contain(Role::Enqueue);
        Self { operate, cancel, deploy: roles.contain(Role::Deploy) }
    }
}
