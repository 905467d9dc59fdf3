//! The API's description, served where its readers look for it.

use axum::Router;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, Response, ResponseBuilder};
use wasmill_job::{Role, Roles};

use crate::{Access, Rules};

/// The name of the security scheme.
const SCHEME: &str = "token";

/// Adds to the description which roles each operation needs one of, and how it is refused. Without tokens nothing is needed,
/// and nothing is added.
pub fn describe_tokens(api: &mut OpenApi, access: &Access, rules: Rules) {
    if access.is_open() {
        return;
    }
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some(
        "A token made by `wasmill token create`, with one of the roles that the operation names.".into(),
    );
    api.components
        .get_or_insert_default()
        .security_schemes
        .insert(SCHEME.into(), SecurityScheme::Http(scheme).into());
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(need) = rules(&method, path).need {
                describe_roles(operation, need.one_of);
            }
        }
    }
}

fn describe_roles(operation: &mut Operation, one_of: Roles) {
    // Of the requirements one has to be met. For other schemes than OAuth the list names roles that mean something to the
    // server alone (OpenAPI 3.1, 4.8.30).
    let requirement = |role: Role| SecurityRequirement::new(SCHEME, [role.as_str()]);
    operation.security = Some(one_of.iter().map(requirement).collect());
    let responses = &mut operation.responses.responses;
    responses
        .entry("401".into())
        .or_insert_with(|| refusal("No token, or one that is not known any more.").into());
    responses
        .entry("403".into())
        .or_insert_with(|| refusal("The token has not the role for this, or is for other job types.").into());
}

fn refusal(description: &str) -> Response {
    let document = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", document).build()
}

/// The operations on a path by their methods; those that OpenAPI knows and we have.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let methods = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

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
