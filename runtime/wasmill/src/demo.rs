//! The parts of `wasmill demo`: what it works on, the work itself, and what was measured.

pub(crate) mod corpus;
pub(crate) mod load;
pub(crate) mod report;
pub(crate) mod spread;
