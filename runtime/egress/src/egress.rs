//! The gate: judges a request, sends it over a checked connection, and takes the response in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::allow_list::AllowList;
use crate::allowance::Allowance;
use crate::config::{ConfigError, EgressConfig, Limits};
use crate::connect::Connector;
use crate::connection::{Connection, SendFailure};
use crate::error::EgressError;
use crate::message::{Request, Response};
use crate::outgoing::Outgoing;
use crate::pool::{Key, Pool};
use crate::receive::receive;
use crate::resolve::{Resolve, SystemResolver};

/// The one way out for handlers' HTTP. Cheap to clone; clones share connections and limits.
#[derive(Debug, Clone)]
pub struct Egress {
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Gate {
    limits: Limits,
    connector: Connector,
    pool: Arc<Pool>,
    turns: Semaphore,
}

impl Egress {
    /// With the machine's own resolver. Reads no environment variable: there are no proxies.
    pub fn new(config: EgressConfig) -> Result<Self, ConfigError> {
        Self::with_resolver(config, Arc::new(SystemResolver::default()))
    }

    /// With another resolver, whose answers are judged like any others.
    pub fn with_resolver(config: EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self, ConfigError> {
        config.limits.check()?;
        let connector = Connector::new(&config, resolver)?;
        let pool = Arc::new(Pool::new(&config.limits));
        let turns = Semaphore::new(config.limits.calls_in_flight.min(Semaphore::MAX_PERMITS));
        Ok(Self { gate: Arc::new(Gate { limits: config.limits, connector, pool, turns }) })
    }

    /// Sends `request` if `list` grants it, and resolves with the whole response, within the lesser of `timeout` and
    /// the configured one. No redirect is followed and nothing is sent twice: a request goes to another connection only
    /// if not a byte of it was sent. Dropping the future closes the connection.
    ///
    /// A call that is refused before it is sent costs nothing of `allowance`. Runs on tokio.
    pub async fn send(
        &self,
        list: &AllowList,
        request: Request,
        allowance: &mut Allowance,
        timeout: Duration,
    ) -> Result<Response, EgressError> {
        let outgoing = Outgoing::check(list, request, &self.gate.limits)?;
        allowance.begin_call(outgoing.bytes)?;
        let key =
            Key { owner: Arc::clone(list.owner()), origin: outgoing.origin.clone(), reach: outgoing.reach };
        let after = timeout.min(self.gate.limits.call_timeout);
        // Boxed: callers hold this future in futures of their own.
        let call = Box::pin(self.gate.call(key, &outgoing, allowance));
        tokio::time::timeout(after, call).await.unwrap_or(Err(EgressError::Timeout { after }))
    }
}

impl Gate {
    async fn call(
        &self,
        key: Key,
        outgoing: &Outgoing,
        allowance: &mut Allowance,
    ) -> Result<Response, EgressError> {
        let _turn = self.turns.acquire().await.map_err(|_| EgressError::failed("outgoing HTTP is closed"))?;
        let (mut connection, response) = self.reach(&key, outgoing).await?;
        let response = receive(response, &self.limits, allowance).await?;
        if connection.share().is_none() && connection.is_reusable().await {
            self.pool.put(key, connection, Instant::now());
        }
        Ok(response)
    }

    /// Sends over a kept connection, or a new one where there is none that is still open.
    async fn reach(
        &self,
        key: &Key,
        outgoing: &Outgoing,
    ) -> Result<(Connection, http::Response<hyper::body::Incoming>), EgressError> {
        for _ in 0..self.limits.idle_connections_per_owner {
            let Some(mut connection) = self.pool.take(key, Instant::now()) else { break };
            match connection.send(outgoing, &self.limits).await {
                Ok(response) => return Ok((connection, response)),
                Err(SendFailure::Unsent) => {}
                Err(SendFailure::Failed(error)) => return Err(error),
            }
        }
        let mut connection = self.connector.open(&key.origin, key.reach, &self.limits).await?;
        if let Some(shared) = connection.share() {
            self.pool.put(key.clone(), shared, Instant::now());
        }
        match connection.send(outgoing, &self.limits).await {
            Ok(response) => Ok((connection, response)),
            Err(SendFailure::Unsent) => {
                Err(EgressError::failed("the server closed the connection before the request was sent"))
            }
            Err(SendFailure::Failed(error)) => Err(error),
        }
    }
}
