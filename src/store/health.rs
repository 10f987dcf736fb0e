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

    /// How an agent's executions ended that began after an instant, until another one. A cycle without an end that began
    /// before `over` was cut off.
    pub fn tally(&self, agent: &str, after: UtcMillis, until: UtcMillis, over: UtcMillis) -> Result<Tally, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM runs r WHERE command = 'cycle' AND started_at > ?2 AND started_at <= ?3
                AND finished_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM agent_executions e
                                 WHERE e.agent_name = ?1 AND e.started_at = r.started_at AND e.run_id = r.run_id)",
        )?;
        let before = UtcMillis::new(over.get() - 1).min(until);
        let cut_off = statement.query_row(params![agent, after.get(), before.get()], |r| count(r, 0))?;
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FILTER (WHERE status = 'ok'), count(*) FILTER (WHERE status = 'degraded'),
                    count(*) FILTER (WHERE status = 'failed')
               FROM agent_executions WHERE agent_name = ?1 AND started_at > ?2 AND started_at <= ?3",
        )?;
        let read = |r: &Row<'_>| Ok(Tally { ok: count(r, 0)?, degraded: count(r, 1)?, failed: count(r, 2)?, cut_off });
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
        let sql = "SELECT time, state FROM portfolio_state WHERE id = (SELECT max(id) FROM portfolio_state)";
        let row: Option<(i64, String)> =
            self.connection.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        let Some((time, word)) = row else { return Ok(None) };
        let known = RiskState::ALL.into_iter().find(|state| state.word() == word);
        let left = known.ok_or_else(|| StoreError::BadRow(format!("the account's state is {word}")))?;
        let in_force = self.in_force()?;
        let is_peak_new = in_force.peak.is_some_and(|(at, _)| at.get() >= time);
        let state = match (&in_force.halted, &in_force.paused, left) {
            (Some(_), _, _) => RiskState::Halted,
            (None, Some(_), _) => RiskState::Paused,
            // Somebody has resumed since.
            (None, None, RiskState::Halted | RiskState::Paused) => RiskState::Normal,
            (None, None, RiskState::Warning) if is_peak_new => RiskState::Normal,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents, Execution, RunRow};

    /// 2024-03-13T12:00:00Z.
    const NOON: UtcMillis = UtcMillis::new(1_710_331_200_000);
    const HOUR: i64 = 3_600_000;

    fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store)
    }

    #[test]
    fn cycles_are_told_by_their_beginnings_and_other_commands_are_no_cycles() {
        let (_folder, mut store) = open();
        assert_eq!((store.first_cycle().unwrap(), store.last_ended_cycle(NOON).unwrap()), (None, None));
        let write = store.write().unwrap();
        for (run_id, command, hour) in
            [("a", "backfill", -9), ("b", "cycle", -3), ("c", "cycle", -2), ("d", "cycle", -1), ("e", "import", 0)]
        {
            let started_at = NOON.plus_ms(hour * HOUR);
            write.add_run(&RunRow { run_id, command, started_at, strategy_hash: None }).unwrap();
        }
        let summary = r#"{"pairs":[{"symbol":"BTC/USDT","status":"ok"},{"symbol":"ETH/USDT","status":"stale"}],
                          "errors":[{"symbol":null,"text":"first"},{"symbol":"SOL/USDT","text":"second"}]}"#;
        write.end_run("c", NOON.plus_ms(-2 * HOUR + 5), 5, 3, summary).unwrap();
        write.set_clock_offset("c", -70).unwrap();
        write.commit().unwrap();
        let at = |hour: i64| NOON.plus_ms(hour * HOUR);
        assert_eq!(store.first_cycle().unwrap(), Some(at(-3)));
        assert_eq!(store.newest_cycle(NOON).unwrap(), Some(at(-1)));
        assert_eq!(store.newest_cycle(at(-2)).unwrap(), Some(at(-2)));
        let begun = |hour, has_ended| Begun { at: at(hour), has_ended };
        assert_eq!(store.cycles(at(-2), NOON).unwrap(), [begun(-2, true), begun(-1, false)]);
        let pair = |text: &str| Some(text.parse().unwrap());
        let ended = Ended {
            run_id: "c".to_owned(),
            began_at: at(-2),
            duration_ms: 5,
            exit_code: 3,
            clock_offset_ms: Some(-70),
            troubled: vec![pair("ETH/USDT"), None, pair("SOL/USDT")],
            error: Some("first".to_owned()),
        };
        assert_eq!(store.last_ended_cycle(NOON).unwrap(), Some(ended));
        assert_eq!(store.last_ended_cycle(at(-3)).unwrap(), None);
    }

    #[test]
    fn executions_are_counted_by_agent_and_end_from_just_after_an_instant() {
        let (_folder, mut store) = open();
        let write = store.write().unwrap();
        for (agent_name, ago, status) in [
            ("a", 24 * HOUR, "ok"),
            ("a", 24 * HOUR - 1, "ok"),
            ("a", HOUR, "degraded"),
            ("a", 0, "failed"),
            ("b", 0, "ok"),
        ] {
            let started_at = NOON.plus_ms(-ago);
            let (items, error_class, error) = (1, None, None);
            let execution = Execution { agent_name, started_at, duration_ms: 1, status, items, error_class, error };
            write.add_execution("r", &execution).unwrap();
        }
        write.commit().unwrap();
        let told = |agent: &str, until: i64| {
            let (after, until) = (NOON.plus_ms(-24 * HOUR), NOON.plus_ms(until));
            store.tally(agent, after, until, until).unwrap()
        };
        assert_eq!(told("a", 0), Tally { ok: 1, degraded: 1, failed: 1, cut_off: 0 });
        assert_eq!(told("a", -1), Tally { ok: 1, degraded: 1, ..Tally::default() });
        assert_eq!(told("b", 0), Tally { ok: 1, ..Tally::default() });
        assert_eq!(told("c", 0), Tally::default());
    }

    #[test]
    fn a_cycle_that_was_cut_off_counts_against_the_agents_that_it_did_not_come_to() {
        let (_folder, mut store) = open();
        let write = store.write().unwrap();
        let add = |run_id: &str, command: &str, ago: i64, done: &[&str]| {
            let started_at = NOON.plus_ms(-ago);
            write.add_run(&RunRow { run_id, command, started_at, strategy_hash: None }).unwrap();
            for agent_name in done.iter().copied() {
                let (status, items, error_class, error) = ("ok", 1, None, None);
                let execution = Execution { agent_name, started_at, duration_ms: 1, status, items, error_class, error };
                write.add_execution(run_id, &execution).unwrap();
            }
        };
        add("ended", "cycle", 5 * HOUR, &["collector", "orchestrator"]);
        write.end_run("ended", NOON, 1, 0, "{}").unwrap();
        add("killed early", "cycle", 4 * HOUR, &[]);
        add("killed late", "cycle", 3 * HOUR, &["collector"]);
        add("no cycle", "backfill", 2 * HOUR, &[]);
        add("long ago", "cycle", 24 * HOUR, &[]);
        add("at work", "cycle", HOUR, &[]);
        write.commit().unwrap();
        let told = |agent: &str| store.tally(agent, NOON.plus_ms(-24 * HOUR), NOON, NOON.plus_ms(-HOUR)).unwrap();
        assert_eq!(told("collector"), Tally { ok: 2, cut_off: 1, ..Tally::default() });
        assert_eq!(told("orchestrator"), Tally { ok: 1, cut_off: 2, ..Tally::default() });
    }

    #[test]
    fn the_last_run_of_a_day_has_the_last_word_on_the_size() {
        let (_folder, mut store) = open();
        let midnight = Timeframe::D1.floor(NOON);
        for (now, days) in [(NOON, 1), (NOON.plus_ms(HOUR), 1), (midnight.plus_ms(24 * HOUR), 2)] {
            let write = store.write().unwrap();
            write.transaction.execute("INSERT INTO meta VALUES (?1, hex(zeroblob(50000)))", [now.to_string()]).unwrap();
            write.note_size(now).unwrap();
            write.commit().unwrap();
            let sizes = store.sizes(midnight).unwrap();
            assert_eq!(sizes.len(), days);
            let newest = sizes.last().copied();
            assert_eq!(newest, Some((Timeframe::D1.floor(now), i64::try_from(store.bytes().unwrap()).unwrap())));
        }
        assert_eq!(store.sizes(NOON).unwrap().len(), 1);
    }

    #[test]
    fn the_account_stands_as_it_was_left_unless_somebody_has_spoken_since() {
        for (left, events, state, reason) in [
            ("normal", "", RiskState::Normal, None),
            ("warning", "", RiskState::Warning, None),
            ("day_loss", "", RiskState::DayLoss, None),
            ("normal", "(1, 9, 'paused', 'why', NULL, NULL, 'r')", RiskState::Paused, Some("why")),
            (
                "paused",
                "(1, 1, 'paused', 'why', NULL, NULL, 'r'), (2, 9, 'resumed', 'ok', NULL, NULL, 'r')",
                RiskState::Normal,
                None,
            ),
            ("warning", "(1, 9, 'resumed', 'ok', '9', '9', 'r')", RiskState::Normal, None),
            ("warning", "(1, 4, 'resumed', 'ok', '9', '9', 'r')", RiskState::Warning, None),
            ("day_loss", "(1, 9, 'resumed', 'ok', '9', '9', 'r')", RiskState::DayLoss, None),
            (
                "paused",
                "(1, 1, 'paused', 'a', NULL, NULL, 'r'), (2, 9, 'halted', 'b', NULL, NULL, 'r')",
                RiskState::Halted,
                Some("b"),
            ),
        ] {
            let (_folder, store) = open();
            assert_eq!(store.account().unwrap(), None);
            let row = format!(
                "INSERT INTO portfolio_state (time, run_id, equity, cash, coins, peak_equity, day, day_start_equity,
                     day_is_lost, state, drawdown_pct, day_pnl_pct, heat_pct, heat_correlated_pct, positions, ledger_id)
                 VALUES (5, 'r', '1', '1', '0', '1', 0, '1', 0, '{left}', 0, 0, 0, 0, 0, 0)"
            );
            store.connection.execute(&row, []).unwrap();
            if !events.is_empty() {
                store.connection.execute(&format!("INSERT INTO risk_events VALUES {events}"), []).unwrap();
            }
            let reason = reason.map(str::to_owned);
            assert_eq!(store.account().unwrap(), Some(AccountFact { state, reason }), "{left}, {events}");
        }
    }

    #[test]
    fn a_trial_leaves_nothing_and_an_examination_its_finding() {
        let (_folder, mut store) = open();
        store.try_to_write().unwrap();
        let left: i64 =
            store.connection.query_row("SELECT count(*) FROM meta WHERE key = 'a trial'", [], |r| r.get(0)).unwrap();
        assert_eq!((left, store.last_examination().unwrap()), (0, None));
        let broken = CheckReport { rules: vec!["a".to_owned(), "b".to_owned()], ..CheckReport::default() };
        for (report, findings, first) in [(CheckReport::default(), 0, None), (broken, 2, Some("a"))] {
            store.note_examination(&report, NOON).unwrap();
            let examined = Examined { at: NOON, findings, first: first.map(str::to_owned) };
            assert_eq!(store.last_examination().unwrap(), Some(examined));
        }
    }
}
