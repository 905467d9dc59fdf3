//! The style and the script of the pages. The name of each holds a hash of what is in it, so a browser may keep it for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use wasmill_http::{Kind, Problem};

/// A file that comes with the binary.
pub(super) struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("style", "css", "text/css; charset=utf-8", include_str!("../../assets/style.css"))
});
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js"))
});

/// `GET /console/assets/{name}`.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some(found) = [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.name == name) else {
        let detail = "There is no such file; reload the page, which names the ones of this release.";
        return Problem::new(Kind::NotFound, detail).into_response();
    };
    let headers = [(CONTENT_TYPE, found.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, found.text).into_response()
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = Sha256::digest(text);
        let short: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}.{short}.{ending}"), kind, text }
    }

    /// Where it is.
    pub(super) fn address(&self) -> String {
        format!("/console/assets/{}", self.name)
    }
}
