//! A folder of recorded klines that answers like the exchange did, with a clock that stands still.
//!
//! Files are named `SYMBOL-INTERVAL-*.csv` or `.csv.gz` and hold rows in order. When the name ends in
//! `FIRSTDAY_LASTDAY`, only files whose days are wanted are opened. A plain file is searched for what is wanted, a packed
//! one has to be unpacked up to there. `exchangeInfo.json` is optional.

use std::cmp::Reverse;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::search::Span;
use super::wire::{self, ExchangeInfo};
use super::{Answer, Fault, MarketData, Opening, PAGE, Usage, Wanted, Wave};
use crate::market::{Batch, Candle, Series, SeriesKey, Source, Stretch};
use crate::unit::{Symbol, Timeframe, UtcMillis};
use crate::web::plain;

/// A recording: what the exchange would have said at `now`.
#[derive(Debug)]
pub struct Recording {
    folder: PathBuf,
    files: Vec<Recorded>,
    info: Option<ExchangeInfo>,
    now: UtcMillis,
}

/// One file of a recording.
#[derive(Debug)]
struct Recorded {
    path: PathBuf,
    exchange_name: String,
    timeframe: Timeframe,
    days: Option<(UtcMillis, UtcMillis)>,
    /// What was read of it last.
    known: Option<(Span, Batch)>,
}

impl Recording {
    /// Opens a folder. Without `now`, the recording's own clock is taken: the `serverTime` of its `exchangeInfo.json`.
    pub fn open(folder: &Path, now: Option<UtcMillis>) -> Result<Self, Fault> {
        if !folder.is_dir() {
            return Err(refused(folder, "there is no such folder".to_owned()));
        }
        let info = exchange_info(&folder.join("exchangeInfo.json"))?;
        let recorded = info.as_ref().and_then(|i| wire::clock(i.server_time?));
        let no_clock = || {
            refused(folder, "there is no exchangeInfo.json with a serverTime: name the moment with --now".to_owned())
        };
        let now = now.or(recorded).ok_or_else(no_clock)?;
        let mut files: Vec<Recorded> = std::fs::read_dir(folder)
            .map_err(|e| refused(folder, e.to_string()))?
            .filter_map(|entry| Recorded::from_path(entry.ok()?.path()))
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { folder: folder.to_owned(), files, info, now })
    }

    /// Its clock.
    pub const fn now(&self) -> UtcMillis {
        self.now
    }

    fn series(&mut self, wanted: &Wanted, now: UtcMillis) -> Answer {
        let mut answer = Answer::default();
        let mut from = wanted.from;
        while answer.take(wanted, self.page(&Wanted { from, ..wanted.clone() }, now)) {
            from = answer.next;
        }
        answer
    }

    fn page(&mut self, wanted: &Wanted, now: UtcMillis) -> Result<(Batch, Option<UtcMillis>), Fault> {
        let timeframe = wanted.key.timeframe;
        let newest = timeframe.newest_closed(now);
        let to = wanted.to.unwrap_or(newest).min(newest);
        let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let from = wanted.from.map_or_else(|| timeframe.step(to, 1 - page), |from| timeframe.ceil(from));
        let to = to.min(timeframe.step(from, page - 1));
        let next = (to < newest && wanted.to.is_none_or(|end| to < end)).then(|| timeframe.step(to, 1));
        let batch = match self.read(&wanted.key, from, to)? {
            Some(batch) => batch,
            None if to < newest => self.earlier(&wanted.key, from, to)?,
            None => {
                let reaches = |batch: &Batch| batch.candles.last().is_some_and(|c| c.open_time() == to);
                let built = self.build(&wanted.key, from, to)?.filter(reaches);
                built.ok_or_else(|| Fault::Absent { origin: self.origin() })?
            }
        };
        Ok((batch, next))
    }

    /// What there is before the newest candles: nothing, where the recording begins later.
    fn earlier(&mut self, key: &SeriesKey, from: UtcMillis, to: UtcMillis) -> Result<Batch, Fault> {
        if self.files.iter().any(|f| f.is_of(key)) {
            return Ok(Batch::default());
        }
        Ok(self.build(key, from, to)?.unwrap_or_default())
    }

    /// The candles of the series' own files; none when there are no such files.
    fn read(&mut self, key: &SeriesKey, from: UtcMillis, to: UtcMillis) -> Result<Option<Batch>, Fault> {
        let files = self.files.iter_mut().filter(|f| f.is_of(key));
        let mut batches = files
            .filter(|f| f.may_hold(from, to))
            .map(|file| file.read(from, to, self.now))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        let Some(first) = batches.next() else { return Ok(None) };
        Ok(Some(batches.fold(first, |a, b| joined(key.timeframe, a, b))))
    }

    /// The candles built from the longest finer ones that reach the end of the wanted time, or come nearest to it.
    fn build(&mut self, key: &SeriesKey, from: UtcMillis, to: UtcMillis) -> Result<Option<Batch>, Fault> {
        let end = |batch: &Batch| batch.candles.last().map(Candle::open_time);
        let mut built: Option<Batch> = None;
        for finer in Timeframe::ALL.into_iter().rev().filter(|t| *t < key.timeframe) {
            let last = finer.step(key.timeframe.step(to, 1), -1);
            let of_finer = SeriesKey { symbol: key.symbol.clone(), timeframe: finer };
            let Some(batch) = self.read(&of_finer, from, last)? else { continue };
            let series = Series::new(finer, batch.candles).map_err(|e| refused(&self.folder, e.to_string()))?;
            let candles = series.aggregate(key.timeframe).candles().to_vec();
            let gaps = gaps(key.timeframe, &candles);
            let batch = Batch { candles, gaps, bad: batch.bad, bad_rows: batch.bad_rows, ended_early: 0 };
            if end(&batch) > built.as_ref().and_then(end) {
                built = Some(batch);
            }
            if built.as_ref().and_then(end) == Some(to) {
                break;
            }
        }
        Ok(built)
    }
}

impl MarketData for Recording {
    fn source(&self) -> Source {
        Source::Replay
    }

    fn origin(&self) -> String {
        self.folder.display().to_string()
    }

    fn open(&mut self, symbols: &[Symbol]) -> Opening {
        let described = |info: &ExchangeInfo, symbol: &Symbol| {
            let found = info.symbols.iter().find(|s| s.describes(symbol)).map(|s| s.instrument(symbol, self.now));
            found.ok_or_else(|| Fault::UnknownSymbol { host: self.origin(), symbol: symbol.to_string() })
        };
        let all = |info| symbols.iter().map(|symbol| (symbol.clone(), described(info, symbol))).collect();
        Opening { server_time: Ok(self.now), date: None, instruments: self.info.as_ref().map(all) }
    }

    fn candles(&mut self, wanted: &[Wanted], now: UtcMillis) -> Vec<Answer> {
        let now = now.min(self.now);
        // What longer candles are built from is then known when it is wanted for itself.
        let mut order: Vec<_> = wanted.iter().enumerate().collect();
        order.sort_by_key(|(_, wanted)| Reverse(wanted.key.timeframe));
        let mut answers = vec![Answer::default(); wanted.len()];
        for (place, wanted) in order {
            answers[place] = self.series(wanted, now);
        }
        answers
    }

    fn candles_and_quotes(&mut self, wanted: &[Wanted], _: &[Symbol], now: UtcMillis) -> Wave {
        Wave { candles: self.candles(wanted, now), quotes: Vec::new() }
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}

impl Recorded {
    fn from_path(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        let stem = name.strip_suffix(".csv.gz").or_else(|| name.strip_suffix(".csv"))?;
        let mut parts = stem.splitn(3, '-');
        let (exchange_name, timeframe) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        Some(Self { path, exchange_name, timeframe, days: parts.next().and_then(days), known: None })
    }

    fn is_of(&self, key: &SeriesKey) -> bool {
        self.timeframe == key.timeframe && self.exchange_name == key.symbol.exchange_name()
    }

    fn may_hold(&self, from: UtcMillis, to: UtcMillis) -> bool {
        self.days.is_none_or(|(first, last)| first <= to && from < Timeframe::D1.step(last, 1))
    }

    fn read(&mut self, from: UtcMillis, to: UtcMillis, now: UtcMillis) -> Result<Batch, Fault> {
        let span = Span { timeframe: self.timeframe, from, to, now };
        if let Some(part) = self.known.as_ref().and_then(|(known, batch)| part(known, batch, &span)) {
            return Ok(part);
        }
        let batch = self.read_anew(span).map_err(|e| refused(&self.path, e.to_string()))?;
        self.known = Some((span, batch.clone()));
        Ok(batch)
    }

    /// A packed file is read from its beginning, a plain one is searched.
    fn read_anew(&self, span: Span) -> Result<Batch, csv::Error> {
        let file = File::open(&self.path)?;
        let is_packed = self.path.extension().is_some_and(|e| e == "gz");
        if is_packed { span.scan(MultiGzDecoder::new(file)) } else { span.find(file) }
    }
}

/// What a faultless batch of one span holds of another span that lies within it.
fn part(known: &Span, batch: &Batch, wanted: &Span) -> Option<Batch> {
    let is_within = known.from <= wanted.from && wanted.to <= known.to && known.now == wanted.now;
    (is_within && batch.bad == 0 && batch.ended_early == 0).then(|| {
        let inside = |candle: &&Candle| (wanted.from..=wanted.to).contains(&candle.open_time());
        let candles: Vec<_> = batch.candles.iter().filter(inside).copied().collect();
        Batch { gaps: gaps(wanted.timeframe, &candles), candles, ..Batch::default() }
    })
}

/// `2024-01-01_2024-06-25`.
fn days(text: &str) -> Option<(UtcMillis, UtcMillis)> {
    let (first, last) = text.split_once('_')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Two files on one series: where both hold a candle, the one that tells more of it wins.
fn joined(timeframe: Timeframe, a: Batch, b: Batch) -> Batch {
    let mut candles = [a.candles, b.candles].concat();
    candles.sort_by_key(|c| (c.open_time(), c.extras().is_none()));
    candles.dedup_by_key(|c| c.open_time());
    let gaps = gaps(timeframe, &candles);
    let bad_rows = a.bad_rows.into_iter().chain(b.bad_rows).take(Batch::NAMED).collect();
    Batch { candles, gaps, bad: a.bad + b.bad, bad_rows, ended_early: a.ended_early + b.ended_early }
}

fn gaps(timeframe: Timeframe, candles: &[Candle]) -> Vec<Stretch> {
    candles.windows(2).filter_map(|w| Stretch::between(w[0].open_time(), w[1].open_time(), timeframe)).collect()
}

fn exchange_info(path: &Path) -> Result<Option<ExchangeInfo>, Fault> {
    match std::fs::read(path) {
        // Nobody else will mend this file: it is told as one, not as an answer of the exchange.
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| refused(path, plain(&e.to_string()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(refused(path, e.to_string())),
    }
}

fn refused(path: &Path, text: String) -> Fault {
    Fault::File { path: path.display().to_string(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Pages;
    use crate::market::Extras;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000); // 2024-03-13
    const EXTRAS: Extras = Extras { quote_volume: 1.0, trades: 1, taker_buy_base: 1.0 };

    fn day(text: &str) -> UtcMillis {
        text.parse().unwrap()
    }

    #[test]
    fn a_files_name_tells_its_series_and_its_days() {
        let whole = Some((day("2024-01-01"), day("2024-06-25")));
        for (name, told) in [
            ("BTCUSDT-1h-2024-01-01_2024-06-25.csv.gz", Some(("BTCUSDT", Timeframe::H1, whole))),
            ("folder/POLUSDT-1m-2024-01-01_2024-06-25.csv", Some(("POLUSDT", Timeframe::M1, whole))),
            ("BTCUSDT-1d-2024-01.csv", Some(("BTCUSDT", Timeframe::D1, None))),
            ("BTCUSDT-1d-2024-01-01_soon.csv", Some(("BTCUSDT", Timeframe::D1, None))),
            ("BTCUSDT-1d.csv", Some(("BTCUSDT", Timeframe::D1, None))),
            ("BTCUSDT-2h-2024-01.csv", None),
            ("BTCUSDT-1h-2024-01.zip", None),
            ("BTCUSDT.csv", None),
            ("exchangeInfo.json", None),
        ] {
            let file = Recorded::from_path(name.into());
            let found = file.as_ref().map(|f| (f.exchange_name.as_str(), f.timeframe, f.days));
            assert_eq!(found, told, "{name}");
        }
    }

    #[test]
    fn a_file_is_opened_only_for_its_days_both_included() {
        let file = |name: &str| Recorded::from_path(name.into()).unwrap();
        let (first, after) = (day("2024-03-13"), day("2024-03-15"));
        for (from, to, may) in [
            (START.plus_ms(-9), first.plus_ms(-1), false),
            (START.plus_ms(-9), first, true),
            (after.plus_ms(-1), after, true),
            (after, after.plus_ms(9), false),
        ] {
            assert_eq!(file("BTCUSDT-1m-2024-03-13_2024-03-14.csv").may_hold(from, to), may, "{from} to {to}");
            assert!(file("BTCUSDT-1m.csv").may_hold(from, to));
        }
    }

    #[test]
    fn of_two_files_the_candle_that_tells_more_counts() {
        let candle =
            |minute, extras| Candle::from_parts(Timeframe::M1.step(START, minute), [1.0; 4], 1.0, extras).unwrap();
        let (bare, full) = ([0, 1].map(|m| candle(m, None)), [1, 4].map(|m| candle(m, Some(EXTRAS))));
        let batch = |candles: [Candle; 2]| Batch { candles: candles.to_vec(), bad: 1, ..Batch::default() };
        for both in [joined(Timeframe::M1, batch(bare), batch(full)), joined(Timeframe::M1, batch(full), batch(bare))] {
            assert_eq!(both.candles, [bare[0], full[0], full[1]]);
            let (from, to) = (Timeframe::M1.step(START, 2), Timeframe::M1.step(START, 3));
            assert_eq!((both.gaps, both.bad), (vec![Stretch { from, to }], 2));
        }
    }

    /// A file of `count` candles from `START` on.
    fn record(folder: &Path, name: &str, count: i64, rest: &str) {
        let timeframe = Recorded::from_path(name.into()).unwrap().timeframe;
        let row = |i| format!("{},{rest}\n", timeframe.step(START, i).get());
        std::fs::write(folder.join(name), (0..count).map(row).collect::<String>()).unwrap();
    }

    #[test]
    fn a_longer_candle_is_built_from_the_longest_finer_ones_that_reach_its_end() {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), "BTCUSDT-1m.csv", 179, "50,52,49,51,1");
        record(folder.path(), "BTCUSDT-5m.csv", 12, "100,110,90,105,2");
        record(folder.path(), "BTCUSDT-1d-2024-03-13_2024-03-13.csv", 1, "7,7,7,7,7");
        let told = |symbol: &str, timeframe, hours| {
            let mut recording = Recording::open(folder.path(), Some(Timeframe::H1.step(START, hours))).unwrap();
            let (key, now) = (SeriesKey { symbol: symbol.parse().unwrap(), timeframe }, recording.now());
            let answer = {
                let wanted = Wanted { key, from: Some(START), to: None, pages: Pages::All };
                recording.candles(&[wanted], now).remove(0)
            };
            match answer.fault {
                None => Ok(answer.batch.candles.iter().map(|c| (c.close(), c.volume())).collect::<Vec<_>>()),
                Some(fault) => Err(fault.code()),
            }
        };
        assert_eq!(told("BTC/USDT", Timeframe::H1, 1), Ok(vec![(105.0, 24.0)]), "5m");
        assert_eq!(told("BTC/USDT", Timeframe::H1, 2), Ok(vec![(51.0, 60.0), (51.0, 60.0)]), "5m ends too early: 1m");
        assert_eq!(told("BTC/USDT", Timeframe::H1, 3), Err("absent"), "a minute is missing");
        assert_eq!(told("BTC/USDT", Timeframe::M1, 3).map(|c| c.len()), Ok(179), "its own file");
        assert_eq!(told("BTC/USDT", Timeframe::D1, 24), Ok(vec![(7.0, 7.0)]), "its own file");
        assert_eq!(told("ETH/USDT", Timeframe::H1, 1), Err("absent"));
    }

    #[test]
    fn what_lies_before_the_newest_candles_may_begin_late_or_have_holes() {
        let folder = tempfile::tempdir().unwrap();
        let minute = |m: i64| format!("{},1,2,1,2,1\n", Timeframe::M1.step(START, m).get());
        let minutes = (0..600).filter(|m| *m != 299).map(minute).collect::<String>();
        std::fs::write(folder.path().join("BTCUSDT-1m.csv"), minutes).unwrap();
        record(folder.path(), "BTCUSDT-4h-2024-03-13_2024-03-13.csv", 2, "1,2,1,2,1");
        let hour = |hours| Timeframe::H1.step(START, hours);
        let mut recording = Recording::open(folder.path(), Some(hour(10))).unwrap();
        let mut told = |symbol: &str, timeframe, from, to| {
            let key = SeriesKey { symbol: symbol.parse().unwrap(), timeframe };
            let wanted = Wanted { key, from: Some(hour(from)), to: Some(hour(to)), pages: Pages::One };
            let answer = recording.candles(&[wanted], hour(10)).remove(0);
            answer.fault.map_or(Ok(answer.batch.candles.len()), |fault| Err(fault.code()))
        };
        assert_eq!(told("BTC/USDT", Timeframe::H1, -900, -1), Ok(0), "built: before its beginning");
        assert_eq!(told("BTC/USDT", Timeframe::H1, -900, 3), Ok(4), "built: what there is");
        assert_eq!(told("BTC/USDT", Timeframe::H1, -900, 4), Ok(4), "built: and a hole at the end costs only itself");
        assert_eq!(told("BTC/USDT", Timeframe::H1, 0, 9), Ok(9), "built: the newest ones");
        assert_eq!(told("BTC/USDT", Timeframe::H4, -900, -100), Ok(0), "its own file, which begins later");
        assert_eq!(told("ETH/USDT", Timeframe::H1, -900, 4), Ok(0), "told with the newest ones");
        assert_eq!(told("ETH/USDT", Timeframe::H1, 5, 9), Err("absent"));
    }

    #[test]
    fn what_is_asked_together_is_answered_as_if_asked_alone() {
        let folder = tempfile::tempdir().unwrap();
        let minute = |m, rest| format!("{},{rest}\n", Timeframe::M1.step(START, m).get());
        let minutes = |range: std::ops::Range<i64>, rest| range.map(|m| minute(m, rest)).collect::<String>();
        let good = [minutes(0..100, "1,2,1,2,1"), minutes(103..240, "3,4,3,4,1")].concat();
        let bad =
            [minutes(0..100, "1,2,1,2,1"), minutes(100..103, "0,0,0,0,0"), minutes(103..240, "3,4,3,4,1")].concat();
        for (name, text) in [("BTCUSDT-1m.csv", good), ("ETHUSDT-1m.csv", bad)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let open = || Recording::open(folder.path(), Some(Timeframe::H1.step(START, 4))).unwrap();
        let wanted = |symbol: &str, timeframe, from| {
            let key = SeriesKey { symbol: symbol.parse().unwrap(), timeframe };
            Wanted { key, from: Some(Timeframe::M1.step(START, from)), to: None, pages: Pages::All }
        };
        let questions: Vec<_> = ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
            .into_iter()
            .flat_map(|s| {
                [(Timeframe::M1, 95), (Timeframe::M5, 60), (Timeframe::H1, 0), (Timeframe::M1, 101)]
                    .map(|(t, f)| wanted(s, t, f))
            })
            .collect();
        let told = |answer: Answer| (answer.batch, answer.next, answer.fault);
        let together = open().candles(&questions, open().now());
        for (question, answer) in questions.iter().zip(together) {
            let alone = open().candles(std::slice::from_ref(question), open().now()).remove(0);
            assert_eq!(told(answer), told(alone), "{question:?}");
        }
    }
}
