//! The execution log: the tables `runs` and `agent_executions`.

use rusqlite::params;

use super::{StoreError, Write};
use crate::unit::UtcMillis;

/// A run, as far as it is known.
#[derive(Clone, Debug)]
pub struct RunRow<'a> {
    /// Its name.
    pub run_id: &'a str,
    /// `cycle`, `backfill` or `import`.
    pub command: &'a str,
    /// When it began.
    pub started_at: UtcMillis,
    /// By which strategy it decided.
    pub strategy_hash: Option<&'a str>,
}

/// One part of a run.
#[derive(Clone, Debug)]
pub struct Execution<'a> {
    /// Which part.
    pub agent_name: &'a str,
    /// When the run began.
    pub started_at: UtcMillis,
    /// How long it took.
    pub duration_ms: u64,
    /// ok, degraded or failed.
    pub status: &'a str,
    /// What it worked through.
    pub items: u64,
    /// The code of the first thing that went wrong.
    pub error_class: Option<&'a str>,
    /// Its text.
    pub error: Option<&'a str>,
}

impl Write<'_> {
    /// Notes that a run began. Without an end, it was cut off.
    pub fn add_run(&self, run: &RunRow<'_>) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO runs (run_id, command, version, started_at, strategy_hash) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![run.run_id, run.command, env!("CARGO_PKG_VERSION"), run.started_at.get(), run.strategy_hash],
        )?;
        Ok(())
    }

    /// Notes how it ended.
    pub fn end_run(
        &self,
        run_id: &str,
        finished_at: UtcMillis,
        duration_ms: u64,
        exit_code: u8,
        summary: &str,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE runs SET finished_at = ?2, duration_ms = ?3, exit_code = ?4, summary = ?5 WHERE run_id = ?1",
            params![run_id, finished_at.get(), i64::try_from(duration_ms).unwrap_or(i64::MAX), exit_code, summary],
        )?;
        Ok(())
    }

    /// Notes how a part of a run went.
    pub fn add_execution(&self, run_id: &str, execution: &Execution<'_>) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO agent_executions (run_id, agent_name, started_at, duration_ms, status, items, error_class, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        statement.execute(params![
            run_id,
            execution.agent_name,
            execution.started_at.get(),
            i64::try_from(execution.duration_ms).unwrap_or(i64::MAX),
            execution.status,
            i64::try_from(execution.items).unwrap_or(i64::MAX),
            execution.error_class,
            execution.error
        ])?;
        Ok(())
    }
}
