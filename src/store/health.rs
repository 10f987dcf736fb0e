//! What the installation notes of itself, and what `trader status` and the metrics read of it: runs by time, executions by
//! agent, sizes of the database (`database_sizes`), examinations (`examinations`), messages that wait (`deliveries`).

use rusqlite::{OptionalExtension, Row, params};

use super::{CheckReport, Store, StoreError, Write};
use crate::decision::RiskState;
use crate::health::{AccountFact, Begun, Ended, Examined, GapFact, Outbox, Tally};
use crate::unit::{Symbol, Timeframe, UtcMillis};

impl Store {
    /// When the first cycle ever began.
    pub fn first_cycle(&self) -> Result<Option<UtcMillis>, StoreError> {
        let sql = "SELECT min(started_at) FROM runs WHERE command = 'cycle'";
        Ok(self.connection.query_row(sql, [], |r| r.get::<_, Option<i64>>(0))?.map(UtcMillis::new))
    }

    /// The beginning of the newest cycle until an instant.
    pub fn newest_cycle(&self, until: UtcMillis) -> Result<Option<UtcMillis>, StoreError> {
        let sql = "SELECT max(started_at) FROM runs WHERE command = 'cycle' AND started_at <= ?1";
        Ok(self.connection.query_row(sql, [until.get()], |r| r.get::<_, Option<i64>>(0))?.map(UtcMillis::new))
    }

    /// Cycles that began within a stretch of time, both ends included, the oldest first.
    pub fn cycles(&self, since: UtcMillis, until: UtcMillis) -> Result<Vec<Begun>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT started_at, finished_at IS NOT NULL FROM runs
              WHERE command = 'cycle' AND started_at BETWEEN ?1 AND ?2 ORDER BY started_at",
        )?;
        let read = |r: &Row<'_>| Ok(Begun { at: UtcMillis::new(r.get(0)?), has_ended: r.get(1)? });
        let rows = statement.query_map([since.get(), until.get()], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest cycle until an instant that came to its end.
    pub fn last_ended_cycle(&self, until: UtcMillis) -> Result<Option<Ended>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run_id, started_at, duration_ms, exit_code, clock_offset_ms, summary FROM runs
              WHERE command = 'cycle' AND started_at <= ?1 AND finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1",
        )?;
        Ok(statement.query_row([until.get()], ended).optional()?)
    }

    /// How an agent's executions ended that began after an instant, until another one.
    pub fn tally(&self, agent: &str, after: UtcMillis, until: UtcMillis) -> Result<Tally, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FILTER (WHERE status = 'ok'), count(*) FILTER (WHERE status = 'degraded'),
                    count(*) FILTER (WHERE status = 'failed')
               FROM agent_executions WHERE agent_name = ?1 AND started_at > ?2 AND started_at <= ?3",
        )?;
        let read = |r: &Row<'_>| Ok(Tally { ok: count(r, 0)?, degraded: count(r, 1)?, failed: count(r, 2)? });
        Ok(statement.query_row(params![agent, after.get(), until.get()], read)?)
    }

    /// Missing candles that may still come.
    pub fn open_gaps(&self) -> Result<GapFact, StoreError> {
        let sql = "SELECT count(*), min(found_at) FROM data_gaps WHERE state = 'open'";
        let read = |r: &Row<'_>| Ok(GapFact { open: count(r, 0)?, oldest: instant(r, 1)? });
        Ok(self.connection.query_row(sql, [], read)?)
    }

    /// How large the database is, in bytes.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        Ok(self.connection.query_row(sql, [], |r| count(r, 0))?)
    }

    /// How large the database was at the last run of each day from one on, the oldest first: 00:00 UTC and bytes.
    pub fn sizes(&self, since: UtcMillis) -> Result<Vec<(UtcMillis, i64)>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT day, bytes FROM database_sizes WHERE day >= ?1 ORDER BY day")?;
        let rows = statement.query_map([since.get()], |r| Ok((UtcMillis::new(r.get(0)?), r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest examination.
    pub fn last_examination(&self) -> Result<Option<Examined>, StoreError> {
        let sql = "SELECT at, findings, first FROM examinations WHERE id = (SELECT max(id) FROM examinations)";
        let read = |r: &Row<'_>| Ok(Examined { at: UtcMillis::new(r.get(0)?), findings: r.get(1)?, first: r.get(2)? });
        Ok(self.connection.query_row(sql, [], read).optional()?)
    }

    /// The account as the newest run left it, and what was said about entries since.
    pub fn account(&self) -> Result<Option<AccountFact>, StoreError> {
        let sql = "SELECT state FROM portfolio_state WHERE id = (SELECT max(id) FROM portfolio_state)";
        let word: Option<String> = self.connection.query_row(sql, [], |r| r.get(0)).optional()?;
        let Some(word) = word else { return Ok(None) };
        let known = RiskState::ALL.into_iter().find(|state| state.word() == word);
        let left = known.ok_or_else(|| StoreError::BadRow(format!("the account's state is {word}")))?;
        let in_force = self.in_force()?;
        let state = match (&in_force.halted, &in_force.paused, left) {
            (Some(_), _, _) => RiskState::Halted,
            (None, Some(_), _) => RiskState::Paused,
            // Somebody has resumed since.
            (None, None, RiskState::Halted | RiskState::Paused) => RiskState::Normal,
            (None, None, left) => left,
        };
        Ok(Some(AccountFact { state, reason: in_force.halted.or(in_force.paused) }))
    }

    /// Messages that wait, and how many were refused since an instant.
    pub fn outbox(&self, since: UtcMillis) -> Result<Outbox, StoreError> {
        let sql = "SELECT count(*), min(n.at) FROM deliveries d CROSS JOIN notifications n ON n.id = d.notification_id
                    WHERE d.state = 'waiting'";
        let (waiting, oldest) = self.connection.query_row(sql, [], |r| Ok((count(r, 0)?, instant(r, 1)?)))?;
        let sql = "SELECT count(*) FROM deliveries WHERE state = 'refused' AND settled_at > ?1";
        let refused = self.connection.query_row(sql, [since.get()], |r| count(r, 0))?;
        Ok(Outbox { waiting, oldest, refused })
    }

    /// Notes what an examination found.
    pub fn note_examination(&mut self, report: &CheckReport, at: UtcMillis) -> Result<(), StoreError> {
        let (findings, first) = report.told().unzip();
        let findings = findings.and_then(|n| i64::try_from(n).ok()).unwrap_or_default();
        let write = self.write()?;
        write.transaction.execute(
            "INSERT INTO examinations (at, findings, first) VALUES (?1, ?2, ?3)",
            params![at.get(), findings, first],
        )?;
        write.commit()
    }

    /// Tries to write, and leaves nothing behind.
    pub fn try_to_write(&mut self) -> Result<(), StoreError> {
        let write = self.write()?;
        write.transaction.execute("INSERT INTO meta VALUES ('a trial', 'to write') ON CONFLICT DO NOTHING", [])?;
        Ok(write.transaction.rollback()?)
    }
}

impl Write<'_> {
    /// Notes how large the database is: the last run of a day has the last word.
    pub fn note_size(&self, now: UtcMillis) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO database_sizes SELECT ?1, page_count * page_size FROM pragma_page_count(), pragma_page_size()
              WHERE true ON CONFLICT (day) DO UPDATE SET bytes = excluded.bytes",
        )?;
        statement.execute([Timeframe::D1.floor(now).get()])?;
        Ok(())
    }

    /// Notes how far this machine's clock was off in a run.
    pub fn set_clock_offset(&self, run_id: &str, offset_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE runs SET clock_offset_ms = ?2 WHERE run_id = ?1";
        self.transaction.execute(sql, params![run_id, offset_ms])?;
        Ok(())
    }
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UtcMillis>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UtcMillis::new))
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    let summary: Option<String> = row.get(5)?;
    let summary = summary.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(Ended {
        run_id: row.get(0)?,
        began_at: UtcMillis::new(row.get(1)?),
        duration_ms: row.get::<_, Option<i64>>(2)?.unwrap_or_default(),
        exit_code: row.get::<_, Option<u8>>(3)?.unwrap_or_default(),
        clock_offset_ms: row.get(4)?,
        troubled: troubled(&summary),
        error: summary["errors"][0]["text"].as_str().map(str::to_owned),
    })
}

/// The pairs that a summary shows to be not all right, or has errors about; none stands for the run as a whole.
fn troubled(summary: &serde_json::Value) -> Vec<Option<Symbol>> {
    let list = |key: &str| summary[key].as_array().cloned().unwrap_or_default();
    let symbol = |value: &serde_json::Value| value["symbol"].as_str().and_then(|text| text.parse().ok());
    let pairs = list("pairs").into_iter().filter(|pair| pair["status"] != "ok");
    pairs.chain(list("errors")).map(|value| symbol(&value)).collect()
}
