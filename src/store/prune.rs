//! Deleting what is older than somebody wants to keep it, a little at a time: a run that works meanwhile waits for no longer
//! than a batch takes. Facts are never deleted, and neither is what is still waited for.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError, Write};
use crate::market::SeriesKey;
use crate::unit::{Timeframe, UtcMillis};

/// An open gap that nobody has asked for in so long is one of a series that is no longer collected.
const FORSAKEN_MS: i64 = 30 * 86_400_000;

/// Rows that may be deleted by their age, besides candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aged {
    /// Readings of indicators, but for the newest of each series.
    Indicators,
    /// What runs printed, but for the newest of each command; the runs stay.
    Summaries,
    /// Runs, but for the newest of each command: after a long sleep it tells since when.
    Runs,
    /// What agents did.
    Executions,
    /// Notifications that wait for nothing, but for the newest of each event.
    Notifications,
}

impl Aged {
    /// All of them, in the order in which they are deleted.
    pub const ALL: [Self; 5] = [Self::Indicators, Self::Summaries, Self::Runs, Self::Executions, Self::Notifications];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Indicators => "indicators",
            Self::Summaries => "summaries",
            Self::Runs => "runs",
            Self::Executions => "executions",
            Self::Notifications => "notifications",
        }
    }

    /// The rows that are older than `?1`, by what names them.
    const fn old(self) -> &'static str {
        match self {
            Self::Indicators => {
                "SELECT symbol, timeframe, open_time FROM technical_indicators i WHERE open_time < ?1 AND open_time <
                     (SELECT max(open_time) FROM technical_indicators n
                       WHERE n.symbol = i.symbol AND n.timeframe = i.timeframe)"
            }
            Self::Summaries => {
                "SELECT run_id FROM runs r WHERE started_at < ?1 AND summary IS NOT NULL
                    AND started_at < (SELECT max(started_at) FROM runs n WHERE n.command = r.command)"
            }
            Self::Runs => {
                "SELECT run_id FROM runs r WHERE started_at < ?1
                    AND started_at < (SELECT max(started_at) FROM runs n WHERE n.command = r.command)"
            }
            Self::Executions => "SELECT id FROM agent_executions WHERE started_at < ?1",
            Self::Notifications => {
                "SELECT id FROM notifications n WHERE at < ?1
                    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.state = 'waiting')
                    AND id NOT IN (SELECT max(id) FROM notifications GROUP BY event) ORDER BY id"
            }
        }
    }

    /// What is done to them, in this order.
    const fn deeds(self) -> &'static [&'static str] {
        match self {
            Self::Indicators => &["DELETE FROM technical_indicators WHERE (symbol, timeframe, open_time) IN"],
            Self::Summaries => &["UPDATE runs SET summary = NULL WHERE run_id IN"],
            Self::Runs => &["DELETE FROM runs WHERE run_id IN"],
            Self::Executions => &["DELETE FROM agent_executions WHERE id IN"],
            Self::Notifications => {
                &["DELETE FROM deliveries WHERE notification_id IN", "DELETE FROM notifications WHERE id IN"]
            }
        }
    }
}

impl Store {
    /// Every series that was ever collected.
    pub fn all_series(&self) -> Result<Vec<SeriesKey>, StoreError> {
        let mut statement = self.connection.prepare("SELECT symbol, timeframe FROM series ORDER BY 1, 2")?;
        let rows = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
        let mut all = Vec::new();
        for row in rows {
            let (symbol, timeframe) = row?;
            all.push(SeriesKey {
                symbol: super::ledger::parsed(&symbol)?,
                timeframe: super::ledger::parsed(&timeframe)?,
            });
        }
        Ok(all)
    }

    /// How many candles of a series are older than `before`.
    pub fn old_candles(&self, key: &SeriesKey, before: UtcMillis) -> Result<u64, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(0) };
        let sql = "SELECT count(*) FROM price_data WHERE series_id = ?1 AND open_time < ?2";
        let count: i64 = self.connection.query_row(sql, params![series, before.get()], |r| r.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The first candle of a series that somebody still needs; none where nobody does.
    pub fn first_needed(&self, key: &SeriesKey, now: UtcMillis) -> Result<Option<UtcMillis>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(None) };
        needed(&self.connection, series, key, now)
    }

    /// How many rows of a kind are older than `before` and may be deleted.
    pub fn old_rows(&self, aged: Aged, before: UtcMillis) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM ({})", aged.old());
        let count: i64 = self.connection.query_row(&sql, [before.get()], |r| r.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The first candle of a series that was not pruned; none where none ever was.
    pub fn pruned_before(&self, key: &SeriesKey) -> Result<Option<UtcMillis>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(None) };
        let sql = "SELECT before FROM prunings WHERE series_id = ?1";
        Ok(self.connection.query_row(sql, [series], |r| r.get(0)).optional()?.map(UtcMillis::new))
    }
}

impl Write<'_> {
    /// Deletes the oldest candles of a series that are older than `before` and not needed, at most so many, with what was ever
    /// said of them; how many that were.
    pub fn prune_candles(
        &self,
        key: &SeriesKey,
        before: UtcMillis,
        now: UtcMillis,
        most: u32,
    ) -> Result<u64, StoreError> {
        let series = self.series_id_or_new(key)?;
        // What nobody needed a moment ago, somebody may need now.
        let before = needed(&self.transaction, series, key, now)?.map_or(before, |needed| needed.min(before));
        let sql = "SELECT open_time FROM price_data WHERE series_id = ?1 AND open_time < ?2 ORDER BY open_time LIMIT 1 OFFSET ?3";
        let next: Option<i64> =
            self.transaction.query_row(sql, params![series, before.get(), most], |r| r.get(0)).optional()?;
        let before = next.unwrap_or(before.get());
        let sql = "DELETE FROM price_data WHERE series_id = ?1 AND open_time < ?2";
        let count = self.transaction.execute(sql, params![series, before])?;
        if count > 0 {
            self.forget_candles(series, before, now)?;
        }
        Ok(count as u64)
    }

    /// What was said of candles that are gone, and that they are.
    fn forget_candles(&self, series: i64, before: i64, now: UtcMillis) -> Result<(), StoreError> {
        let sql = "DELETE FROM price_revisions WHERE series_id = ?1 AND open_time < ?2";
        self.transaction.execute(sql, params![series, before])?;
        // A gap that lies there wholly is one of candles that nobody wants.
        let sql = "DELETE FROM data_gaps WHERE series_id = ?1 AND to_open < ?2 AND state = 'open'";
        self.transaction.execute(sql, params![series, before])?;
        let sql = "INSERT INTO prunings VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET before = max(before, excluded.before), at = excluded.at";
        self.transaction.execute(sql, params![series, before, now.get()])?;
        Ok(())
    }

    /// Does away with the rows of a kind that are older than `before`, at most so many; how many that were.
    pub fn prune_rows(&self, aged: Aged, before: UtcMillis, most: u32) -> Result<u64, StoreError> {
        // The rows are the same for each deed: what was done to the first table does not change which they are, but for the
        // last one.
        let mut count = 0;
        for deed in aged.deeds() {
            let sql = format!("{deed} ({} LIMIT ?2)", aged.old());
            count = self.transaction.execute(&sql, params![before.get(), most])?;
        }
        Ok(count as u64)
    }
}

/// The first moment of which candles of a series are still needed: by forecasts that wait, by positions and orders, by
/// trades whose miss is not told, by gaps that are still asked for.
fn needed(
    connection: &Connection,
    series: i64,
    key: &SeriesKey,
    now: UtcMillis,
) -> Result<Option<UtcMillis>, StoreError> {
    let sql = "SELECT min(at) FROM (
        SELECT min(f.data_cutoff) AS at FROM forecasts_due q
          JOIN forecasts f ON f.decision_id = q.decision_id AND f.horizon_ms = q.horizon_ms WHERE q.symbol = ?2
        UNION ALL SELECT min(min(opened_at, walked_to)) FROM positions WHERE symbol = ?2
        UNION ALL SELECT min(o.placed_at) FROM open_orders w JOIN orders o ON o.order_id = w.order_id WHERE o.symbol = ?2
        UNION ALL SELECT min(t.opened_at) FROM misses_due m JOIN trades t ON t.position_id = m.position_id
                   WHERE t.symbol = ?2
        UNION ALL SELECT min(from_open) FROM data_gaps
                   WHERE series_id = ?1 AND state = 'open' AND next_attempt_at > ?3)";
    let values = params![series, key.symbol.as_str(), now.get() - FORSAKEN_MS];
    let first: Option<i64> = connection.query_row(sql, values, |r| r.get(0))?;
    Ok(first.map(|at| before(key.timeframe, UtcMillis::new(at))))
}

/// The candle before the one that a moment lies in: whoever looks at a moment may look at the close before it.
fn before(timeframe: Timeframe, at: UtcMillis) -> UtcMillis {
    timeframe.step(timeframe.floor(at), -1)
}
