//! The handler to start from: a payload `{"name": "Ada"}` becomes `{"greeting": "Hello, Ada!"}`. Without a name, or
//! with an empty payload, it greets the world. It calls nothing, so it is also the baseline of a typed handler.

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, handler};

/// Who to greet.
#[derive(Deserialize)]
struct Visitor {
    name: Option<String>,
}

/// The greeting.
#[derive(Serialize)]
struct Reply {
    greeting: String,
}

#[handler]
fn hello(visitor: Option<Visitor>) -> Result<Reply, Failure> {
    let name = visitor.and_then(|visitor| visitor.name);
    Ok(Reply { greeting: format!("Hello, {}!", name.as_deref().unwrap_or("world")) })
}

#[cfg(test)]
mod tests;
