//! Which page stands where.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{get, post};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::answer::seal;
use super::{
    act, assets, dead, dead_preview, history, job, job_bytes, jobs, module_versions, modules, overview,
    queues, revision, sign_in, stream, type_list, type_page, workers,
};
use crate::modules::module_bytes;
use crate::router::Console;

/// The pages. Every answer carries the headers that keep a page from being more than a page.
pub(crate) fn router<L: Log, Q: Queue>() -> Router<Arc<Console<L, Q>>> {
    Router::new()
        .route("/", get(async || Redirect::to("/console")))
        .route("/console", get(overview::show::<L, Q>))
        .route("/console/types", get(type_list::show::<L, Q>))
        .route("/console/types/{type}", get(type_page::show::<L, Q>))
        .route("/console/types/{type}/mode", post(act::set_mode::<L, Q>))
        .route("/console/queues", get(queues::show::<L, Q>))
        .route("/console/workers", get(workers::show::<L, Q>))
        .route("/console/jobs", get(jobs::show::<L, Q>))
        .route("/console/jobs/{type}/{id}", get(job::show::<L, Q>))
        .route("/console/jobs/{type}/{id}/payload", get(job_bytes::payload::<L, Q>))
        .route("/console/jobs/{type}/{id}/output", get(job_bytes::output::<L, Q>))
        .route("/console/jobs/{type}/{id}/cancel", post(act::cancel::<L, Q>))
        .route("/console/jobs/{type}/{id}/redrive", post(act::redrive_one::<L, Q>))
        .route("/console/dead", get(dead::show::<L, Q>))
        .route("/console/dead/preview", get(dead_preview::show::<L, Q>))
        .route("/console/dead/redrive", post(act::redrive::<L, Q>))
        .route("/console/dead/purge", post(act::purge::<L, Q>))
        .route("/console/modules", get(modules::show::<L, Q>))
        .route("/console/modules/of/{name}", get(module_versions::show::<L, Q>))
        // The same as the API's: the session of a browser does not open that.
        .route("/console/modules/{digest}", get(module_bytes::<L, Q>))
        .route("/console/history", get(history::show::<L, Q>))
        .route("/console/history/{revision}", get(revision::show::<L, Q>))
        .route("/console/history/{revision}/file", get(revision::file::<L, Q>))
        .route("/console/history/{revision}/rollback", post(act::roll_back::<L, Q>))
        .route("/console/live", get(stream::live::<L, Q>))
        .route("/console/sign-in", get(sign_in::show::<L, Q>).post(sign_in::sign_in::<L, Q>))
        .route("/console/sign-out", post(sign_in::sign_out::<L, Q>))
        .route("/console/assets/{name}", get(assets::asset))
        .layer(middleware::from_fn(seal))
}
