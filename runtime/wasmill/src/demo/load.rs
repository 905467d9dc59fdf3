//! The demo's work, done as any client would do it: over HTTP, from deploy to the last completed job.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::mpsc;
use wasmill_job::{JobId, JobType};

use crate::batch::envelope;
use crate::client::{Call, Server};
use crate::command::apply::{CatalogFile, Wanted};
use crate::command::job::view::JobView;
use crate::command::status::{MillStatus, TypeStatus};
use crate::demo::corpus::Corpus;
use crate::failure::{Exit, Failure, Result};
use crate::progress::Progress;

/// A mill, and the job type that works in it.
pub(crate) struct Load {
    pub(crate) server: Server,
    pub(crate) job_type: JobType,
}

/// How a burst of jobs went.
#[derive(Debug)]
pub(crate) struct Burst {
    pub(crate) ids: Vec<JobId>,
    pub(crate) payload_bytes: u64,
    /// From the first request until the last job was stored.
    pub(crate) enqueued_in: Duration,
    /// From the first request until the last job had ended.
    pub(crate) ended_in: Duration,
    pub(crate) counts: TypeStatus,
}

/// Some jobs as a request body.
struct Piece {
    body: Vec<u8>,
    jobs: u64,
    payload_bytes: u64,
}

/// The answer to one line of a batch.
#[derive(Debug, Deserialize)]
struct StoredLine {
    id: JobId,
}

/// The handler, as it is checked in; the same source is in `plugins/unfurl`.
const UNFURL: &[u8] = include_bytes!("../../../../plugins/prebuilt/unfurl.wasm");
const MODULE: &str = "unfurl@0.1.0";
const ROUTE: &str = "\
[type.\"chat.unfurl\"]
owner = \"demo\"
handlers = [ { module = \"unfurl@0.1.0\" } ]
";

/// Bytes and jobs of a piece: a few hundred pages of documentation.
const PIECE_BYTES: usize = 1 << 20;
const PIECE_JOBS: u64 = 500;
/// How often the counts are asked for while jobs run: exact enough to time seconds, too seldom to disturb.
const ASK_EVERY: Duration = Duration::from_millis(25);
/// How often a client that waits for its one job asks for it.
const LOOK_EVERY: Duration = Duration::from_millis(1);

impl Load {
    pub(crate) fn new(server: Server) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "a constant that obeys the rules of names; every run of the demo reads it"
        )]
        let job_type = "chat.unfurl".parse().expect("a job type");
        Self { server, job_type }
    }

    /// Deploys the handler and applies its route.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let module = Call::post("/v1/modules").query("tag", MODULE).body("application/wasm", UNFURL);
        self.server.success(module).await?;
        let route = CatalogFile { name: "demo.toml".into(), text: ROUTE.into() };
        let wanted = Wanted { files: vec![route], message: Some("the demo".into()), expect_revision: None };
        self.server.success(Call::post("/v1/catalog/apply").json(&wanted)).await?;
        Ok(())
    }

    /// Enqueues `jobs` jobs as fast as they are taken, and waits until all have ended.
    pub(crate) async fn burst(&self, corpus: &Arc<Corpus>, jobs: u32) -> Result<Burst> {
        let began = Instant::now();
        let (pieces, mut ready) = mpsc::channel(2);
        let (pages, job_type) = (Arc::clone(corpus), self.job_type.clone());
        // Reading pages blocks; on its own thread it goes on while requests are under way.
        let reader = tokio::task::spawn_blocking(move || cut(&pages, &job_type, jobs, &pieces));
        let (mut ids, mut payload_bytes) = (Vec::new(), 0);
        let mut progress = Progress::new("jobs", Some(u64::from(jobs)));
        while let Some(piece) = ready.recv().await {
            payload_bytes += piece.payload_bytes;
            ids.extend(self.enqueue(piece).await?);
            let ended = self.counts().await?.ended();
            progress.at(ended, format!("{} stored, {ended} done", ids.len()));
        }
        reader.await.map_err(|error| Failure::new(Exit::No, error))?;
        let enqueued_in = began.elapsed();
        let counts = self.wait_for(ids.len() as u64, &mut progress).await?;
        Ok(Burst { ids, payload_bytes, enqueued_in, ended_in: began.elapsed(), counts })
    }

    /// Enqueues jobs one after the other, each when the one before has completed: the time a client waits when the
    /// mill has nothing else to do.
    pub(crate) async fn alone(&self, corpus: &Corpus, jobs: usize) -> Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(jobs);
        for index in 0..jobs {
            let payload = payload(corpus, index);
            let body = envelope(&self.job_type, Some(&payload), None, None);
            let began = Instant::now();
            let answer = self.server.success(Call::post("/v1/jobs").body("application/json", body)).await?;
            let id = answer.read::<StoredLine>()?.id;
            while !self.has_ended(id).await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            times.push(began.elapsed());
        }
        Ok(times)
    }

    /// One job of the type.
    pub(crate) async fn job(&self, id: JobId) -> Result<JobView> {
        self.server.success(self.look(id)).await?.read()
    }

    fn look(&self, id: JobId) -> Call {
        Call::get(format!("/v1/jobs/{}/{id}", self.job_type))
    }

    /// Without its receipt a job that has not reached the queue is not known yet.
    async fn has_ended(&self, id: JobId) -> Result<bool> {
        let answer = self.server.send(self.look(id)).await?;
        match answer.status.as_u16() {
            404 => Ok(false),
            200 => Ok(answer.read::<JobView>()?.ended_at_ms.is_some()),
            _ => Err(answer.refusal()),
        }
    }

    async fn enqueue(&self, piece: Piece) -> Result<Vec<JobId>> {
        let call = Call::post("/v1/jobs/batch").body("application/x-ndjson", Bytes::from(piece.body));
        let answer = self.server.success(call).await?;
        let lines = answer.body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let stored = lines.map(|line| serde_json::from_slice::<StoredLine>(line).map(|stored| stored.id));
        let ids: Vec<JobId> = stored.collect::<std::result::Result<_, _>>().map_err(|_| {
            Failure::new(
                Exit::No,
                format_args!("a page was refused: {}", String::from_utf8_lossy(&answer.body)),
            )
        })?;
        if ids.len() as u64 == piece.jobs {
            return Ok(ids);
        }
        Err(Failure::new(Exit::No, format_args!("{} of {} jobs were answered.", ids.len(), piece.jobs)))
    }

    async fn wait_for(&self, jobs: u64, progress: &mut Progress) -> Result<TypeStatus> {
        loop {
            let counts = self.counts().await?;
            if counts.ended() >= jobs {
                return Ok(counts);
            }
            progress.at(counts.ended(), format!("{jobs} stored, {} done", counts.ended()));
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn counts(&self) -> Result<TypeStatus> {
        let status: MillStatus = self.server.success(Call::get("/v1/status")).await?.read()?;
        let ours = status.types.into_iter().find(|row| row.job_type == self.job_type.as_str());
        ours.ok_or_else(|| Failure::new(Exit::No, "the server does not know the demo's job type."))
    }
}

/// Makes jobs of pages, until there are enough or nobody takes them any more.
fn cut(corpus: &Corpus, job_type: &JobType, jobs: u32, pieces: &mpsc::Sender<Piece>) {
    let mut piece = Piece::new();
    for index in 0..jobs as usize {
        let payload = payload(corpus, index);
        piece.payload_bytes += payload.len() as u64;
        piece.jobs += 1;
        piece.body.extend_from_slice(&envelope(job_type, Some(&payload), None, None));
        piece.body.push(b'\n');
        if piece.body.len() >= PIECE_BYTES || piece.jobs == PIECE_JOBS {
            let full = std::mem::replace(&mut piece, Piece::new());
            if pieces.blocking_send(full).is_err() {
                return;
            }
        }
    }
    if piece.jobs > 0 {
        // An error means that the demo has ended.
        let _ = pieces.blocking_send(piece);
    }
}

fn payload(corpus: &Corpus, index: usize) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "two strings always serialise")]
    serde_json::to_vec(&corpus.page(index)).expect("two strings")
}

impl Piece {
    fn new() -> Self {
        Self { body: Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4), jobs: 0, payload_bytes: 0 }
    }
}
