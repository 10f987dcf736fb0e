//! Gaps: the table `data_gaps`. A gap is open until its candles arrive (repaired) or it has been asked for often enough
//! without them (unfillable): outages of the exchange are never back-filled.

use rusqlite::params;

use super::candles::holes;
use super::{Store, StoreError, Write};
use crate::market::{SeriesKey, Stretch};
use crate::unit::{Timeframe, UtcMillis};

/// After this many retries without candles a gap counts as unfillable. The retries come 1, 3 and 7 hours after it was
/// found.
const ATTEMPTS: i64 = 3;
const PAUSE_MS: i64 = 3_600_000;

impl Store {
    /// Open gaps of a series that are due to be asked for, the oldest first.
    pub fn gaps_due(&self, key: &SeriesKey, now: UtcMillis, most: usize) -> Result<Vec<Stretch>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT from_open, to_open FROM data_gaps WHERE series_id = ?1 AND state = 'open' AND next_attempt_at <= ?2
              ORDER BY from_open LIMIT ?3",
        )?;
        let rows = statement.query_map(params![series, now.get(), i64::try_from(most).unwrap_or(i64::MAX)], gap)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gaps of a series that are not to be asked for now, in order: unfillable ones, and open ones asked for lately.
    pub fn gaps_to_leave(&self, key: &SeriesKey, now: UtcMillis) -> Result<Vec<Stretch>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT from_open, to_open FROM data_gaps
              WHERE series_id = ?1 AND (state = 'unfillable' OR (state = 'open' AND next_attempt_at > ?2)) ORDER BY from_open",
        )?;
        let rows = statement.query_map(params![series, now.get()], gap)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many gaps are open.
    pub fn gaps_open(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.connection.query_row("SELECT count(*) FROM data_gaps WHERE state = 'open'", [], |r| r.get(0))?;
        Ok(count.unsigned_abs())
    }
}

impl Write<'_> {
    /// Notes gaps that a source showed, in so far as no candle is stored there and they are not on record.
    pub fn note_gaps(&self, key: &SeriesKey, gaps: &[Stretch], now: UtcMillis) -> Result<(), StoreError> {
        if gaps.is_empty() {
            return Ok(());
        }
        let series = self.series_id_or_new(key)?;
        for gap in gaps {
            for hole in holes(&self.transaction, series, key.timeframe, gap.from, gap.to)? {
                self.note(series, key.timeframe, hole, now)?;
            }
        }
        Ok(())
    }

    /// Settles the gaps that lie in a stretch by what is stored now: gone, or smaller.
    pub fn settle_gaps(&self, key: &SeriesKey, stretch: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        let series = self.series_id_or_new(key)?;
        let mut statement = self.transaction.prepare_cached(
            "SELECT from_open, to_open FROM data_gaps
              WHERE series_id = ?1 AND from_open <= ?3 AND to_open >= ?2 AND state <> 'repaired'",
        )?;
        let rows = statement.query_map(params![series, stretch.from.get(), stretch.to.get()], gap)?;
        let touched: Vec<Stretch> = rows.collect::<Result<_, _>>()?;
        for gap in touched {
            let left = holes(&self.transaction, series, key.timeframe, gap.from, gap.to)?;
            if left != [gap] {
                self.close(series, gap, now)?;
                for hole in left {
                    self.note(series, key.timeframe, hole, now)?;
                }
            }
        }
        Ok(())
    }

    /// Counts an attempt at the gaps within a stretch that was asked for and whose candles did not come.
    pub fn count_attempts(&self, key: &SeriesKey, asked: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        let series = self.series_id_or_new(key)?;
        self.transaction.execute(
            "UPDATE data_gaps SET attempts = attempts + 1, next_attempt_at = ?4 + (?5 << (attempts + 1)),
                 state = iif(attempts + 1 >= ?6, 'unfillable', 'open'), settled_at = iif(attempts + 1 >= ?6, ?4, NULL)
              WHERE series_id = ?1 AND from_open BETWEEN ?2 AND ?3 AND state = 'open' AND next_attempt_at <= ?4",
            params![series, asked.from.get(), asked.to.get(), now.get(), PAUSE_MS, ATTEMPTS],
        )?;
        Ok(())
    }

    fn note(&self, series: i64, timeframe: Timeframe, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        if self.extend(series, timeframe, gap)? {
            return Ok(());
        }
        // A gap that is on record, open or unfillable, is not noted again; one that was repaired and lost is news.
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO data_gaps (series_id, from_open, to_open, missing, state, found_at, next_attempt_at)
             SELECT ?1, ?2, ?3, ?4, 'open', ?5, ?5 + ?6
              WHERE NOT EXISTS (SELECT 1 FROM data_gaps WHERE series_id = ?1 AND from_open <= ?2 AND to_open >= ?3
                                   AND state <> 'repaired')
             ON CONFLICT (series_id, from_open) DO UPDATE
                SET to_open = excluded.to_open, missing = excluded.missing, state = 'open', attempts = 0,
                    next_attempt_at = excluded.next_attempt_at, settled_at = NULL",
        )?;
        let row = params![series, gap.from.get(), gap.to.get(), gap.candles(timeframe), now.get(), PAUSE_MS];
        statement.execute(row)?;
        Ok(())
    }

    /// An open gap that this one goes on from grows and keeps its count of attempts: else the gap at the end of a pair
    /// that is no longer traded would be a new one with every run.
    fn extend(&self, series: i64, timeframe: Timeframe, gap: Stretch) -> Result<bool, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE data_gaps SET to_open = ?4, missing = (?4 - from_open) / ?5 + 1
              WHERE series_id = ?1 AND state = 'open' AND from_open <= ?2 AND to_open >= ?3 AND to_open < ?4",
        )?;
        let before = timeframe.step(gap.from, -1);
        let row = params![series, gap.from.get(), before.get(), gap.to.get(), timeframe.ms()];
        Ok(statement.execute(row)? > 0)
    }

    fn close(&self, series: i64, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE data_gaps SET state = 'repaired', settled_at = ?3 WHERE series_id = ?1 AND from_open = ?2",
            params![series, gap.from.get(), now.get()],
        )?;
        Ok(())
    }
}

fn gap(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stretch> {
    Ok(Stretch { from: UtcMillis::new(row.get(0)?), to: UtcMillis::new(row.get(1)?) })
}
