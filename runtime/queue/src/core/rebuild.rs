//! From stored records back to the state, in one pass in the order of their keys. Claims do not survive: who held
//! them is gone, so their jobs are pending again, with their attempts counted.

use std::num::NonZeroU64;

use hashbrown::{HashMap, HashSet};
use wasmill_job::{JobId, Offset};

use super::dead::Letter;
use super::digest::Part;
use super::jobs::{Live, Place};
use super::pending::Side;
use super::thin::Chunk;
use super::{Beginning, Core, Limits, lanes};
use crate::record::{
    AttemptsRow, Damage, DeadRow, DebtRow, HeadRow, InheritedRow, Key, LaneNo, LaneRow, MarkRow, MovedRow,
    OwesRow, Pack, ParkedRow, ResultRow, Row, Serial, StoredJob, TakeRow, TurnRow, TypeNo, TypeRow,
};

/// A state in the making.
pub(crate) struct Rebuild {
    core: Core,
    head: Option<u64>,
    gone: HashMap<Serial, u64>,
    turns: HashMap<Serial, TurnRow>,
    failed: HashSet<Serial>,
    moved: HashMap<Serial, MovedRow>,
    /// The newest take of a job, and the attempt.
    taken: HashMap<Serial, (Serial, u32)>,
    takes: Vec<Serial>,
    /// Offsets that are not settled.
    unsettled: HashMap<LaneNo, Vec<u64>>,
    records: u64,
}

impl Rebuild {
    pub(crate) fn new(limits: Limits, beginning: Beginning) -> Self {
        Self {
            core: Core::new(limits, beginning),
            head: None,
            gone: HashMap::new(),
            turns: HashMap::new(),
            failed: HashSet::new(),
            moved: HashMap::new(),
            taken: HashMap::new(),
            takes: Vec::new(),
            unsettled: HashMap::new(),
            records: 0,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// When it cannot be read, or contradicts those before it.
    pub(crate) fn add(&mut self, key: Key, value: &[u8]) -> Result<(), Damage> {
        self.records += 1;
        match key {
            Key::Meta => self.records -= 1,
            Key::Head => self.head = Some(HeadRow::from_bytes(value)?.digest),
            Key::Type(number) => self.add_type(number, TypeRow::from_bytes(value)?)?,
            Key::Lane(number) => self.add_lane(number, LaneRow::from_bytes(value)?)?,
            Key::Inherited(number) => self.add_inherited(number, InheritedRow::from_bytes(value)?)?,
            Key::Parked(number) => self.add_parked(number, ParkedRow::from_bytes(value)?)?,
            Key::Gone(chunk) => {
                let bits = value.try_into().map_err(|_| Damage("a chunk's bits are no word".into()))?;
                self.gone.insert(chunk, u64::from_le_bytes(bits));
            }
            Key::Turn(job) => {
                let row = TurnRow::from_bytes(value)?;
                self.core.digest.add(Part::Turn(job));
                // A take from now on must count as newer than this row.
                self.number(row.as_of, 0);
                self.turns.insert(job, row);
            }
            Key::Failed(job) => {
                AttemptsRow::from_bytes(value)?;
                self.core.digest.add(Part::Failed(job));
                self.failed.insert(job);
            }
            Key::Moved(job) => {
                let moved = MovedRow::from_bytes(value)?;
                self.core.digest.add(Part::Moved(job, moved.lane, moved.offset));
                self.moved.insert(job, moved);
            }
            Key::Take(number) => self.add_take(number, TakeRow::from_bytes(value)?),
            Key::Chunk(number) => self.add_chunk(number, value)?,
            Key::Results(number) => self.add_results(number, value)?,
            Key::Marks(number) => {
                self.number(number, 1);
                self.core.digest.add(Part::Marks(number));
                self.core.marks.add(number, &Vec::<MarkRow>::from_bytes(value)?);
            }
            Key::Dead(key) => self.add_dead(key, value)?,
            Key::Debt(number) => self.add_debt(number, DebtRow::split(value)?.0)?,
        }
        Ok(())
    }

    /// The state.
    ///
    /// # Errors
    /// When records are missing, left over, or of different moments.
    pub(crate) fn finish(mut self) -> Result<Core, Damage> {
        for number in std::mem::take(&mut self.takes) {
            if !self.core.takes.contains_key(&number) {
                return Err(Damage(format!("take {} is stored, and holds no job's attempt", number.0)));
            }
        }
        let left =
            self.gone.keys().chain(self.turns.keys()).chain(self.failed.iter()).chain(self.moved.keys());
        if let Some(left) = left.min() {
            return Err(Damage(format!("something is stored of job {}, which is not there", left.0)));
        }
        self.add_progress();
        let digest = self.core.digest.get();
        match self.head {
            Some(head) if head == digest => {}
            None if self.records == 0 => {}
            _ => return Err(Damage("the records are not all of the same moment".into())),
        }
        self.core.check()?;
        Ok(self.core)
    }

    fn number(&mut self, first: Serial, count: u64) {
        self.core.next = self.core.next.max(first.plus(count));
    }

    fn add_type(&mut self, number: TypeNo, row: TypeRow) -> Result<(), Damage> {
        let known = self.core.types.find(&row.name).is_some();
        if known || self.core.types.len() != number.0 as usize {
            return Err(Damage(format!(
                "job type {} is stored twice, or one before it is missing",
                row.name
            )));
        }
        self.core.types.add(row.name);
        let found = self.core.types.get_mut(number);
        found.totals = row.totals;
        let sum = found.sum();
        found.stamp = Some(sum);
        self.core.digest.add(Part::Type(number, sum));
        Ok(())
    }

    fn add_lane(&mut self, number: LaneNo, row: LaneRow) -> Result<(), Damage> {
        if row.is_named && self.core.lanes.find(&row.name).is_some()
            || self.core.lanes.len() != number.0 as usize
        {
            return Err(Damage(format!(
                "partition {} is stored twice, or one before it is missing",
                row.name
            )));
        }
        let (passed, epoch) = (row.passed(), row.epoch);
        if row.is_named {
            self.core.lanes.add(row.name, row.wanted);
        } else {
            self.core.lanes.add_nameless(row.name, row.wanted);
        }
        let lane = self.core.lanes.get_mut(number);
        (lane.passed, lane.epoch) = (passed, epoch);
        let sum = lane.sum();
        lane.stamps.lane = Some(sum);
        self.core.digest.add(Part::Lane(number, sum));
        Ok(())
    }

    fn add_inherited(&mut self, number: LaneNo, row: InheritedRow) -> Result<(), Damage> {
        let lane = self.lane(number)?;
        (lane.inherited, lane.used) = row.read();
        lane.stamps.inherited = lane.inherited_sum();
        if let Some(sum) = lane.stamps.inherited {
            self.core.digest.add(Part::Inherited(number, sum));
        }
        Ok(())
    }

    fn add_parked(&mut self, number: LaneNo, row: ParkedRow) -> Result<(), Damage> {
        let (parked, unwanted) = row.read();
        if parked.keys().any(|job_type| job_type.0 as usize >= self.core.types.len()) {
            return Err(Damage("jobs are parked of a type that is not there".into()));
        }
        let lane = self.lane(number)?;
        (lane.parked, lane.unwanted) = (parked, unwanted);
        lane.stamps.parked = lane.parked_sum();
        if let Some(sum) = lane.stamps.parked {
            self.core.digest.add(Part::Parked(number, sum));
        }
        Ok(())
    }

    fn lane(&mut self, number: LaneNo) -> Result<&mut lanes::Lane, Damage> {
        if number.0 as usize >= self.core.lanes.len() {
            return Err(Damage(format!("something is stored of partition {}, which is not there", number.0)));
        }
        Ok(self.core.lanes.get_mut(number))
    }

    fn add_take(&mut self, number: Serial, row: TakeRow) {
        self.number(number, 1);
        self.core.digest.add(Part::Take(number));
        self.takes.push(number);
        for (job, attempt) in row.jobs {
            self.taken.insert(job, (number, attempt));
        }
    }

    fn add_chunk(&mut self, number: Serial, value: &[u8]) -> Result<(), Damage> {
        let pack = Pack::read(value)?;
        let gone = self.gone.remove(&number);
        let mut chunk = Chunk::new(pack.len(), 0);
        chunk.gone = gone.unwrap_or_default();
        chunk.noted = gone.is_some();
        if chunk.is_empty() || pack.len() > super::thin::CHUNK_JOBS {
            return Err(Damage(format!("chunk {} has {} jobs, and none is left", number.0, pack.len())));
        }
        self.number(number, pack.len() as u64);
        for index in 0..chunk.jobs {
            let entry = pack.get(usize::from(index))?;
            let bytes = u32::try_from(entry.len()).unwrap_or(u32::MAX);
            chunk.stored += bytes;
            if !chunk.is_gone(index) {
                chunk.live += bytes;
                self.add_job(number.plus(u64::from(index)), index, LaneNo(pack.tag()), entry)?;
            }
        }
        self.core.stored += u64::from(chunk.stored);
        self.core.chunks.insert(number, chunk);
        Ok(())
    }

    fn add_job(&mut self, serial: Serial, index: u8, lane: LaneNo, entry: &[u8]) -> Result<(), Damage> {
        let head = StoredJob::read(entry)?.head;
        let id = JobId::from_bytes(head.id);
        let moved = self.moved.remove(&serial);
        let MovedRow { lane, offset } = moved.unwrap_or(MovedRow { lane, offset: head.offset });
        let job_type = head.job_type;
        if job_type.0 as usize >= self.core.types.len() || lane.0 as usize >= self.core.lanes.len() {
            return Err(Damage(format!("job {id} is of a type or partition that is not there")));
        }
        if self.core.jobs.find(id).is_some() {
            return Err(Damage(format!("job {id} is stored twice")));
        }
        self.unsettled.entry(lane).or_default().push(offset.0);
        let turn = self.turns.remove(&serial);
        let as_of = turn.as_ref().map_or(Serial(0), |turn| turn.as_of);
        let taken = self.taken.get(&serial).copied().filter(|(take, _)| *take >= as_of);
        let stored = turn.as_ref().map_or(0, |turn| turn.attempts);
        let live = Live {
            id,
            serial,
            offset,
            accepted_at: head.accepted_at,
            take: taken.and_then(|(take, _)| NonZeroU64::new(take.0)),
            place: Place::Pending { before: None, after: None },
            job_type,
            lane,
            attempts: taken.map_or(stored, |(_, attempt)| attempt),
            redrives: head.redrives,
            priority: head.priority,
            window_ms: head.window_ms,
            bytes: u32::try_from(entry.len()).unwrap_or(u32::MAX),
            index,
            turned: turn.is_some(),
            suspect: taken.is_none() && turn.as_ref().is_some_and(|turn| turn.suspect),
            failed: self.failed.remove(&serial),
            moved: moved.is_some(),
        };
        let slot = self.core.jobs.insert(live);
        self.core.digest.add(Part::Job(serial));
        if let Some((take, _)) = taken {
            *self.core.takes.entry(take).or_default() += 1;
        }
        match turn.and_then(|turn| turn.due).filter(|_| taken.is_none()) {
            Some(due) => self.core.make_scheduled(slot, due),
            None => self.core.make_pending(slot, Side::Back),
        }
        Ok(())
    }

    fn add_results(&mut self, number: Serial, value: &[u8]) -> Result<(), Damage> {
        self.number(number, 1);
        self.core.digest.add(Part::Results(number));
        let pack = Pack::read(value)?;
        let mut ids = Vec::with_capacity(pack.len());
        let (mut until, mut bytes) = (wasmill_job::UnixMs(0), 0);
        for index in 0..pack.len() {
            let entry = pack.get(index)?;
            let (row, _) = ResultRow::split(entry)?;
            ids.push(JobId::from_bytes(row.id));
            until = until.max(row.until);
            bytes += entry.len() as u64;
        }
        self.core.results.add(number, ids, bytes, until);
        Ok(())
    }

    fn add_dead(&mut self, key: std::sync::Arc<str>, value: &[u8]) -> Result<(), Damage> {
        let (row, _) = DeadRow::split(value)?;
        let job = row.job.map(|(job_type, id)| (job_type, JobId::from_bytes(id)));
        if let Some((job_type, id)) = job {
            if job_type.0 as usize >= self.core.types.len() {
                return Err(Damage(format!("dead letter {key} is of a type that is not there")));
            }
            if self.core.jobs.find(id).is_some() {
                return Err(Damage(format!("job {id} is alive and dead")));
            }
            self.core.types.get_mut(job_type).dead += 1;
        }
        let letter = Letter { job, redrives: row.redrives, died_at: row.died_at, debt: None };
        letter.sum(&key, &mut self.core.digest);
        self.core.dead.insert(key, letter);
        Ok(())
    }

    fn add_debt(&mut self, number: Serial, row: DebtRow) -> Result<(), Damage> {
        self.number(number, 1);
        if row.lane.0 as usize >= self.core.lanes.len() {
            return Err(Damage(format!("debt {} is for a partition that is not there", number.0)));
        }
        self.unsettled.entry(row.lane).or_default().push(row.offset.0);
        self.core.digest.add(Part::Debt(number));
        if let OwesRow::Letter(key) = &row.owes
            && !self.core.dead.set_debt(key, Some(number))
        {
            return Err(Damage(format!("debt {} is for a letter that is not there", number.0)));
        }
        self.core.debts.insert(number, row);
        Ok(())
    }

    /// Settled is what lies below the wanted offset and is neither live nor owed; and what was settled before.
    fn add_progress(&mut self) {
        for index in 0..self.core.lanes.len() {
            // As in `Lanes::add`.
            let number = LaneNo(u32::try_from(index).unwrap_or(u32::MAX));
            let mut unsettled = self.unsettled.remove(&number).unwrap_or_default();
            unsettled.sort_unstable();
            let lane = self.core.lanes.get_mut(number);
            lane.progress = wasmill_job::Progress::default();
            let mut from = 0;
            for offset in unsettled {
                lane.progress.settle(Offset(from)..Offset(offset));
                from = offset + 1;
            }
            lane.progress.settle(Offset(from)..lane.wanted);
            for range in lane.inherited.settled.iter() {
                lane.progress.settle(Offset(range.start.max(lane.wanted.0))..Offset(range.end));
            }
        }
    }
}
