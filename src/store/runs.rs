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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents, Store};

    const NOW: UtcMillis = UtcMillis::new(1_710_331_200_000);

    fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store)
    }

    #[test]
    fn an_agents_success_is_over_all_and_its_count_over_the_last_day_of_any() {
        const DAY_MS: i64 = 86_400_000;
        let (_folder, mut store) = open();
        let write = store.write().unwrap();
        for (agent_name, ms_ago, status, duration_ms) in [
            ("collector", 2 * DAY_MS, "ok", 10),
            ("collector", DAY_MS, "degraded", 20),
            ("collector", DAY_MS - 1, "ok", 31),
            ("analyst", DAY_MS, "failed", 5),
            ("orchestrator", 0, "ok", 7),
        ] {
            let started_at = NOW.plus_ms(-ms_ago);
            let (items, error_class, error) = (1, None, None);
            let execution = Execution { agent_name, started_at, duration_ms, status, items, error_class, error };
            write.add_execution("r", &execution).unwrap();
        }
        write.commit().unwrap();
        let sql = "SELECT agent_name, success_rate, executions_24h, executions, duration_ms_avg, last_execution
                     FROM agent_execution_stats ORDER BY agent_name";
        let mut statement = store.connection.prepare(sql).unwrap();
        let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?));
        let rows: Vec<(String, f64, i64, i64, f64, String)> =
            statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        let row = |name: &str, rate, day, all, ms, last: &str| (name.to_owned(), rate, day, all, ms, last.to_owned());
        assert_eq!(
            rows,
            [
                row("analyst", 0.0, 0, 1, 5.0, "2024-03-12T12:00:00Z"),
                row("collector", 66.67, 1, 3, 20.3, "2024-03-12T12:00:00Z"),
                row("orchestrator", 100.0, 1, 1, 7.0, "2024-03-13T12:00:00Z"),
            ]
        );
    }

    #[test]
    fn a_run_begins_once_and_has_no_end_until_it_ends() {
        let (_folder, mut store) = open();
        let write = store.write().unwrap();
        for (command, started_at) in [("cycle", NOW), ("import", NOW.plus_ms(9))] {
            write.add_run(&RunRow { run_id: "r", command, started_at, strategy_hash: None }).unwrap();
        }
        write.commit().unwrap();
        let ends = |store: &Store| {
            let sql = "SELECT command, started_at, finished_at, exit_code FROM runs";
            let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?));
            let mut statement = store.connection.prepare(sql).unwrap();
            let rows = statement.query_map([], read).unwrap();
            rows.map(Result::unwrap).collect::<Vec<(String, i64, Option<i64>, Option<u8>)>>()
        };
        assert_eq!(ends(&store), [("cycle".to_owned(), NOW.get(), None, None)]);
        let write = store.write().unwrap();
        write.end_run("r", NOW.plus_ms(5), 5, 3, "{}").unwrap();
        write.commit().unwrap();
        assert_eq!(ends(&store), [("cycle".to_owned(), NOW.get(), Some(NOW.get() + 5), Some(3))]);
    }
}
