//! What backfill and import have in common: a locked database, a run on record, a summary of sums.

use std::path::Path;

use super::Output;
use super::notes::{About, Notes};
use super::run::Begun;
use crate::clock;
use crate::exit::Exit;
use crate::report::{self, Tally, to_json};
use crate::store::{Access, Contents, Lock, RunRow, Store, StoreError};
use crate::unit::UtcMillis;

/// A run under way.
pub(super) struct HistoryRun {
    command: &'static str,
    begun: Begun,
    pub(super) now: UtcMillis,
    pub(super) notes: Notes,
    pub(super) tally: Tally,
    pub(super) requests: u64,
    pub(super) files: u64,
    /// Whether anything could be had at all.
    pub(super) had_something: bool,
}

impl HistoryRun {
    pub(super) fn begin(command: &'static str) -> Self {
        let now = clock::wall();
        Self {
            command,
            begun: Begun::now(now),
            now,
            notes: Notes::default(),
            tally: Tally::default(),
            requests: 0,
            files: 0,
            had_something: false,
        }
    }

    pub(super) fn run_id(&self) -> &str {
        &self.begun.run_id
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        self.begun.watch.ms()
    }

    /// Locks and opens the database, does the work, and writes the execution log.
    pub(super) fn run(
        mut self,
        db: &Path,
        pretty: bool,
        work: impl FnOnce(&mut Self, &mut Store) -> Result<(), StoreError>,
    ) -> Output {
        let done = self.work(db, work);
        let exit = match &done {
            Ok(exit) => *exit,
            Err(error) => {
                self.notes.store(error);
                Exit::from(error)
            }
        };
        Output { text: to_json(&self.summary(exit), pretty), exit }
    }

    fn work(
        &mut self,
        db: &Path,
        work: impl FnOnce(&mut Self, &mut Store) -> Result<(), StoreError>,
    ) -> Result<Exit, StoreError> {
        let _lock = Lock::take(db)?;
        let mut store = Store::open(db, Access::Write(Contents::Live))?;
        let row =
            RunRow { run_id: &self.begun.run_id, command: self.command, started_at: self.now, strategy_hash: None };
        let write = store.write()?;
        write.add_run(&row)?;
        write.commit()?;
        work(self, &mut store)?;
        let exit = self.judge();
        let summary = to_json(&self.summary(exit), false);
        let write = store.write()?;
        write.end_run(&self.begun.run_id, clock::wall(), self.elapsed_ms(), exit.code(), &summary)?;
        write.commit()?;
        Ok(exit)
    }

    fn judge(&self) -> Exit {
        match (self.notes.errors.is_empty(), self.had_something) {
            (true, _) => Exit::Ok,
            (false, true) => Exit::Degraded,
            (false, false) => Exit::Unavailable,
        }
    }

    /// Adds a step's counts and warns about revised and disbelieved candles.
    pub(super) fn add(&mut self, about: About<'_>, tally: Tally) {
        if tally.revised > 0 {
            let text = format!("{} candles revised; the earlier words are kept in price_revisions", tally.revised);
            self.notes.warn("candle_revised", about, text);
        }
        if tally.not_believed > 0 {
            let text = format!(
                "{} candles are told differently by the exchange itself, which counts more; kept in price_revisions",
                tally.not_believed
            );
            self.notes.warn("not_believed", about, text);
        }
        self.tally += tally;
    }

    fn summary(&self, exit: Exit) -> report::HistoryReport {
        report::HistoryReport {
            schema: "trader.history.v1",
            command: self.command,
            run_id: self.begun.run_id.clone(),
            status: exit.name(),
            exit_code: exit.code(),
            duration_ms: self.elapsed_ms(),
            requests: self.requests,
            files: self.files,
            tally: self.tally,
            warnings: self.notes.warnings.clone(),
            errors: self.notes.errors.clone(),
        }
    }
}
