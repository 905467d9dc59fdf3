//! The little of Redis's protocol (RESP 2 and 3) that the test world speaks: requests, whole answers, and where each ends
//! in a stream of bytes. The tests' own, so that what watches Redis does not share a mistake with what is watched.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What Redis answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A simple string, such as `OK`.
    Simple(String),
    /// An error, with its code: `OOM command not allowed …`.
    Error(String),
    Integer(i64),
    /// A string of any bytes.
    Bulk(Vec<u8>),
    Array(Vec<Answer>),
    /// No value.
    Nil,
}

/// One connection that sends a request and waits for its answer.
pub(crate) struct RespConnection {
    stream: TcpStream,
    received: BytesMut,
}

impl RespConnection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: BytesMut::new() })
    }

    pub(crate) async fn ask(&mut self, words: &[&str]) -> io::Result<Answer> {
        self.stream.write_all(&request(words)).await?;
        loop {
            if let Some(length) = frame(&self.received) {
                let answer = Answer::read(&self.received[..length]);
                self.received.advance(length);
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Answer {
    /// From exactly one frame.
    ///
    /// # Panics
    /// When the frame is not of RESP 2, the protocol of every connection that has not asked for another.
    pub(crate) fn read(frame: &[u8]) -> Self {
        let mut rest = frame;
        let answer = Self::read_from(&mut rest);
        assert!(rest.is_empty(), "{} bytes behind the answer", rest.len());
        answer
    }

    fn read_from(rest: &mut &[u8]) -> Self {
        let end = line_end(rest).expect("a whole frame");
        let (kind, line) = (rest[0], String::from_utf8_lossy(&rest[1..end - 2]).into_owned());
        *rest = &rest[end..];
        match kind {
            b'+' => Self::Simple(line),
            b'-' => Self::Error(line),
            b':' => Self::Integer(line.parse().expect("an integer")),
            b'$' | b'*' if line.starts_with('-') => Self::Nil,
            b'$' => {
                let (bytes, behind) = rest.split_at(line.parse().expect("a length"));
                *rest = &behind[2..];
                Self::Bulk(bytes.to_vec())
            }
            b'*' => {
                Self::Array((0..line.parse().expect("a length")).map(|_| Self::read_from(rest)).collect())
            }
            other => panic!("`{}` is no type of RESP 2", char::from(other)),
        }
    }

    /// The text of a string, an integer or an error.
    ///
    /// # Panics
    /// When it is something else.
    pub fn text(&self) -> String {
        match self {
            Self::Simple(text) | Self::Error(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Array(_) | Self::Nil => panic!("{self:?} is no text"),
        }
    }

    /// The number, of an integer or of a string that says one.
    ///
    /// # Panics
    /// When it is something else.
    pub fn integer(&self) -> i64 {
        self.text().parse().unwrap_or_else(|_| panic!("{self:?} is no integer"))
    }
}

/// A request of these words, as bytes.
pub(crate) fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// The first word of a request frame, in capitals.
pub(crate) fn command_name(request: &[u8]) -> String {
    let words = match request.first() {
        Some(b'*') => Answer::read(request),
        // An inline command, as typed by hand.
        _ => Answer::Simple(String::from_utf8_lossy(request).trim().to_owned()),
    };
    let first = match &words {
        Answer::Array(words) => words.first().map(Answer::text),
        words => words.text().split(' ').next().map(str::to_owned),
    };
    first.unwrap_or_default().to_uppercase()
}

/// How many bytes the first whole frame of `bytes` has; `None` while it is not whole. Reads all types of RESP 3.
pub(crate) fn frame(bytes: &[u8]) -> Option<usize> {
    let end = line_end(bytes)?;
    let length = || std::str::from_utf8(&bytes[1..end - 2]).ok().and_then(|text| text.parse::<i64>().ok());
    let parts = match bytes[0] {
        b'$' | b'=' | b'!' => {
            let whole = match length().and_then(|length| usize::try_from(length).ok()) {
                Some(length) => end + length + 2,
                None => end,
            };
            return (bytes.len() >= whole).then_some(whole);
        }
        b'*' | b'~' | b'>' => length().unwrap_or_default().max(0),
        b'%' => 2 * length().unwrap_or_default(),
        // Attributes come before the value that they describe.
        b'|' => 2 * length().unwrap_or_default() + 1,
        _ => 0,
    };
    (0..parts).try_fold(end, |at, _| Some(at + frame(&bytes[at..])?))
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\r\n").map(|at| at + 2)
}

#[cfg(test)]
mod tests;
