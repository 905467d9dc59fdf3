//! The little of Kafka's protocol that the test world speaks: old, fixed versions of six requests. The tests' own, so that
//! what watches Kafka does not share a mistake with the client that is watched, and so that each broker can be asked alone.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one question may take. A frozen broker takes connections, and answers nobody.
const PATIENCE: Duration = Duration::from_secs(2);

/// Codes that a test may meet; Kafka's documentation has all of them.
pub(super) const REQUEST_TIMED_OUT: i16 = 7;
pub(super) const NOT_CONTROLLER: i16 = 41;
pub(super) const TOO_FEW_BROKERS: i16 = 38;
pub(super) const TOPIC_ALREADY_EXISTS: i16 = 36;
pub(super) const UNKNOWN_TOPIC: i16 = 3;

/// What one broker knows about the cluster.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) cluster: String,
    /// Brokers that are registered and not fenced, in order.
    pub(super) brokers: Vec<u32>,
    /// All topics, Kafka's own ones included; partitions in order.
    pub(super) topics: BTreeMap<String, Vec<Partition>>,
}

/// One partition, as a broker knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// `None` while no replica may lead.
    pub leader: Option<u32>,
    pub replicas: Vec<u32>,
    /// The replicas that are in sync, in order.
    pub in_sync: Vec<u32>,
}

/// What a broker refused: Kafka's code and, where it gives one, its reason.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: i16,
    pub(super) reason: String,
}

/// What a configuration belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resource<'a> {
    Topic(&'a str),
    Broker(u32),
}

/// Whether something at this address speaks Kafka's protocol: the only question that a controller answers too.
pub(super) async fn versions(address: SocketAddr) -> io::Result<()> {
    let mut answer = Answer::to(address, 18, 0, &[]).await?;
    answer.i16().map(drop)
}

pub(super) async fn metadata(address: SocketAddr) -> io::Result<Metadata> {
    // No list of topics: all of them.
    let mut answer = Answer::to(address, 3, 2, &(-1_i32).to_be_bytes()).await?;
    let mut brokers = answer.array(|answer| {
        let id = answer.id()?;
        answer.string()?;
        answer.i32()?;
        answer.string()?;
        Ok(id)
    })?;
    brokers.sort_unstable();
    let cluster = answer.string()?;
    answer.i32()?;
    let topics = answer.array(|answer| {
        answer.i16()?;
        let name = answer.string()?;
        answer.take(1)?;
        let mut partitions = answer.array(|answer| {
            answer.i16()?;
            let index = answer.i32()?;
            let leader = u32::try_from(answer.i32()?).ok();
            let replicas = answer.array(Answer::id)?;
            let mut in_sync = answer.array(Answer::id)?;
            in_sync.sort_unstable();
            Ok((index, Partition { leader, replicas, in_sync }))
        })?;
        partitions.sort_unstable_by_key(|(index, _)| *index);
        Ok((name, partitions.into_iter().map(|(_, partition)| partition).collect()))
    })?;
    Ok(Metadata { cluster, brokers, topics: topics.into_iter().collect() })
}

pub(super) async fn create_topic(
    address: SocketAddr,
    name: &str,
    partitions: u32,
    replication: usize,
    configs: &[(&str, &str)],
) -> io::Result<Result<(), Refused>> {
    let mut body = Body::default();
    body.count(1).string(name).i32(i32::try_from(partitions).unwrap());
    body.i16(i16::try_from(replication).unwrap()).count(0).count(configs.len());
    for (name, value) in configs {
        body.string(name).string(value);
    }
    body.i32(i32::try_from(PATIENCE.as_millis()).unwrap()).i8(0);
    let mut answer = Answer::to(address, 19, 2, &body.0).await?;
    answer.i32()?;
    answer.count()?;
    answer.string()?;
    answer.verdict(true)
}

pub(super) async fn delete_topic(address: SocketAddr, name: &str) -> io::Result<Result<(), Refused>> {
    let mut body = Body::default();
    body.count(1).string(name).i32(i32::try_from(PATIENCE.as_millis()).unwrap());
    let mut answer = Answer::to(address, 20, 1, &body.0).await?;
    answer.i32()?;
    answer.count()?;
    answer.string()?;
    answer.verdict(false)
}

/// Sets one configuration and leaves all others as they are.
pub(super) async fn alter(
    address: SocketAddr,
    resource: Resource<'_>,
    name: &str,
    value: &str,
) -> io::Result<Result<(), Refused>> {
    let (kind, owner) = match resource {
        Resource::Topic(topic) => (2, topic.to_owned()),
        Resource::Broker(id) => (4, id.to_string()),
    };
    let mut body = Body::default();
    body.count(1).i8(kind).string(&owner).count(1).string(name).i8(0).string(value).i8(0);
    let mut answer = Answer::to(address, 44, 0, &body.0).await?;
    answer.i32()?;
    answer.count()?;
    answer.verdict(true)
}

/// A request's body.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn i8(&mut self, number: i8) -> &mut Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn i16(&mut self, number: i16) -> &mut Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn i32(&mut self, number: i32) -> &mut Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.i32(i32::try_from(count).unwrap())
    }

    fn string(&mut self, text: &str) -> &mut Self {
        self.i16(i16::try_from(text.len()).unwrap());
        self.0.extend(text.as_bytes());
        self
    }
}

/// What is left of an answer.
struct Answer(std::vec::IntoIter<u8>);

impl Answer {
    /// Sends one request on a connection of its own.
    async fn to(address: SocketAddr, key: i16, version: i16, body: &[u8]) -> io::Result<Self> {
        timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(address).await?;
            let mut request = Body::default();
            // Its key and version, a number that comes back, and no client's name.
            request.i16(key).i16(version).i32(7).i16(-1);
            stream.write_i32(i32::try_from(request.0.len() + body.len()).unwrap()).await?;
            stream.write_all(&request.0).await?;
            stream.write_all(body).await?;
            let length = usize::try_from(stream.read_i32().await?).map_err(|_| torn())?;
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer).await?;
            let mut answer = Self(answer.into_iter());
            answer.i32()?;
            Ok(answer)
        })
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    fn take(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let taken: Vec<u8> = self.0.by_ref().take(bytes).collect();
        if taken.len() == bytes { Ok(taken) } else { Err(torn()) }
    }

    fn i16(&mut self) -> io::Result<i16> {
        Ok(i16::from_be_bytes(self.take(2)?.try_into().unwrap()))
    }

    fn i32(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.take(4)?.try_into().unwrap()))
    }

    fn id(&mut self) -> io::Result<u32> {
        u32::try_from(self.i32()?).map_err(|_| torn())
    }

    fn count(&mut self) -> io::Result<usize> {
        Ok(usize::try_from(self.i32()?).unwrap_or(0))
    }

    /// No text is an empty one.
    fn string(&mut self) -> io::Result<String> {
        let length = usize::try_from(self.i16()?).unwrap_or(0);
        Ok(String::from_utf8_lossy(&self.take(length)?).into_owned())
    }

    fn array<T>(&mut self, mut element: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        (0..self.count()?).map(|_| element(self)).collect()
    }

    fn verdict(&mut self, with_reason: bool) -> io::Result<Result<(), Refused>> {
        let code = self.i16()?;
        let reason = if with_reason { self.string()? } else { String::new() };
        Ok(if code == 0 { Ok(()) } else { Err(Refused { code, reason }) })
    }
}

fn torn() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not what Kafka's protocol says")
}
