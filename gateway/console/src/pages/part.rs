//! Parts that pages are put together from.

pub(crate) mod bytes;
pub(crate) mod changes;
pub(crate) mod chart;
pub(crate) mod choose;
pub(crate) mod form;
pub(crate) mod help;
pub(crate) mod moment;
pub(crate) mod number;
pub(crate) mod pipeline;
pub(crate) mod quote;
pub(crate) mod spark;
pub(crate) mod table;
