//! A proxy in front of Redis that forwards everything, until it is told to be the network at its worst: to steal answers of
//! commands that Redis has executed, to refuse connections, to fall silent.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::{Buf, BytesMut};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::resp::{command_name, frame};

/// Commands of which a connection is made. Their answers are never stolen, so that a client can always come back.
const SET_UP: [&str; 7] = ["HELLO", "AUTH", "SELECT", "CLIENT", "PING", "READONLY", "INFO"];

/// The proxy. Gone with all its connections when dropped.
pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    thief: Arc<Mutex<Thief>>,
    task: JoinHandle<()>,
}

/// Which answers are stolen. A stolen answer was given: Redis had executed the command when its connection was cut, and
/// whoever sent it cannot know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Theft {
    Nothing,
    /// Each n-th answer, counted over all connections.
    Every(u64),
    /// Each answer with this probability, the same sequence for the same seed.
    Share {
        probability: f64,
        seed: u64,
    },
}

/// What holds for all connections at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Wire {
    refusing: bool,
    silent: bool,
    /// A connection lives as long as the count of cuts it was born with.
    cuts: u64,
}

struct Thief {
    theft: Theft,
    chance: StdRng,
    answers: u64,
    stolen: Vec<String>,
}

impl Proxy {
    /// A proxy on a free port before the Redis at `redis`, which need not run yet.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn before(redis: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, watched) = watch::channel(Wire::default());
        let thief = Arc::new(Mutex::new(Thief::new(Theft::Nothing)));
        let task = tokio::spawn(serve(listener, redis, watched, Arc::clone(&thief)));
        Self { address, wire, thief, task }
    }

    /// `redis://…` of the proxy; a password has to be added by whoever needs one.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on steals answers so. The counting begins anew; what was stolen stays counted.
    ///
    /// # Panics
    /// When a connection's task has panicked.
    pub fn steal(&self, theft: Theft) {
        let mut thief = self.thief.lock().unwrap();
        let stolen = std::mem::take(&mut thief.stolen);
        *thief = Thief { stolen, ..Thief::new(theft) };
    }

    /// The commands whose answers were stolen so far, in their order.
    ///
    /// # Panics
    /// When a connection's task has panicked.
    pub fn stolen(&self) -> Vec<String> {
        self.thief.lock().unwrap().stolen.clone()
    }

    /// New connections are closed at once, until [`Proxy::heal`]. Those that are open stay.
    pub fn refuse(&self) {
        self.wire.send_modify(|wire| wire.refusing = true);
    }

    /// Nothing more passes in either direction, until [`Proxy::heal`]; connections stay open.
    pub fn pause(&self) {
        self.wire.send_modify(|wire| wire.silent = true);
    }

    /// Closes every open connection, as they are.
    pub fn cut(&self) {
        self.wire.send_modify(|wire| wire.cuts += 1);
    }

    /// Steals, refuses and holds back nothing more.
    pub fn heal(&self) {
        self.steal(Theft::Nothing);
        self.wire.send_modify(|wire| (wire.refusing, wire.silent) = (false, false));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Thief {
    fn new(theft: Theft) -> Self {
        let seed = if let Theft::Share { seed, .. } = theft { seed } else { 0 };
        Self { theft, chance: StdRng::seed_from_u64(seed), answers: 0, stolen: Vec::new() }
    }

    /// Whether the answer to this command is stolen.
    fn takes(&mut self, command: &str) -> bool {
        if SET_UP.contains(&command) {
            return false;
        }
        self.answers += 1;
        let takes = match self.theft {
            Theft::Nothing => false,
            Theft::Every(nth) => self.answers.is_multiple_of(nth),
            Theft::Share { probability, .. } => self.chance.random_bool(probability),
        };
        if takes {
            self.stolen.push(command.to_owned());
        }
        takes
    }
}

async fn serve(
    listener: TcpListener,
    redis: SocketAddr,
    wire: watch::Receiver<Wire>,
    thief: Arc<Mutex<Thief>>,
) {
    // Aborted with the proxy, because they are dropped with this future.
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if wire.borrow().refusing {
            continue;
        }
        let (wire, thief) = (wire.clone(), Arc::clone(&thief));
        connections.spawn(async move {
            // Any end of a connection is an end: both sides see it closed.
            let _ = connection(client, redis, wire, &thief).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(
    client: TcpStream,
    redis: SocketAddr,
    mut wire: watch::Receiver<Wire>,
    thief: &Mutex<Thief>,
) -> io::Result<()> {
    let cuts = wire.borrow().cuts;
    let redis = TcpStream::connect(redis).await?;
    client.set_nodelay(true)?;
    redis.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_redis, to_redis) = redis.into_split();
    // Commands that Redis has got and not answered, oldest first.
    let asked = Mutex::new(VecDeque::new());
    tokio::select! {
        end = requests(from_client, to_redis, wire.clone(), &asked) => end,
        end = answers(from_redis, to_client, wire.clone(), &asked, thief) => end,
        _ = wire.wait_for(|wire| wire.cuts != cuts) => Ok(()),
    }
}

async fn requests(
    mut client: OwnedReadHalf,
    mut redis: OwnedWriteHalf,
    mut wire: watch::Receiver<Wire>,
    asked: &Mutex<VecDeque<String>>,
) -> io::Result<()> {
    let mut received = BytesMut::new();
    let mut named = 0;
    while client.read_buf(&mut received).await? > 0 {
        while let Some(length) = frame(&received[named..]) {
            asked.lock().unwrap().push_back(command_name(&received[named..named + length]));
            named += length;
        }
        let _ = wire.wait_for(|wire| !wire.silent).await;
        redis.write_all(&received[..named]).await?;
        received.advance(named);
        named = 0;
    }
    Ok(())
}

async fn answers(
    mut redis: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    mut wire: watch::Receiver<Wire>,
    asked: &Mutex<VecDeque<String>>,
    thief: &Mutex<Thief>,
) -> io::Result<()> {
    let mut received = BytesMut::new();
    while redis.read_buf(&mut received).await? > 0 {
        let (mut passed, mut stolen) = (0, false);
        while let Some(length) = frame(&received[passed..]) {
            let command = answered(&received[passed..passed + length], &mut asked.lock().unwrap());
            stolen = command.is_some_and(|command| thief.lock().unwrap().takes(&command));
            if stolen {
                break;
            }
            passed += length;
        }
        let _ = wire.wait_for(|wire| !wire.silent).await;
        client.write_all(&received[..passed]).await?;
        received.advance(passed);
        if stolen {
            return Ok(());
        }
    }
    Ok(())
}

/// The command that a frame answers. Messages that nobody asked for are no answers, and of those that are pushed only the
/// confirmations of a subscription are asked for; they are never stolen.
fn answered(frame: &[u8], asked: &mut VecDeque<String>) -> Option<String> {
    if frame.first() != Some(&b'>') {
        return asked.pop_front();
    }
    let confirms = frame.starts_with(b">3\r\n$9\r\nsubscribe\r\n");
    if confirms && asked.front().is_some_and(|command| command == "SUBSCRIBE") {
        asked.pop_front();
    }
    None
}

#[cfg(test)]
mod tests;
