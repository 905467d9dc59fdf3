//! What may be asked of the writer, and the group that one commit serves.

use std::collections::HashSet;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmill_job::{Offset, Position, Progress, TopicPartition};

use crate::embedded::chunk::ChunkHead;
use crate::embedded::shared::Unusable;
use crate::{Append, AppendError};

/// A message to the writer.
#[derive(Debug)]
pub(in crate::embedded) enum Request {
    Append(AppendRequest),
    Progress(ProgressRequest),
    Tidy(TidyRequest),
    /// A reader met trouble: see whether the store must be opened again.
    Check,
    /// Finish what was asked before, then close.
    Close(Option<oneshot::Sender<()>>),
}

#[derive(Debug)]
pub(in crate::embedded) struct AppendRequest {
    pub(in crate::embedded) records: Vec<Append>,
    /// Of the records, keys and values together.
    pub(in crate::embedded) bytes: usize,
    pub(in crate::embedded) reply: oneshot::Sender<Result<Vec<Position>, AppendError>>,
    /// The room it takes among those who wait.
    pub(in crate::embedded) permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(in crate::embedded) struct ProgressRequest {
    pub(in crate::embedded) of: TopicPartition,
    pub(in crate::embedded) progress: Progress,
    pub(in crate::embedded) reply: oneshot::Sender<Result<(), AppendError>>,
}

#[derive(Debug)]
pub(in crate::embedded) struct TidyRequest {
    pub(in crate::embedded) what: Tidy,
    pub(in crate::embedded) reply: oneshot::Sender<Result<(), String>>,
}

/// What the keeper wants done.
#[derive(Debug)]
pub(in crate::embedded) enum Tidy {
    /// Drop these chunks, the oldest of their partitions.
    Drop(Vec<(TopicPartition, Vec<ChunkHead>)>),
    /// Leave some records out of a chunk of a compacted topic.
    Compact { of: TopicPartition, first: Offset, gone: HashSet<Offset> },
}

/// What one commit serves.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) appends: Vec<AppendRequest>,
    pub(super) progress: Vec<ProgressRequest>,
    pub(super) tidy: Vec<TidyRequest>,
    pub(super) reopen: bool,
    pub(super) close: Option<Option<oneshot::Sender<()>>>,
    /// Of all records.
    pub(super) bytes: usize,
}

/// A group is closed when it has this many bytes of records. At disk speed that is some ten milliseconds, so that
/// nobody waits long behind a large group.
const GROUP_BYTES_MAX: usize = 8 << 20;
const GROUP_REQUESTS_MAX: usize = 8192;

impl Group {
    pub(super) fn push(&mut self, request: Request) {
        match request {
            Request::Append(request) => {
                self.bytes += request.bytes;
                self.appends.push(request);
            }
            Request::Progress(request) => self.progress.push(request),
            Request::Tidy(request) => self.tidy.push(request),
            Request::Check => self.reopen = true,
            Request::Close(reply) => self.close = Some(reply),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.close.is_none()
            && self.bytes < GROUP_BYTES_MAX
            && self.appends.len() + self.progress.len() < GROUP_REQUESTS_MAX
            // Tidying is done in small steps, so that it never holds up appends for long.
            && self.tidy.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.progress.is_empty() && self.tidy.is_empty()
    }

    pub(super) fn records(&self) -> usize {
        self.appends.iter().map(|request| request.records.len()).sum()
    }

    /// Everything is durable. Those who have gone away do not get their answer; their records stay.
    pub(super) fn answer(self, positions: Vec<Vec<Position>>, tidied: Vec<Result<(), Unusable>>) {
        for (request, positions) in self.appends.into_iter().zip(positions) {
            drop(request.permit);
            let _ = request.reply.send(Ok(positions));
        }
        for request in self.progress {
            let _ = request.reply.send(Ok(()));
        }
        for (request, outcome) in self.tidy.into_iter().zip(tidied) {
            let _ = request.reply.send(outcome.map_err(|error| format!("{error:?}")));
        }
    }

    pub(super) fn refuse_appends(&mut self, error: &AppendError) {
        self.bytes = 0;
        for request in self.appends.drain(..) {
            let _ = request.reply.send(Err(error.clone()));
        }
    }

    pub(super) fn refuse(&mut self, error: &AppendError) {
        self.refuse_appends(error);
        for request in self.progress.drain(..) {
            let _ = request.reply.send(Err(error.clone()));
        }
        for request in self.tidy.drain(..) {
            let _ = request.reply.send(Err(error.to_string()));
        }
    }
}
