//! The connection to Redis: one for each process, shared by all its calls, made when it is needed and again when it broke.

use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, ProtocolVersion, ServerErrorKind, Value,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::news::News;
use super::script::{Call, Name, Scripts};
use super::trouble::Trouble;
use crate::{RedisConfig, RedisStartError};

/// The way to Redis.
pub(super) struct Link {
    client: Client,
    address: String,
    scripts: Scripts,
    state: Mutex<State>,
    news: Arc<News>,
    /// The keys of the shards' cores.
    cores: Vec<String>,
    /// This process among those that listen.
    listener: String,
    dead_max: u64,
}

/// How the connection stands.
enum State {
    /// Not connected; before `again_at` nobody tries, and everybody is told `why`.
    Down {
        again_at: Instant,
        why: Option<Trouble>,
    },
    Up {
        connection: MultiplexedConnection,
        number: u64,
    },
}

/// How long a call may take. Longer than any script but the check of a very full queue, and shorter than a lease.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// After a connection that failed nobody tries for so long, however many calls there are.
const PAUSE: Duration = Duration::from_millis(100);

impl Link {
    /// Prepares it; connects to nothing yet. `listener` is a random number of this process.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub(super) fn new(config: &RedisConfig, listener: u64, news: Arc<News>) -> Result<Self, RedisStartError> {
        let wrong = |why: &str| {
            RedisStartError::Refused(format!(
                "the address of Redis cannot be used: {why}; write redis://HOST:PORT, redis://USER:PASSWORD@HOST:PORT/DB \
                 or unix:///PATH"
            ))
        };
        if config.name.is_empty() || !config.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            let why = format!("the queue's name `{}` may hold letters, digits and dashes only", config.name);
            return Err(RedisStartError::Refused(why));
        }
        let info = config.url.as_str().into_connection_info();
        let info = info.map_err(|error| wrong(error.detail().unwrap_or("it is no address")))?;
        let address = info.addr().to_string();
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client =
            Client::open(info.set_redis_settings(settings)).map_err(|error| wrong(&error.to_string()))?;
        let cores = (0..config.shards.get()).map(|shard| format!("{{{}:{shard}}}:c", config.name)).collect();
        Ok(Self {
            client,
            address,
            scripts: Scripts::new(),
            state: Mutex::new(State::Down { again_at: Instant::now(), why: None }),
            news,
            cores,
            listener: format!("{listener:016x}"),
            dead_max: config.dead_max,
        })
    }

    /// Host and port, or the path: without user and password.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Names this process to those that wake it.
    pub(super) fn listener(&self) -> &str {
        &self.listener
    }

    pub(super) fn cores(&self) -> &[String] {
        &self.cores
    }

    /// Dead letters kept per type and shard where no log takes them.
    pub(super) fn dead_max(&self) -> u64 {
        self.dead_max
    }

    /// A call of a script on a shard.
    pub(super) fn call(&self, name: Name, shard: usize) -> Call {
        self.scripts.call(name, &self.cores[shard])
    }

    /// Calls a script. A call that fails may have been done all the same.
    pub(super) async fn run(&self, call: &Call) -> Result<Value, Trouble> {
        let (mut connection, number) = self.connection().await?;
        let mut answer = self.script(&mut connection, call).await;
        if let Err(error) = &answer
            && error.is_unrecoverable_error()
        {
            self.broke(number).await;
            // The connection was broken before, and nobody had noticed: nothing of this call was sent.
            if error.is_connection_dropped() && call.name.is_repeatable() {
                let (mut connection, number) = self.connection().await?;
                answer = self.script(&mut connection, call).await;
                if answer.as_ref().is_err_and(redis::RedisError::is_unrecoverable_error) {
                    self.broke(number).await;
                }
            }
        }
        answer.map_err(|error| Trouble::of(&error, &self.address))
    }

    /// A plain command, for the start and the check.
    pub(super) async fn command(&self, command: &redis::Cmd) -> Result<Value, Trouble> {
        let (mut connection, number) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if answer.as_ref().is_err_and(redis::RedisError::is_unrecoverable_error) {
            self.broke(number).await;
        }
        answer.map_err(|error| Trouble::of(&error, &self.address))
    }

    /// Ends the connection; a later call makes a new one.
    pub(super) async fn close(&self) {
        *self.state.lock().await = State::Down { again_at: Instant::now(), why: None };
    }

    async fn script(&self, connection: &mut MultiplexedConnection, call: &Call) -> redis::RedisResult<Value> {
        let answer = call.command().query_async(connection).await;
        match answer {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                redis::cmd("SCRIPT")
                    .arg("LOAD")
                    .arg(self.scripts.text(call.name))
                    .query_async::<()>(connection)
                    .await?;
                call.command().query_async(connection).await
            }
            answer => answer,
        }
    }

    /// The connection, and its number.
    async fn connection(&self) -> Result<(MultiplexedConnection, u64), Trouble> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Up { connection, number } => return Ok((connection.clone(), *number)),
            State::Down { again_at, why: Some(why) } if Instant::now() < *again_at => return Err(why.clone()),
            State::Down { .. } => {}
        }
        match self.connect().await {
            Ok(connection) => {
                let number = rand::random();
                *state = State::Up { connection: connection.clone(), number };
                // What was published while nobody listened is lost.
                self.news.tell_all();
                Ok((connection, number))
            }
            Err(why) => {
                *state = State::Down { again_at: Instant::now() + PAUSE, why: Some(why.clone()) };
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Trouble> {
        let news: Weak<News> = Arc::downgrade(&self.news);
        let hear = move |push: redis::PushInfo| -> Result<(), redis::aio::SendError> {
            if let Some(news) = news.upgrade() {
                news.hear(&push);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_push_sender(hear);
        let trouble = |error: redis::RedisError| Trouble::of(&error, &self.address);
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(trouble)?;
        let run = run_of(&mut connection).await.map_err(trouble)?;
        let mut is_another = false;
        for core in &self.cores {
            let keys = &core[..core.len() - 1];
            connection.subscribe(format!("{keys}!{}", self.listener)).await.map_err(trouble)?;
            connection.subscribe(format!("{keys}!owed")).await.map_err(trouble)?;
            let mut start = self.scripts.call(Name::Start, core);
            start.arg(self.dead_max).arg(&run);
            is_another |= self.script(&mut connection, &start).await.map_err(trouble)? == Value::Int(1);
        }
        if is_another {
            // A file whose torn end was cut inside a transaction is read differently by the next start (seen with 7.0.15).
            // A new file ends that. A user without the right to it goes on without.
            let asked = redis::cmd("BGREWRITEAOF").query_async::<()>(&mut connection).await;
            tracing::info!(rewrites = asked.is_ok(), "Redis was started again");
        }
        Ok(connection)
    }

    async fn broke(&self, number: u64) {
        let mut state = self.state.lock().await;
        if matches!(&*state, State::Up { number: present, .. } if *present == number) {
            *state = State::Down { again_at: Instant::now(), why: None };
        }
    }
}

impl Name {
    /// Whether doing it twice is the same as doing it once, so that a call whose answer was lost may be made again.
    fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::Take
                | Self::Offer
                | Self::Renew
                | Self::Sweep
                | Self::Owed
                | Self::Progress
                | Self::Passed
                | Self::Counts
                | Self::Job
                | Self::List
                | Self::Dead
                | Self::Check
                | Self::Memory
        )
    }
}

/// The server's run: another one after each start.
async fn run_of(connection: &mut MultiplexedConnection) -> redis::RedisResult<String> {
    let info: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
    Ok(run.unwrap_or_default().trim().to_owned())
}
