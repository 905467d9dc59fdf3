//! The API's description, served where its readers look for it.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::OpenApi;

/// Serves `api` at `/openapi.json`. It is written out once.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi_route(api: &OpenApi) -> Result<Router, serde_json::Error> {
    let text = Bytes::from(serde_json::to_vec(api)?);
    Ok(Router::new().route(
        "/openapi.json",
        get(move || {
            let text = text.clone();
            async move { ([(CONTENT_TYPE, "application/json")], text) }
        }),
    ))
}
