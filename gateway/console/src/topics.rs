//! What an apply needs of a log that has to be told its topics, handed in by whoever composes the process, so that the
//! console does not have to know an engine.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use wasmill_catalog::Catalog;

/// Makes the topics of a catalog's queues that are not there yet.
#[derive(Clone)]
pub struct MakeTopics(Arc<dyn Fn(Catalog) -> Making + Send + Sync>);

/// Resolves when they are there, or with a sentence that says why they are not, and what to do.
type Making = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl MakeTopics {
    pub fn new<F>(make: impl Fn(Catalog) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Arc::new(move |catalog| Box::pin(make(catalog))))
    }

    pub(crate) async fn run(&self, catalog: Catalog) -> Result<(), String> {
        (self.0)(catalog).await
    }
}

impl fmt::Debug for MakeTopics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeTopics")
    }
}
