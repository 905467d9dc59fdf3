//! Files on the command line, and `-` for the standard input.

use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::str::FromStr;

use bytes::Bytes;

use crate::failure::{Failure, Result};

/// Where bytes come from.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// All of it.
    pub(crate) fn read(&self) -> Result<Bytes> {
        let read = match self {
            Self::Stdin => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
            Self::File(path) => std::fs::read(path),
        };
        read.map(Bytes::from).map_err(|error| self.unreadable(&error))
    }

    /// As a stream, with its length where there is one.
    pub(crate) fn open(&self) -> Result<(Box<dyn BufRead + Send>, Option<u64>)> {
        match self {
            Self::Stdin => Ok((Box::new(BufReader::new(io::stdin())), None)),
            Self::File(path) => {
                let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
                let (metadata, file) = opened.map_err(|error| self.unreadable(&error))?;
                let length = metadata.is_file().then_some(metadata.len());
                Ok((Box::new(BufReader::with_capacity(1 << 18, file)), length))
            }
        }
    }

    /// The failure for an error while reading.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::unreadable(&self.to_string(), error)
    }
}

impl FromStr for Input {
    type Err = Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(text.into()) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("the standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
