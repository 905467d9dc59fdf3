//! The pages of the console: HTML over the same functions that the admin API answers with. A page decides what is shown and
//! how; no page has a rule of its own.

mod act;
mod answer;
mod assets;
mod charts;
mod cookie;
mod dead;
mod dead_preview;
mod history;
mod job;
mod job_bytes;
mod jobs;
mod lately;
mod may;
mod module_versions;
mod modules;
mod overview;
pub(crate) mod part;
mod queues;
mod revision;
mod routes;
mod shell;
mod sign_in;
mod stream;
mod type_history;
mod type_list;
mod type_page;
mod visit;
mod workers;

pub(crate) use routes::router;
