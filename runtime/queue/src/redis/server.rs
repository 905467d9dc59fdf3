//! One server of the queue: a connection for each process, shared by all its calls, made when it is needed and again when it
//! broke.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};
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
use crate::RedisStartError;

/// A server, and the shards on it.
pub(super) struct Server {
    client: Client,
    address: String,
    /// Address and database.
    place: String,
    /// The keys of the cores of its shards.
    cores: Vec<String>,
    scripts: Arc<Scripts>,
    process: Arc<Process>,
    state: Mutex<State>,
    /// Whether there is anything in `trouble`: while all is well a call reads only this.
    is_away: AtomicBool,
    trouble: StdMutex<Option<Away>>,
}

/// What the servers of a process share.
pub(super) struct Process {
    /// This process among those that listen.
    pub(super) listener: String,
    pub(super) dead_max: u64,
    /// There are other servers, whose work goes on when this one is away: nobody may wait for it.
    pub(super) has_siblings: bool,
    pub(super) news: Arc<News>,
}

/// A server that did not answer.
struct Away {
    why: Trouble,
    since: Instant,
    /// When somebody tries again; only where there are siblings.
    again_at: Instant,
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

impl Server {
    /// Prepares it; connects to nothing yet.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub(super) fn new(
        url: &str,
        cores: Vec<String>,
        scripts: Arc<Scripts>,
        process: Arc<Process>,
    ) -> Result<Self, RedisStartError> {
        let wrong = |why: &str| {
            RedisStartError::Refused(format!(
                "the address of Redis cannot be used: {why}; write redis://HOST:PORT, redis://USER:PASSWORD@HOST:PORT/DB \
                 or unix:///PATH"
            ))
        };
        let info = url.into_connection_info();
        let info = info.map_err(|error| wrong(error.detail().unwrap_or("it is no address")))?;
        let address = info.addr().to_string();
        let place = format!("{address}/{}", info.redis_settings().db());
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client =
            Client::open(info.set_redis_settings(settings)).map_err(|error| wrong(&error.to_string()))?;
        let state = Mutex::new(State::Down { again_at: Instant::now(), why: None });
        let (is_away, trouble) = (AtomicBool::new(false), StdMutex::default());
        Ok(Self { client, address, place, cores, scripts, process, state, is_away, trouble })
    }

    /// Host and port, or the path: without user and password.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// How many shards share it.
    pub(super) fn sharing(&self) -> usize {
        self.cores.len()
    }

    /// Address and database.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Since when it does not answer, and why; `None` while it does, as far as is known. Asks nobody.
    pub(super) fn away(&self) -> Option<(Instant, Trouble)> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|away| (away.since, away.why.clone()))
    }

    /// Calls a script. A call that fails may have been done all the same.
    pub(super) async fn run(self: &Arc<Self>, call: &Call) -> Result<Value, Trouble> {
        let (mut connection, number) = self.reach().await?;
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
        self.judge(answer, number).await
    }

    /// A plain command, for the start and the check.
    pub(super) async fn command(self: &Arc<Self>, command: &redis::Cmd) -> Result<Value, Trouble> {
        let (mut connection, number) = self.reach().await?;
        let answer = command.query_async(&mut connection).await;
        if answer.as_ref().is_err_and(redis::RedisError::is_unrecoverable_error) {
            self.broke(number).await;
        }
        self.judge(answer, number).await
    }

    /// Notes whether it answers.
    async fn judge(&self, answer: redis::RedisResult<Value>, number: u64) -> Result<Value, Trouble> {
        match answer {
            Ok(value) => {
                self.note_well();
                Ok(value)
            }
            Err(error) => {
                let trouble = Trouble::of(&error, &self.address);
                if error.is_timeout() {
                    self.note_away(&trouble);
                    // It hangs: a new connection will tell when it does so no more.
                    if self.process.has_siblings {
                        self.broke(number).await;
                    }
                }
                Err(trouble)
            }
        }
    }

    /// The connection. While the server is away, and others are not, nobody waits for a new one: it is made in the
    /// background, and calls fail at once.
    async fn reach(self: &Arc<Self>) -> Result<(MultiplexedConnection, u64), Trouble> {
        if self.process.has_siblings && self.is_away.load(Ordering::Relaxed) {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(away) = &mut *trouble {
                if Instant::now() >= away.again_at {
                    away.again_at = Instant::now() + CONNECT_WITHIN + PAUSE;
                    let server = Arc::clone(self);
                    tokio::spawn(async move {
                        // A failure is noted there; a connection that was made meanwhile is as good.
                        if server.connection().await.is_ok() {
                            server.note_well();
                        }
                    });
                }
                return Err(away.why.clone());
            }
        }
        self.connection().await
    }

    fn note_well(&self) {
        if self.is_away.load(Ordering::Relaxed) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.is_away.store(false, Ordering::Relaxed);
        }
    }

    fn note_away(&self, why: &Trouble) {
        let (now, mut trouble) =
            (Instant::now(), self.trouble.lock().unwrap_or_else(PoisonError::into_inner));
        let since = trouble.as_ref().map_or(now, |away| away.since);
        *trouble = Some(Away { why: why.clone(), since, again_at: now + PAUSE });
        self.is_away.store(true, Ordering::Relaxed);
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
                self.note_well();
                self.process.news.tell_all();
                Ok((connection, number))
            }
            Err(why) => {
                self.note_away(&why);
                *state = State::Down { again_at: Instant::now() + PAUSE, why: Some(why.clone()) };
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Trouble> {
        let news: Weak<News> = Arc::downgrade(&self.process.news);
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
        let (run, has_file) = facts_of(&mut connection).await.map_err(trouble)?;
        let mut is_another = false;
        for core in &self.cores {
            let keys = &core[..core.len() - 1];
            connection.subscribe(format!("{keys}!{}", self.process.listener)).await.map_err(trouble)?;
            connection.subscribe(format!("{keys}!owed")).await.map_err(trouble)?;
            let mut start = self.scripts.call(Name::Start, 0, core);
            start.arg(self.process.dead_max).arg(&run).arg(self.sharing());
            is_another |= self.script(&mut connection, &start).await.map_err(trouble)? == Value::Int(1);
        }
        if is_another {
            // A file whose torn end was cut inside a transaction is read differently by the next start (seen with 7.0.15).
            // A new file ends that. A user without the right to it goes on without.
            let rewrites =
                has_file && redis::cmd("BGREWRITEAOF").query_async::<()>(&mut connection).await.is_ok();
            tracing::info!(rewrites, "Redis at {} was started again", self.address);
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
                | Self::Walk
                | Self::Check
                | Self::Memory
                | Self::Report
                | Self::Reports
        )
    }
}

/// The server's run, another one after each start; and whether it writes its changes to a file.
async fn facts_of(connection: &mut MultiplexedConnection) -> redis::RedisResult<(String, bool)> {
    let info: String = redis::cmd("INFO").arg("server").arg("persistence").query_async(connection).await?;
    let fact = |name: &str| {
        let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_default().trim().to_owned()
    };
    Ok((fact("run_id"), fact("aof_enabled") == "1"))
}
