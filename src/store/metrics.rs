//! What monitoring reads, in one snapshot and without looking through anything that grows: running totals, which triggers keep
//! (`totals`, `outcome_totals`), and the newest rows of everything else.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use super::ledger::parsed;
use super::{Store, StoreError};
use crate::decision::RiskState;
use crate::report::{AccountMeasured, Decided, Limits, Measured, OutcomeSums, ResolvedPair, Total};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// So many of the newest outcomes of a horizon are looked at for the newest of each pair.
const NEWEST_OUTCOMES: i64 = 100;

impl Store {
    /// What is measured of these pairs and candles; `timeframe` is that of the decisions.
    pub fn measured(
        &self,
        pairs: &[Symbol],
        timeframes: &[Timeframe],
        timeframe: Timeframe,
    ) -> Result<Measured, StoreError> {
        let _snapshot = self.snapshot()?;
        let outcomes = self.outcome_sums()?;
        let horizons: BTreeSet<i64> = outcomes.iter().map(|sums| sums.horizon_ms).collect();
        let mut decisions = Vec::new();
        for pair in pairs {
            decisions.extend(self.newest_decision(pair, timeframe)?);
        }
        let mut resolved = Vec::new();
        for horizon_ms in horizons {
            resolved.extend(self.newest_resolved(horizon_ms)?);
        }
        resolved.retain(|one| pairs.contains(&one.symbol));
        let mut newest = self.newest_closes()?;
        newest.retain(|(symbol, length, _)| pairs.contains(symbol) && timeframes.contains(length));
        Ok(Measured {
            totals: self.totals()?,
            clock_offset_ms: self.clock_offset_ms()?,
            newest,
            gaps_open: self.gaps_open()?,
            limits: self.limits_told()?,
            decisions,
            resolved,
            waiting: self.forecasts_waiting()?,
            outcomes,
            account: self.account_measured()?,
            unsent: self.waiting_deliveries()?,
            bytes: None,
        })
    }

    fn read<T>(&self, sql: &str, row: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn totals(&self) -> Result<Vec<Total>, StoreError> {
        self.read("SELECT name, subject, kind, total, newest_at, newest_ms FROM totals", |r| {
            Ok(Total {
                name: r.get(0)?,
                subject: r.get(1)?,
                kind: r.get(2)?,
                total: r.get(3)?,
                newest_at: UtcMillis::new(r.get(4)?),
                newest_ms: r.get(5)?,
            })
        })
    }

    fn outcome_sums(&self) -> Result<Vec<OutcomeSums>, StoreError> {
        let sql = "SELECT kind, horizon_ms, timeframe, outcomes, predicted, actual, missed, named, hits, gained, p_gain, squared
                     FROM outcome_totals";
        self.read(sql, |r| {
            Ok(OutcomeSums {
                kind: r.get(0)?,
                horizon_ms: r.get(1)?,
                timeframe: r.get(2)?,
                outcomes: whole(r, 3)?,
                predicted: r.get(4)?,
                actual: r.get(5)?,
                missed: r.get(6)?,
                named: whole(r, 7)?,
                hits: whole(r, 8)?,
                gained: whole(r, 9)?,
                p_gain: r.get(10)?,
                squared: r.get(11)?,
            })
        })
    }

    fn clock_offset_ms(&self) -> Result<Option<i64>, StoreError> {
        // Other commands do not compare clocks.
        let sql = "SELECT clock_offset_ms FROM runs WHERE command = 'cycle' AND finished_at IS NOT NULL
                    ORDER BY started_at DESC LIMIT 1";
        Ok(self.read(sql, |r| r.get::<_, Option<i64>>(0))?.into_iter().flatten().next())
    }

    /// The newest candle of each series, by its close.
    fn newest_closes(&self) -> Result<Vec<(Symbol, Timeframe, UtcMillis)>, StoreError> {
        let sql =
            "SELECT s.symbol, s.timeframe, (SELECT max(open_time) FROM price_data WHERE series_id = s.id) FROM series s
                    ORDER BY s.symbol";
        let read = |r: &Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, Option<i64>>(2)?));
        let mut newest = Vec::new();
        for (symbol, timeframe, opened) in self.read(sql, read)? {
            let timeframe: Timeframe = parsed(&timeframe)?;
            if let Some(opened) = opened {
                newest.push((parsed(&symbol)?, timeframe, timeframe.step(UtcMillis::new(opened), 1)));
            }
        }
        newest.sort();
        Ok(newest)
    }

    fn limits_told(&self) -> Result<Limits, StoreError> {
        let sql = "SELECT used_weight, weight_at, banned_until FROM rate_limits WHERE exchange = 'binance'";
        let instant = |ms: Option<i64>| ms.map(UtcMillis::new);
        let read = |r: &Row<'_>| {
            Ok(Limits { weight: r.get(0)?, weight_at: instant(r.get(1)?), banned_until: instant(r.get(2)?) })
        };
        Ok(self.connection.query_row(sql, [], read).optional()?.unwrap_or_default())
    }

    fn newest_decision(&self, symbol: &Symbol, timeframe: Timeframe) -> Result<Option<Decided>, StoreError> {
        let sql =
            "SELECT id, timestamp, decision, score, confidence, CAST(current_price AS REAL) FROM trading_decisions
                    WHERE symbol = ?1 AND timeframe = ?2 ORDER BY candle_open_time DESC, id DESC LIMIT 1";
        let read = |r: &Row<'_>| {
            let decided = Decided {
                symbol: symbol.clone(),
                at: UtcMillis::new(r.get(1)?),
                decision: r.get(2)?,
                score: r.get(3)?,
                confidence_pct: r.get(4)?,
                price: r.get(5)?,
                forecasts: Vec::new(),
            };
            Ok((r.get::<_, i64>(0)?, decided))
        };
        let row = self.connection.query_row(sql, params![symbol.as_str(), timeframe.name()], read);
        let Some((id, decided)) = row.optional()? else { return Ok(None) };
        let mut statement = self
            .connection
            .prepare_cached("SELECT horizon_ms, roi_mean, p_gain FROM forecasts WHERE decision_id = ?1")?;
        let rows = statement.query_map([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        Ok(Some(Decided { forecasts: rows.collect::<Result<_, _>>()?, ..decided }))
    }

    /// The newest resolved forecast of each pair.
    fn newest_resolved(&self, horizon_ms: i64) -> Result<Vec<ResolvedPair>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.symbol, f.roi_mean, o.net FROM outcomes o
              CROSS JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
              CROSS JOIN trading_decisions d ON d.id = o.decision_id
              WHERE o.kind = 'horizon' AND o.horizon_ms = ?1 ORDER BY o.decision_id DESC LIMIT ?2",
        )?;
        let mut rows = statement.query(params![horizon_ms, NEWEST_OUTCOMES])?;
        let (mut seen, mut newest) = (BTreeSet::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let (symbol, actual): (String, Option<f64>) = (row.get(0)?, row.get(2)?);
            let Some(actual) = actual else { continue };
            if seen.insert(symbol.clone()) {
                newest.push(ResolvedPair { symbol: parsed(&symbol)?, horizon_ms, predicted: row.get(1)?, actual });
            }
        }
        Ok(newest)
    }

    fn forecasts_waiting(&self) -> Result<Vec<(i64, u64)>, StoreError> {
        let sql = "SELECT horizon_ms, count(*) FROM forecasts_due GROUP BY horizon_ms ORDER BY horizon_ms";
        self.read(sql, |r| Ok((r.get(0)?, whole(r, 1)?)))
    }

    fn account_measured(&self) -> Result<Option<AccountMeasured>, StoreError> {
        let sql = "SELECT (SELECT asset FROM deposits ORDER BY id LIMIT 1), CAST(equity AS REAL), CAST(cash AS REAL),
                          CAST(peak_equity AS REAL), drawdown_pct, day_pnl_pct, heat_pct, heat_correlated_pct, positions, state
                     FROM portfolio_state WHERE id = (SELECT max(id) FROM portfolio_state)";
        let row = self.connection.query_row(sql, [], |r| {
            let state: String = r.get(9)?;
            Ok(AccountMeasured {
                asset: r.get::<_, Option<String>>(0)?.unwrap_or_default(),
                equity: r.get(1)?,
                cash: r.get(2)?,
                peak: r.get(3)?,
                drawdown_pct: r.get(4)?,
                day_pct: r.get(5)?,
                heat_pct: r.get(6)?,
                heat_correlated_pct: r.get(7)?,
                positions: whole(r, 8)?,
                state: RiskState::ALL.into_iter().find(|known| known.word() == state),
            })
        });
        Ok(row.optional()?)
    }
}

fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::plans::{heard, looked_through};
    use crate::store::{Access, Contents};

    /// What stays small: one row for each label, for each series, for each deposit, queues.
    const SMALL: [&str; 6] = ["totals", "outcome_totals", "series", "deposits", "forecasts_due", "deliveries_waiting"];

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store)
    }

    #[test]
    fn nothing_that_grows_is_looked_through() {
        let (_folder, store) = store();
        store
            .connection
            .execute_batch("INSERT INTO outcome_totals VALUES ('horizon', 1, '1h', 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)")
            .unwrap();
        drop(heard());
        store.measured(&["BTC/USDT".parse().unwrap()], &Timeframe::ALL, Timeframe::H1).unwrap();
        let statements: Vec<String> = heard().into_iter().filter(|sql| sql.starts_with("SELECT")).collect();
        assert!(statements.len() >= 10, "{statements:?}");
        for sql in &statements {
            let small: Vec<&str> = SMALL.iter().copied().chain(["data_gaps_open"]).collect();
            assert_eq!(looked_through(&store, sql, &small), Vec::<String>::new(), "{sql}");
        }
    }

    #[test]
    fn totals_grow_with_what_is_added_and_stay_when_it_is_removed() {
        let (_folder, store) = store();
        let add = |at: i64, status: &str, ms: i64| {
            let sql = "INSERT INTO agent_executions (run_id, agent_name, started_at, duration_ms, status, items)
                       VALUES ('r', 'Orchestrator', ?1, ?2, ?3, 1)";
            store.connection.execute(sql, params![at, ms, status]).unwrap();
        };
        add(20, "ok", 5);
        add(10, "ok", 7);
        add(30, "failed", 9);
        store.connection.execute_batch("DELETE FROM agent_executions").unwrap();
        let told: Vec<(String, f64, i64, Option<i64>)> =
            store.totals().unwrap().into_iter().map(|t| (t.kind, t.total, t.newest_at.get(), t.newest_ms)).collect();
        assert_eq!(told, [("failed".to_owned(), 1.0, 30, Some(9)), ("ok".to_owned(), 2.0, 20, Some(5))]);
    }

    #[test]
    fn the_clock_is_told_by_the_last_cycle_that_ended_whatever_ran_since() {
        let (_folder, store) = store();
        assert_eq!(store.clock_offset_ms().unwrap(), None);
        let rows = "INSERT INTO runs (run_id, command, version, started_at, finished_at, clock_offset_ms) VALUES
            ('a', 'cycle', '1', 1, 2, 70), ('b', 'cycle', '1', 3, 4, -80), ('c', 'cycle', '1', 5, NULL, NULL),
            ('d', 'backfill', '1', 7, 8, NULL)";
        store.connection.execute_batch(rows).unwrap();
        assert_eq!(store.clock_offset_ms().unwrap(), Some(-80));
    }

    #[test]
    fn the_newest_decision_on_a_candle_is_told_where_several_strategies_decided() {
        let (_folder, store) = store();
        store.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let sql = "INSERT INTO trading_decisions (id, timestamp, symbol, timeframe, candle_open_time, strategy_hash, decision,
                       signal, score, confidence, current_price, pair, run_id)
                   VALUES (?1, ?1, 'BTC/USDT', '1h', ?2, ?3, ?4, 'NEUTRAL', 1, 50, '1', '{}', 'r')";
        for (id, candle, hash, decision) in [(1, 10, "z", "HOLD"), (2, 20, "z", "BUY"), (3, 20, "a", "SELL")] {
            store.connection.execute(sql, params![id, candle, hash, decision]).unwrap();
        }
        let told = store.newest_decision(&"BTC/USDT".parse().unwrap(), Timeframe::H1).unwrap().unwrap();
        assert_eq!((told.decision.as_str(), told.at.get()), ("SELL", 3));
    }

    #[test]
    fn a_run_is_counted_when_it_ends_with_what_its_summary_says() {
        let (_folder, store) = store();
        let run = "INSERT INTO runs (run_id, command, version, started_at) VALUES ('a', 'cycle', '1', 1)";
        let end = "UPDATE runs SET finished_at = 6, duration_ms = 5, exit_code = 3, summary = ?1 WHERE run_id = 'a'";
        store.connection.execute_batch(run).unwrap();
        assert_eq!(store.totals().unwrap(), []);
        let summary = r#"{"collected":{"candles_new":7,"candles_revised":2,"requests":31}}"#;
        // A run that is ended again is counted once.
        for _ in 0..2 {
            store.connection.execute(end, [summary]).unwrap();
        }
        let told: Vec<String> = store
            .totals()
            .unwrap()
            .into_iter()
            .map(|t| format!("{} {} {} {} {}", t.name, t.subject, t.kind, t.total, t.newest_at.get()))
            .collect();
        let expected =
            ["candles cycle new 7 6", "candles cycle revised 2 6", "requests cycle  31 6", "runs cycle 3 1 6"];
        assert_eq!(told, expected);
    }
}
