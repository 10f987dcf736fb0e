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

    /// Whether an open gap lies in a stretch of open times, `end` not included.
    pub fn has_open_gap(&self, key: &SeriesKey, from: UtcMillis, end: UtcMillis) -> Result<bool, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(false) };
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM data_gaps
              WHERE series_id = ?1 AND state = 'open' AND from_open < ?3 AND to_open >= ?2)",
        )?;
        Ok(statement.query_row(params![series, from.get(), end.get()], |r| r.get(0))?)
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
                self.forget(series, gap)?;
                for filled in gap.without(&left, key.timeframe) {
                    self.add_repaired(series, key.timeframe, filled, now)?;
                }
                for hole in left {
                    self.note(series, key.timeframe, hole, now)?;
                }
            }
        }
        Ok(())
    }

    /// Puts a gap off whose request failed, so that others have their turn; that is no attempt.
    pub fn put_gap_off(&self, key: &SeriesKey, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        let series = self.series_id_or_new(key)?;
        self.transaction.execute(
            "UPDATE data_gaps SET next_attempt_at = ?3 + ?4 WHERE series_id = ?1 AND from_open = ?2 AND state = 'open'",
            params![series, gap.from.get(), now.get(), PAUSE_MS],
        )?;
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

    /// Puts a gap on record, but for what was given up of it.
    fn note(&self, series: i64, timeframe: Timeframe, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT from_open, to_open FROM data_gaps
              WHERE series_id = ?1 AND from_open <= ?3 AND to_open >= ?2 AND state = 'unfillable' ORDER BY from_open",
        )?;
        let rows = statement.query_map(params![series, gap.from.get(), gap.to.get()], self::gap)?;
        let given_up: Vec<Stretch> = rows.collect::<Result<_, _>>()?;
        for part in gap.without(&given_up, timeframe) {
            self.note_open(series, timeframe, part, now)?;
        }
        Ok(())
    }

    /// Puts an open gap on record. It grows together with open gaps that it touches, which keep their count of attempts: else
    /// the gap at the end of a pair that is no longer traded would be a new one with every run.
    fn note_open(&self, series: i64, timeframe: Timeframe, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        if self.is_on_record(series, gap)? {
            return Ok(());
        }
        let (before, after) = (timeframe.step(gap.from, -1), timeframe.step(gap.to, 1));
        let touching = params![series, before.get(), after.get()];
        let (from, to, attempts, found_at, next_attempt_at) = self.transaction.query_row(
            "SELECT min(from_open), max(to_open), max(attempts), min(found_at), min(next_attempt_at) FROM data_gaps
              WHERE series_id = ?1 AND state = 'open' AND to_open >= ?2 AND from_open <= ?3",
            touching,
            |r| {
                Ok((
                    r.get::<_, Option<i64>>(0)?.unwrap_or(gap.from.get()).min(gap.from.get()),
                    r.get::<_, Option<i64>>(1)?.unwrap_or(gap.to.get()).max(gap.to.get()),
                    r.get::<_, Option<i64>>(2)?.unwrap_or_default(),
                    r.get::<_, Option<i64>>(3)?.unwrap_or(now.get()),
                    r.get::<_, Option<i64>>(4)?.unwrap_or(now.get() + PAUSE_MS),
                ))
            },
        )?;
        self.transaction.execute(
            "DELETE FROM data_gaps WHERE series_id = ?1 AND state = 'open' AND to_open >= ?2 AND from_open <= ?3",
            touching,
        )?;
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO data_gaps (series_id, from_open, to_open, missing, state, attempts, found_at, next_attempt_at)
             VALUES (?1, ?2, ?3, (?3 - ?2) / ?4 + 1, 'open', ?5, ?6, ?7)
             ON CONFLICT (series_id, from_open) DO UPDATE
                SET to_open = excluded.to_open, missing = excluded.missing, state = 'open', attempts = excluded.attempts,
                    next_attempt_at = excluded.next_attempt_at, settled_at = NULL",
        )?;
        statement.execute(params![series, from, to, timeframe.ms(), attempts, found_at, next_attempt_at])?;
        Ok(())
    }

    /// Whether a gap lies within one that is open or unfillable.
    fn is_on_record(&self, series: i64, gap: Stretch) -> Result<bool, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM data_gaps
              WHERE series_id = ?1 AND from_open <= ?2 AND to_open >= ?3 AND state <> 'repaired')",
        )?;
        Ok(statement.query_row(params![series, gap.from.get(), gap.to.get()], |r| r.get(0))?)
    }

    fn forget(&self, series: i64, gap: Stretch) -> Result<(), StoreError> {
        let sql = "DELETE FROM data_gaps WHERE series_id = ?1 AND from_open = ?2";
        self.transaction.execute(sql, params![series, gap.from.get()])?;
        Ok(())
    }

    fn add_repaired(&self, series: i64, timeframe: Timeframe, gap: Stretch, now: UtcMillis) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO data_gaps (series_id, from_open, to_open, missing, state, found_at, next_attempt_at, settled_at)
             VALUES (?1, ?2, ?3, ?4, 'repaired', ?5, ?5, ?5)
             ON CONFLICT DO UPDATE SET to_open = ?3, missing = ?4, state = 'repaired', settled_at = ?5",
            params![series, gap.from.get(), gap.to.get(), gap.candles(timeframe), now.get()],
        )?;
        Ok(())
    }
}

fn gap(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stretch> {
    Ok(Stretch { from: UtcMillis::new(row.get(0)?), to: UtcMillis::new(row.get(1)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Candle, Source};
    use crate::store::{Access, Contents, Origin};

    const NOW: UtcMillis = UtcMillis::new(1_710_331_200_000);

    /// A database whose only series is of minutes, counted from a whole hour.
    struct Minutes {
        store: Store,
        key: SeriesKey,
        _folder: tempfile::TempDir,
    }

    fn stretch((from, to): (i64, i64)) -> Stretch {
        let at = |minute| Timeframe::M1.step(UtcMillis::new(1_710_288_000_000), minute);
        Stretch { from: at(from), to: at(to) }
    }

    fn stretches(minutes: &[(i64, i64)]) -> Vec<Stretch> {
        minutes.iter().copied().map(stretch).collect()
    }

    fn after(hours: i64) -> UtcMillis {
        Timeframe::H1.step(NOW, hours)
    }

    impl Minutes {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
            let key = SeriesKey { symbol: "BTC/USDT".parse().unwrap(), timeframe: Timeframe::M1 };
            Self { store, key, _folder: folder }
        }

        fn write(&mut self, work: impl Fn(&Write<'_>, &SeriesKey) -> Result<(), StoreError>) {
            let write = self.store.write().unwrap();
            work(&write, &self.key).unwrap();
            write.commit().unwrap();
        }

        fn note(&mut self, gaps: &[(i64, i64)]) {
            self.write(|write, key| write.note_gaps(key, &stretches(gaps), NOW));
        }

        fn attempt(&mut self, asked: (i64, i64), now: UtcMillis) {
            self.write(|write, key| write.count_attempts(key, stretch(asked), now));
        }

        /// Stores candles, then settles all gaps.
        fn fill(&mut self, minutes: &[i64]) {
            let candle = |m: &i64| Candle::from_parts(stretch((*m, *m)).from, [1.0; 4], 1.0, None).unwrap();
            let candles: Vec<Candle> = minutes.iter().map(candle).collect();
            let origin = Origin {
                run_id: "r".to_owned(),
                source: Source::Rest,
                origin: "o".to_owned(),
                sha256: None,
                fetched_at: NOW,
            };
            self.write(|write, key| {
                write.add_candles(key, write.add_ingest(&origin)?, &candles)?;
                write.settle_gaps(key, stretch((-99, 99)), NOW)
            });
        }

        /// First and last minute, candles, state and attempts of each gap.
        fn gaps(&self) -> Vec<(i64, i64, i64, String, i64)> {
            let sql = "SELECT (from_open - ?1) / 60000, (to_open - ?1) / 60000, missing, state, attempts FROM data_gaps
                        ORDER BY from_open";
            let mut statement = self.store.connection.prepare(sql).unwrap();
            let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?));
            let rows = statement.query_map([stretch((0, 0)).from.get()], read).unwrap();
            rows.map(Result::unwrap).collect()
        }

        fn check(&self, gaps: &[(i64, i64, i64, &str, i64)]) {
            let wanted: Vec<_> = gaps.iter().map(|&(f, t, n, state, a)| (f, t, n, state.to_owned(), a)).collect();
            assert_eq!(self.gaps(), wanted);
        }
    }

    #[test]
    fn a_gap_is_asked_for_after_one_three_and_seven_hours_and_then_given_up() {
        let mut minutes = Minutes::new();
        minutes.note(&[(2, 3)]);
        for (hours, state) in [(1, "open"), (3, "open"), (7, "unfillable")] {
            let early = after(hours).plus_ms(-1);
            assert_eq!(minutes.store.gaps_due(&minutes.key, early, 9).unwrap(), []);
            assert_eq!(minutes.store.gaps_to_leave(&minutes.key, early).unwrap(), [stretch((2, 3))]);
            let before = minutes.gaps();
            minutes.attempt((0, 9), early);
            minutes.attempt((3, 9), after(hours));
            assert_eq!(minutes.gaps(), before, "too early, or asked for something else");
            assert_eq!(minutes.store.gaps_due(&minutes.key, after(hours), 9).unwrap(), [stretch((2, 3))]);
            assert_eq!(minutes.store.gaps_to_leave(&minutes.key, after(hours)).unwrap(), []);
            minutes.attempt((0, 9), after(hours));
            assert_eq!(minutes.gaps()[0].3, state, "after {hours} hours");
        }
        assert_eq!(minutes.store.gaps_due(&minutes.key, after(999), 9).unwrap(), []);
        assert_eq!(minutes.store.gaps_to_leave(&minutes.key, after(999)).unwrap(), [stretch((2, 3))]);
        assert_eq!(minutes.store.gaps_open().unwrap(), 0);
    }

    #[test]
    fn a_gap_lies_in_a_stretch_that_it_overlaps_while_it_is_open() {
        let mut minutes = Minutes::new();
        minutes.note(&[(2, 3)]);
        let has = |minutes: &Minutes, from, end| {
            let Stretch { from, to } = stretch((from, end));
            minutes.store.has_open_gap(&minutes.key, from, to).unwrap()
        };
        for (from, end, is_in) in [(0, 2, false), (0, 3, true), (3, 4, true), (4, 9, false), (0, 9, true)] {
            assert_eq!(has(&minutes, from, end), is_in, "{from} to {end}");
        }
        for hours in [1, 3, 7] {
            minutes.attempt((2, 3), after(hours));
        }
        assert!(!has(&minutes, 0, 9), "it was given up");
        let other = SeriesKey { timeframe: Timeframe::H1, ..minutes.key.clone() };
        assert!(
            !minutes.store.has_open_gap(&other, stretch((0, 0)).from, after(9)).unwrap(),
            "there is no such series"
        );
    }

    #[test]
    fn the_oldest_gaps_are_due_first() {
        let mut minutes = Minutes::new();
        minutes.note(&[(8, 8), (2, 2), (5, 5)]);
        let due = minutes.store.gaps_due(&minutes.key, after(1), 2).unwrap();
        assert_eq!(due, stretches(&[(2, 2), (5, 5)]));
    }

    #[test]
    fn a_gap_is_noted_once_and_only_where_no_candle_is_stored() {
        let mut minutes = Minutes::new();
        minutes.fill(&[3]);
        minutes.note(&[(1, 6)]);
        let gaps = [(1, 2, 2, "open", 0), (4, 6, 3, "open", 0)];
        minutes.check(&gaps);
        minutes.note(&[(1, 6), (5, 5)]);
        minutes.check(&gaps);
    }

    #[test]
    fn a_gap_is_split_by_candles_that_come_and_repaired_by_the_last_of_them() {
        let mut minutes = Minutes::new();
        minutes.note(&[(2, 7)]);
        minutes.fill(&[4, 5]);
        minutes.check(&[(2, 3, 2, "open", 0), (4, 5, 2, "repaired", 0), (6, 7, 2, "open", 0)]);
        minutes.fill(&[2, 3, 6]);
        let (repaired, open) = ("repaired", "open");
        minutes.check(&[(2, 3, 2, repaired, 0), (4, 5, 2, repaired, 0), (6, 6, 1, repaired, 0), (7, 7, 1, open, 0)]);
        minutes.fill(&[7]);
        assert_eq!(minutes.store.gaps_open().unwrap(), 0);
        minutes.store.connection.execute("DELETE FROM price_data", []).unwrap();
        minutes.note(&[(2, 3)]);
        minutes.check(&[(2, 3, 2, open, 0), (4, 5, 2, repaired, 0), (6, 6, 1, repaired, 0), (7, 7, 1, repaired, 0)]);
    }

    #[test]
    fn what_was_given_up_is_not_noted_again_within_a_longer_gap() {
        let mut minutes = Minutes::new();
        minutes.note(&[(4, 5)]);
        for hours in [1, 3, 7] {
            minutes.attempt((4, 5), after(hours));
        }
        minutes.note(&[(2, 7)]);
        minutes.check(&[(2, 3, 2, "open", 0), (4, 5, 2, "unfillable", 3), (6, 7, 2, "open", 0)]);
    }

    #[test]
    fn an_open_gap_grows_at_its_end_and_keeps_its_attempts_and_one_given_up_does_not() {
        let mut minutes = Minutes::new();
        minutes.note(&[(2, 3)]);
        minutes.attempt((2, 3), after(1));
        minutes.note(&[(4, 6)]);
        minutes.check(&[(2, 6, 5, "open", 1)]);
        minutes.note(&[(8, 8)]);
        minutes.check(&[(2, 6, 5, "open", 1), (8, 8, 1, "open", 0)]);
        minutes.attempt((2, 3), after(3));
        minutes.attempt((2, 3), after(7));
        minutes.note(&[(7, 7)]);
        minutes.check(&[(2, 6, 5, "unfillable", 3), (7, 8, 2, "open", 0)]);
    }

    #[test]
    fn open_gaps_that_overlap_or_touch_are_one() {
        for (first, second, one) in [
            (vec![(5, 6)], (3, 8), (3, 8, 6)),
            (vec![(3, 8)], (5, 6), (3, 8, 6)),
            (vec![(2, 3), (5, 7)], (2, 7), (2, 7, 6)),
            (vec![(2, 3), (5, 7)], (4, 4), (2, 7, 6)),
        ] {
            let mut minutes = Minutes::new();
            minutes.note(&first);
            minutes.note(&[second]);
            let (from, to, missing) = one;
            minutes.check(&[(from, to, missing, "open", 0)]);
        }
    }
}
