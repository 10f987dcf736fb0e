//! Candles: the tables `series`, `ingests`, `price_data` and `price_revisions`.

use rusqlite::{CachedStatement, OptionalExtension, Row, params};

use super::{Store, StoreError, Write};
use crate::market::{Candle, Extras, SeriesKey, Source, Stretch};
use crate::report::{Provenance, Tally};
use crate::unit::{Timeframe, UtcMillis};

/// Where a batch of candles came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By which run.
    pub run_id: String,
    /// What kind of source.
    pub source: Source,
    /// The server, folder or file.
    pub origin: String,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// When.
    pub fetched_at: UtcMillis,
}

/// An origin that is on record; candles refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingest {
    id: i64,
    source: Source,
}

/// Why a candle stands in `price_revisions`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Revision {
    /// It stood in `price_data` until now.
    Replaced,
    /// The stored one counts more.
    Disbelieved,
}

const COLUMNS: &str = "open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_base";

fn extras(row: &Row<'_>) -> Result<Option<Extras>, StoreError> {
    Ok(match (row.get(6)?, row.get(7)?, row.get(8)?) {
        (Some(quote_volume), Some(trades), Some(taker_buy_base)) => {
            Some(Extras { quote_volume, trades, taker_buy_base })
        }
        _ => None,
    })
}

fn candle(row: &Row<'_>, extras: Option<Extras>) -> Result<Candle, StoreError> {
    let open_time = UtcMillis::new(row.get(0)?);
    let prices = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
    Candle::from_parts(open_time, prices, row.get(5)?, extras)
        .map_err(|flaw| StoreError::BadRow(format!("candle {open_time}: {flaw}")))
}

impl Store {
    /// The newest `count` candles that open before `end`, the oldest first; prices and volume only, which is all that
    /// is ever read of many candles at once.
    pub fn tail(&self, key: &SeriesKey, end: UtcMillis, count: usize) -> Result<Vec<Candle>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT open_time, open, high, low, close, volume FROM price_data
              WHERE series_id = ?1 AND open_time < ?2 ORDER BY open_time DESC LIMIT ?3",
        )?;
        let mut rows = statement.query(params![series, end.get(), i64::try_from(count).unwrap_or(i64::MAX)])?;
        let mut candles = Vec::with_capacity(count.min(4096));
        while let Some(row) = rows.next()? {
            candles.push(candle(row, None)?);
        }
        candles.reverse();
        Ok(candles)
    }

    /// The candles that open from `from` on and before `end`; prices and volume only.
    pub fn plain(&self, key: &SeriesKey, from: UtcMillis, end: UtcMillis) -> Result<Vec<Candle>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT open_time, open, high, low, close, volume FROM price_data
              WHERE series_id = ?1 AND open_time >= ?2 AND open_time < ?3 ORDER BY open_time",
        )?;
        let mut rows = statement.query(params![series, from.get(), end.get()])?;
        let mut candles = Vec::new();
        while let Some(row) = rows.next()? {
            candles.push(candle(row, None)?);
        }
        Ok(candles)
    }

    /// The candles that open from `from` on and before `end`, whole.
    pub fn range(&self, key: &SeriesKey, from: UtcMillis, end: UtcMillis) -> Result<Vec<Candle>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {COLUMNS} FROM price_data p WHERE p.series_id = ?1 AND p.open_time >= ?2 AND p.open_time < ?3
              ORDER BY p.open_time"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![series, from.get(), end.get()])?;
        let mut candles = Vec::with_capacity(room(key.timeframe, from, end));
        while let Some(row) = rows.next()? {
            candles.push(candle(row, extras(row)?)?);
        }
        Ok(candles)
    }

    /// The open times of the oldest and the newest candle of a length.
    pub fn reach(&self, key: &SeriesKey) -> Result<Option<(UtcMillis, UtcMillis)>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(None) };
        let sql = "SELECT (SELECT min(open_time) FROM price_data WHERE series_id = ?1),
                          (SELECT max(open_time) FROM price_data WHERE series_id = ?1)";
        let ends: (Option<i64>, Option<i64>) =
            self.connection.query_row(sql, [series], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(ends.0.zip(ends.1).map(|(first, last)| (UtcMillis::new(first), UtcMillis::new(last))))
    }

    /// The open time of the newest candle.
    pub fn newest(&self, key: &SeriesKey) -> Result<Option<UtcMillis>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT max(open_time) FROM price_data WHERE series_id = ?1")?;
        Ok(statement.query_row([series], |r| r.get::<_, Option<i64>>(0))?.map(UtcMillis::new))
    }

    /// The ranges of `from..=to` (open times) in which no candle is stored, in order.
    pub fn holes(&self, key: &SeriesKey, from: UtcMillis, to: UtcMillis) -> Result<Vec<Stretch>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(whole(from, to)) };
        holes(&self.connection, series, key.timeframe, from, to)
    }

    /// Where the candles of a stretch came from.
    pub fn provenance(&self, key: &SeriesKey, from: UtcMillis, to: UtcMillis) -> Result<Vec<Provenance>, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT i.source, i.origin, count(*), min(i.fetched_at), max(i.fetched_at)
               FROM price_data p JOIN ingests i ON i.id = p.ingest_id
              WHERE p.series_id = ?1 AND p.open_time BETWEEN ?2 AND ?3 GROUP BY 1, 2 ORDER BY 4",
        )?;
        let rows = statement.query_map(params![series, from.get(), to.get()], |r| {
            Ok(Provenance {
                source: r.get(0)?,
                origin: r.get(1)?,
                candles: r.get::<_, i64>(2)?.unsigned_abs(),
                fetched_from: UtcMillis::new(r.get(3)?),
                fetched_to: UtcMillis::new(r.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many candles of a stretch were replaced after `since`.
    pub fn revised_since(
        &self,
        key: &SeriesKey,
        from: UtcMillis,
        to: UtcMillis,
        since: UtcMillis,
    ) -> Result<u64, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(0) };
        let count: i64 = self.connection.query_row(
            "SELECT count(DISTINCT r.open_time) FROM price_revisions r JOIN ingests i ON i.id = r.noted_by
              WHERE r.series_id = ?1 AND r.open_time BETWEEN ?2 AND ?3 AND i.fetched_at > ?4 AND r.was_current = 1",
            params![series, from.get(), to.get(), since.get()],
            |r| r.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// How many candles of a stretch are told by an answer that came after `since`: they were revised, or not there before.
    pub fn came_since(
        &self,
        key: &SeriesKey,
        from: UtcMillis,
        to: UtcMillis,
        since: UtcMillis,
    ) -> Result<u64, StoreError> {
        let Some(series) = self.series_id(key)? else { return Ok(0) };
        let count: i64 = self.connection.query_row(
            "SELECT count(*) FROM price_data p JOIN ingests i ON i.id = p.ingest_id
              WHERE p.series_id = ?1 AND p.open_time BETWEEN ?2 AND ?3 AND i.fetched_at > ?4",
            params![series, from.get(), to.get(), since.get()],
            |r| r.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// When the first candle there ever was opened, once that is known.
    pub fn listed_at(&self, key: &SeriesKey) -> Result<Option<UtcMillis>, StoreError> {
        let sql = "SELECT listed_at FROM series WHERE symbol = ?1 AND timeframe = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let row =
            statement.query_row(params![key.symbol.as_str(), key.timeframe.name()], |r| r.get::<_, Option<i64>>(0));
        Ok(row.optional()?.flatten().map(UtcMillis::new))
    }

    pub(super) fn series_id(&self, key: &SeriesKey) -> Result<Option<i64>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM series WHERE symbol = ?1 AND timeframe = ?2")?;
        Ok(statement.query_row(params![key.symbol.as_str(), key.timeframe.name()], |r| r.get(0)).optional()?)
    }
}

/// So many candles lie between at most, where that is not beyond what anybody has.
fn room(timeframe: Timeframe, from: UtcMillis, end: UtcMillis) -> usize {
    const MOST: i64 = 2_000_000;
    usize::try_from((end.since_ms(from) / timeframe.ms() + 1).clamp(0, MOST)).unwrap_or_default()
}

fn whole(from: UtcMillis, to: UtcMillis) -> Vec<Stretch> {
    if from <= to { vec![Stretch { from, to }] } else { Vec::new() }
}

/// The ranges without a candle, from one walk over the primary key.
pub(super) fn holes(
    connection: &rusqlite::Connection,
    series: i64,
    timeframe: Timeframe,
    from: UtcMillis,
    to: UtcMillis,
) -> Result<Vec<Stretch>, StoreError> {
    let sql =
        "SELECT open_time FROM price_data WHERE series_id = ?1 AND open_time BETWEEN ?2 AND ?3 ORDER BY open_time";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![series, from.get(), to.get()])?;
    let mut holes = Vec::new();
    let mut expected = timeframe.ceil(from);
    while let Some(row) = rows.next()? {
        let open_time = UtcMillis::new(row.get(0)?);
        holes.extend(whole(expected, timeframe.step(open_time, -1)));
        expected = timeframe.step(open_time, 1);
    }
    holes.extend(whole(expected, timeframe.floor(to)));
    Ok(holes)
}

impl Write<'_> {
    /// Puts an origin on record.
    pub fn add_ingest(&self, origin: &Origin) -> Result<Ingest, StoreError> {
        self.transaction.execute(
            "INSERT INTO ingests (run_id, source, origin, sha256, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![origin.run_id, origin.source.word(), origin.origin, origin.sha256, origin.fetched_at.get()],
        )?;
        Ok(Ingest { id: self.transaction.last_insert_rowid(), source: origin.source })
    }

    /// Takes candles in. What is new is added; a stored candle that is told differently is replaced and kept as a revision,
    /// unless the stored one comes from a source that counts more.
    pub fn add_candles(&self, key: &SeriesKey, ingest: Ingest, candles: &[Candle]) -> Result<Tally, StoreError> {
        let series = self.series_id_or_new(key)?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO price_data VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
        )?;
        let mut tally = Tally::default();
        for candle in candles {
            if insert_one(&mut insert, series, candle, ingest.id)? {
                tally.added += 1;
            } else {
                self.compare(series, candle, ingest, &mut tally)?;
            }
        }
        Ok(tally)
    }

    /// Remembers when the first candle there ever was opened.
    pub fn set_listed_at(&self, key: &SeriesKey, first: UtcMillis) -> Result<(), StoreError> {
        let series = self.series_id_or_new(key)?;
        self.transaction.execute("UPDATE series SET listed_at = ?2 WHERE id = ?1", params![series, first.get()])?;
        Ok(())
    }

    pub(super) fn series_id_or_new(&self, key: &SeriesKey) -> Result<i64, StoreError> {
        let names = params![key.symbol.as_str(), key.timeframe.name()];
        let mut select =
            self.transaction.prepare_cached("SELECT id FROM series WHERE symbol = ?1 AND timeframe = ?2")?;
        if let Some(id) = select.query_row(names, |r| r.get(0)).optional()? {
            return Ok(id);
        }
        self.transaction.execute("INSERT INTO series (symbol, timeframe) VALUES (?1, ?2)", names)?;
        Ok(self.transaction.last_insert_rowid())
    }

    fn compare(&self, series: i64, new: &Candle, ingest: Ingest, tally: &mut Tally) -> Result<(), StoreError> {
        let (stored, by, source) = self.stored(series, new.open_time())?;
        if stored.agrees_with(new) {
            tally.unchanged += 1;
        } else if ingest.source.overrules(source) {
            tally.revised += 1;
            self.add_revision(series, &stored, by, Revision::Replaced, ingest.id)?;
            self.replace(series, new, ingest.id)?;
        } else {
            tally.not_believed += 1;
            self.add_revision(series, new, ingest.id, Revision::Disbelieved, ingest.id)?;
        }
        Ok(())
    }

    fn stored(&self, series: i64, open_time: UtcMillis) -> Result<(Candle, i64, Source), StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, p.ingest_id, i.source FROM price_data p JOIN ingests i ON i.id = p.ingest_id
              WHERE p.series_id = ?1 AND p.open_time = ?2"
        );
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows = statement.query(params![series, open_time.get()])?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let word: String = row.get(10)?;
        let source = Source::from_word(&word).ok_or_else(|| StoreError::BadRow(format!("source {word}")))?;
        Ok((candle(row, extras(row)?)?, row.get(9)?, source))
    }

    fn add_revision(
        &self,
        series: i64,
        candle: &Candle,
        by: i64,
        kind: Revision,
        noted_by: i64,
    ) -> Result<(), StoreError> {
        let extras = candle.extras();
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO price_revisions (series_id, open_time, open, high, low, close, volume, quote_volume, trades,
                 taker_buy_base, ingest_id, was_current, noted_by)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
              WHERE ?12 = 1 OR NOT EXISTS (SELECT 1 FROM price_revisions WHERE series_id = ?1 AND open_time = ?2
                AND open = ?3 AND high = ?4 AND low = ?5 AND close = ?6 AND volume = ?7 AND was_current = 0)",
        )?;
        statement.execute(params![
            series,
            candle.open_time().get(),
            candle.open(),
            candle.high(),
            candle.low(),
            candle.close(),
            candle.volume(),
            extras.map(|e| e.quote_volume),
            extras.map(|e| e.trades),
            extras.map(|e| e.taker_buy_base),
            by,
            kind == Revision::Replaced,
            noted_by
        ])?;
        Ok(())
    }

    fn replace(&self, series: i64, candle: &Candle, ingest: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM price_data WHERE series_id = ?1 AND open_time = ?2";
        self.transaction.prepare_cached(sql)?.execute(params![series, candle.open_time().get()])?;
        let mut insert = self
            .transaction
            .prepare_cached("INSERT INTO price_data VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?;
        insert_one(&mut insert, series, candle, ingest)?;
        Ok(())
    }
}

fn insert_one(
    statement: &mut CachedStatement<'_>,
    series: i64,
    candle: &Candle,
    ingest: i64,
) -> Result<bool, StoreError> {
    let extras = candle.extras();
    let changed = statement.execute(params![
        series,
        candle.open_time().get(),
        candle.open(),
        candle.high(),
        candle.low(),
        candle.close(),
        candle.volume(),
        extras.map(|e| e.quote_volume),
        extras.map(|e| e.trades),
        extras.map(|e| e.taker_buy_base),
        ingest
    ])?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents};

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn at(minute: i64) -> UtcMillis {
        Timeframe::M1.step(START, minute)
    }

    fn key(symbol: &str) -> SeriesKey {
        SeriesKey { symbol: symbol.parse().unwrap(), timeframe: Timeframe::M1 }
    }

    fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store)
    }

    fn add(store: &mut Store, key: &SeriesKey, source: Source, minutes: &[i64], price: f64, now: UtcMillis) -> Tally {
        let candle = |m: &i64| Candle::from_parts(at(*m), [price; 4], 1.0, None).unwrap();
        let candles: Vec<Candle> = minutes.iter().map(candle).collect();
        let (run_id, origin) = ("r".to_owned(), "o".to_owned());
        let write = store.write().unwrap();
        let ingest = write.add_ingest(&Origin { run_id, source, origin, sha256: None, fetched_at: now }).unwrap();
        let tally = write.add_candles(key, ingest, &candles).unwrap();
        write.commit().unwrap();
        tally
    }

    #[test]
    fn a_candle_told_differently_is_replaced_or_not_believed_and_both_words_are_kept() {
        let (_folder, mut store) = open();
        let btc = key("BTC/USDT");
        let (one, none) = (1, Tally::default());
        for (hour, (source, price, tally, stands)) in [
            (Source::Archive, 1.0, Tally { added: one, ..none }, 1.0),
            (Source::Archive, 2.0, Tally { revised: one, ..none }, 2.0),
            (Source::Rest, 2.0, Tally { unchanged: one, ..none }, 2.0),
            (Source::Rest, 3.0, Tally { revised: one, ..none }, 3.0),
            (Source::Archive, 2.0, Tally { not_believed: one, ..none }, 3.0),
            (Source::Archive, 2.0, Tally { not_believed: one, ..none }, 3.0),
            (Source::Rest, 4.0, Tally { revised: one, ..none }, 4.0),
        ]
        .into_iter()
        .enumerate()
        {
            let now = Timeframe::H1.step(START, i64::try_from(hour).unwrap());
            assert_eq!(add(&mut store, &btc, source, &[0], price, now), tally, "{source:?} says {price}");
            let stored = store.tail(&btc, at(1), 9).unwrap();
            assert_eq!(stored.iter().map(Candle::close).collect::<Vec<_>>(), [stands]);
        }
        let sql = "SELECT close, was_current, ingest_id, noted_by FROM price_revisions ORDER BY id";
        let mut statement = store.connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap();
        let kept: Vec<(f64, bool, i64, i64)> = rows.map(Result::unwrap).collect();
        assert_eq!(kept, [(1.0, true, 1, 2), (2.0, true, 2, 4), (2.0, false, 5, 5), (3.0, true, 4, 7)]);
        let since = |hours| store.revised_since(&btc, at(0), at(9), Timeframe::H1.step(START, hours)).unwrap();
        assert_eq!([since(5), since(6)], [1, 0]);
    }

    #[test]
    fn the_newest_candles_before_an_instant_are_read_the_oldest_first() {
        let (_folder, mut store) = open();
        add(&mut store, &key("BTC/USDT"), Source::Rest, &[0, 1, 2, 4], 1.0, START);
        add(&mut store, &key("ETH/USDT"), Source::Rest, &[3, 9], 1.0, START);
        for (symbol, end, count, minutes) in [
            ("BTC/USDT", 9, 9, vec![0, 1, 2, 4]),
            ("BTC/USDT", 9, 2, vec![2, 4]),
            ("BTC/USDT", 4, 2, vec![1, 2]),
            ("BTC/USDT", 0, 2, vec![]),
            ("BTC/USDT", 9, 0, vec![]),
            ("SOL/USDT", 9, 9, vec![]),
        ] {
            let tail = store.tail(&key(symbol), at(end), count).unwrap();
            let told: Vec<_> = tail.iter().map(Candle::open_time).collect();
            assert_eq!(told, minutes.into_iter().map(at).collect::<Vec<_>>(), "{symbol}: {count} before {end}");
        }
        assert_eq!(store.newest(&key("BTC/USDT")).unwrap(), Some(at(4)));
        assert_eq!(store.newest(&key("SOL/USDT")).unwrap(), None);
    }

    #[test]
    fn holes_are_the_places_without_a_candle() {
        let (_folder, mut store) = open();
        add(&mut store, &key("BTC/USDT"), Source::Rest, &[2, 3, 6], 1.0, START);
        for (symbol, (from, to), holes) in [
            ("BTC/USDT", (0, 8), vec![(0, 1), (4, 5), (7, 8)]),
            ("BTC/USDT", (3, 6), vec![(4, 5)]),
            ("BTC/USDT", (2, 3), vec![]),
            ("BTC/USDT", (5, 5), vec![(5, 5)]),
            ("BTC/USDT", (9, 8), vec![]),
            ("SOL/USDT", (0, 8), vec![(0, 8)]),
            ("SOL/USDT", (9, 8), vec![]),
        ] {
            let wanted: Vec<_> = holes.into_iter().map(|(f, t)| Stretch { from: at(f), to: at(t) }).collect();
            assert_eq!(store.holes(&key(symbol), at(from), at(to)).unwrap(), wanted, "{symbol} {from} to {to}");
        }
    }
}
